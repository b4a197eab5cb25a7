"""The gradient check: every analytic gradient against numeric derivatives of the loss, in float64.

differences: numeric derivatives, and where they do not exist (kinks).
compare, diagnose: the verdict on one tensor's gradient, and the likely mistake in a wrong one.
subject, subjects, select: something with gradients to check; all of them; a choice of them.
harness: what makes passes repeatable and forgotten gradients visible.
step_sizes: the error for each step size, for the picture.
"""
