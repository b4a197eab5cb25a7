"""The gradient check of a network from Python."""

from nnfs_cli.api.experiment import Config, Experiment
from nnfs_cli.gradcheck.compare import TOLERANCE
from nnfs_cli.jobs.gradcheck import GradientCheck as GradientCheck
from nnfs_cli.jobs.gradcheck import check_network


def gradcheck(
    experiment: Experiment | Config, *, seed: int = 0, tolerance: float = TOLERANCE, burn_in: int = 20
) -> GradientCheck:
    """Compare every gradient of a network with numeric slopes of its loss, as `nnfs gradcheck CONFIG` does.

    experiment: an Experiment, or a config that describes one. It is built anew in float64 and stays as it is.
    seed: of random inputs, entries and directions.   tolerance: the largest relative error that passes.
    burn_in: steps of training after which the network is checked again.
    """
    config = (experiment if isinstance(experiment, Experiment) else Experiment(experiment)).config
    return check_network(config, seed=seed, tolerance=tolerance, burn_in=burn_in)
