"""The gradient check: every analytic gradient against the loss itself, in float64.

`differences` takes numeric derivatives and knows kinks; `compare` judges a tensor, `diagnose` says what
a wrong one looks like; `subjects` are what is checked, `select` chooses them; `steps` is for the picture.
"""
