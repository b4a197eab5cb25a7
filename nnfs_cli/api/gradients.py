"""The gradient check of a network from Python."""

from dataclasses import dataclass

from nnfs_cli.api.experiment import Config, Experiment
from nnfs_cli.gradcheck.compare import TOLERANCE, TensorCheck
from nnfs_cli.gradcheck.subject import check
from nnfs_cli.jobs.gradcheck import network_subjects


@dataclass(frozen=True)
class GradientCheck:
    """The verdicts on a network's gradients. True if all of them pass.

    checks: one for each tensor, with `passed`, `verdict`, errors and, for a wrong one, the `diagnosis`.
    """

    checks: tuple[TensorCheck, ...]

    @property
    def passed(self) -> bool:
        return all(each.passed for each in self.checks)

    @property
    def failures(self) -> tuple[TensorCheck, ...]:
        """The checks that did not pass."""
        return tuple(each for each in self.checks if not each.passed)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        largest = max((each.max_relative for each in self.checks), default=0.0)
        verdict = f"{len(self.failures)} of {len(self.checks)} checks did not pass"
        lines = [
            f"  {each.verdict}: {each.subject}, {each.tensor}{each.diagnosis and f': {each.diagnosis}'}"
            for each in self.failures
        ]
        first = verdict if lines else f"all {len(self.checks)} checks pass"
        return "\n".join([f"<GradientCheck: {first}; largest relative error {largest:.1e}>", *lines])


def gradcheck(
    experiment: Experiment | Config, *, seed: int = 0, tolerance: float = TOLERANCE, burn_in: int = 20
) -> GradientCheck:
    """Compare every gradient of a network with numeric slopes of its loss, as `nnfs gradcheck CONFIG` does.

    experiment: an Experiment, or a config that describes one. It is built anew in float64 and stays as it is.
    seed: of random inputs, entries and directions.   tolerance: the largest relative error that passes.
    burn_in: steps of training after which the network is checked again.
    """
    config = (experiment if isinstance(experiment, Experiment) else Experiment(experiment)).config
    subjects = network_subjects(config, seed, burn_in)
    return GradientCheck(tuple(each for subject in subjects for each in check(subject, seed, tolerance)))
