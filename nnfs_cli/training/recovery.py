"""After a divergence: find the step and the layer, say what would help, or go back and on."""

import math

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW
from nnfs_cli.core.errors import DivergenceError, counted
from nnfs_cli.training.blame import first_bad_in_step, first_bad_in_validation
from nnfs_cli.training.divergence import GROWTH, Diverged, check_arrays, check_loss
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.remedies import sizes, tried
from nnfs_cli.training.reports import Rollback
from nnfs_cli.training.retrace import first_bad_step, go_back, return_to, set_mark

MOST_ROLLBACKS = 5


def rolled_back_if_bad(experiment: Experiment, loss: float | None = None) -> Rollback | None:
    """None if the parameters are sound, and the loss of the step just taken; else what `recover` does."""
    try:
        if loss is None:
            check_arrays(experiment)
        else:
            check_loss(experiment, loss)
            check_arrays(experiment, loss)
    except Diverged as found:
        return recover(experiment, found)
    return None


@np.errstate(**IGNORE_OVERFLOW)
def recover(experiment: Experiment, found: Diverged) -> Rollback:
    """Go back to the last good epoch's end, or raise the DivergenceError that says what happened.

    Then the experiment has its last finite parameters, those before the step that went bad.
    """
    progress = experiment.progress
    bad = progress.step
    advice: list[str] = []
    goes_back = experiment.config.training.on_divergence == "rollback" and progress.rollbacks < MOST_ROLLBACKS
    if found.in_validation:
        where = f"in validation after epoch {progress.epoch + 1}"
        first, advice = first_bad_in_validation(experiment), sizes(experiment)
        advice.append(
            f"try a smaller optimizer.learning_rate (it is {experiment.config.optimizer.learning_rate:g})"
        )
    else:
        bad_step, batches = first_bad_step(experiment)
        found = bad_step or found
        bad, where = progress.step, f"at step {progress.step}, in epoch {progress.epoch + 1}"
        if not goes_back:
            return_to(experiment, bad - len(batches))
            advice = [*sizes(experiment), *(tried(experiment, batches) if batches else [])]
        return_to(experiment, bad - 1)
        first = first_bad_in_step(experiment) or "not found again"
    happened = f"{_loss(experiment, found.loss)} {where}; first went bad: {first}"
    if not goes_back:
        raise DivergenceError(
            "\n  ".join([f"training diverged: {happened}", *_gone_back(experiment), *advice])
        ) from None
    return _roll_back(experiment, happened, bad)


def _loss(experiment: Experiment, loss: float) -> str:
    """What happened, as the start of a sentence."""
    start = experiment.progress.start_loss
    if not math.isfinite(loss):
        return f"the loss was {loss}"
    if loss > GROWTH * start:
        return f"the loss was {loss:.3g}, more than {GROWTH:,.0f} times that at the start, {start:.3g},"
    return f"the loss was {loss:.3g}, but parameters were no finite numbers any more"


def _gone_back(experiment: Experiment) -> list[str]:
    rollbacks = experiment.progress.rollbacks
    went = f"it went back {counted(rollbacks, 'time')} and on at half the learning rate"
    return [f"{went}, the last time at {0.5**rollbacks:g} of it"] if rollbacks else []


def _roll_back(experiment: Experiment, happened: str, bad: int) -> Rollback:
    progress = experiment.progress
    go_back(experiment)
    progress.rollbacks += 1
    set_mark(experiment)
    back = f"epoch {progress.epoch + 1}" if progress.position == 0 else f"step {progress.step}"
    note = (
        f"diverged: {happened}; training begins {back} again at {0.5**progress.rollbacks:g} of the learning "
        f"rate ({progress.rollbacks} of at most {MOST_ROLLBACKS} times)"
    )
    return Rollback(progress.step, progress.epoch, bad, (note,))
