"""The gradient check: every analytic gradient against the loss itself, in float64.

`differences` takes numeric derivatives and knows kinks; `compare` judges a tensor, `diagnose` says what
a wrong one looks like; a `subject` is something with gradients, `subjects` are those that there are,
`select` chooses among them; `steps` is for the picture.
"""
