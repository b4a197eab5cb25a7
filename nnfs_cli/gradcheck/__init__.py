"""The gradient check: analytic gradients against numeric slopes in float64, and what else must hold.

`nnfs_cli.gradcheck(experiment)` calls this package: it checks an experiment's network.

differences: numeric derivatives, and where they do not exist (kinks).
compare, diagnose: the verdict on one tensor's gradient, and the likely mistake in a wrong one.
subject, subjects, networks: something with gradients to check; those of components, and of a config.
harness, bench, calls: passes that repeat, a layer alone, and what its methods may change.
layer_laws, loss_laws, regularizer_laws: what must hold beside gradients.
layer_trials, trials, components, report: all of it in stages, for each component; what was found.
select, faults: a choice of components, and the errors of plugins.
step_sizes: the error for each step size, for the picture.
"""

from nnfs_cli.core.callables import make_callable

make_callable(__name__, "nnfs_cli.api.gradients")
