"""Checks of what sets the pace: dropout and penalties, and the learning rate."""

import math
from dataclasses import replace

from nnfs_cli.doctor.baselines import advantage
from nnfs_cli.doctor.finding import Outcome, check
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.doctor.training_checks import SURE, not_told
from nnfs_cli.doctor.trial import Learned, learn

SLOW, GOOD, MUCH_FASTER = 0.1, 0.5, 0.25
"""Parts of the way from the best constant prediction to perfection on the training rows."""
HELD_BACK = 0.15
"""The part of what there is to learn that brakes may cost in a short training."""
LOWER, HIGHER = (0.1, 0.01, 1e-3, 1e-4), (10.0, 100.0, 1000.0)
"""Factors of the learning rate to try."""


@check("held-back")
def held_back(subject: Subject) -> Outcome:
    """Dropout and penalties leave it room to learn."""
    if not subject.is_held_back:
        return Outcome("pass", "no dropout, noise or penalty")
    if subject.held_out is None or subject.real.diverged or subject.free.diverged:
        return not_told(subject)
    ours, free = subject.held_out_losses(subject.real), subject.held_out_losses(subject.free)
    mean, sure = advantage(free, ours)
    measured = f"held-out loss {ours.mean():.3g}; without them {free.mean():.3g}"
    constant, floor = subject.ends_of_held_out
    if sure < SURE or mean < HELD_BACK * (constant - floor):
        return Outcome("pass", measured)
    return Outcome(
        "warn",
        measured,
        "without dropout, noise and penalties it learns far more in the same steps, also for new rows",
        "reduce dropout, noise, the regularizer or the optimizer's weight_decay",
    )


@check("learning-rate")
def learning_rate(subject: Subject) -> Outcome:
    """The learning rate lets the loss fall, and no other does so much faster."""
    own = subject.config.optimizer.learning_rate
    progress = _progress(subject, subject.real)
    measured = f"{own:g}: {max(progress, 0):.0%} of the way in {len(subject.real.losses)} steps"
    if progress >= GOOD:
        return Outcome("pass", measured)
    for factor in (*LOWER, *(HIGHER if progress < SLOW else ())):
        other = own * factor
        optimizer = replace(subject.config.optimizer, learning_rate=other)
        reached = _progress(subject, learn(subject.trial(subject.train, optimizer=optimizer), subject.steps))
        if reached >= max(GOOD, progress + MUCH_FASTER):
            return Outcome(
                "FAIL" if progress < SLOW else "warn",
                f"{measured}; {other:g}: {reached:.0%}",
                f"the learning rate is too {'high' if factor < 1 else 'low'}: on the same rows "
                f"{other:g} learns much more",
                f"set optimizer.learning_rate near {other:g}; `nnfs lr-find` shows the range",
            )
    if subject.real.diverged:
        return Outcome(
            "FAIL",
            measured,
            "training diverges, and does not learn at smaller rates",
            "see the other findings",
        )
    return Outcome("pass", f"{measured}; no other rate does much better")


def _progress(subject: Subject, learned: Learned) -> float:
    """How far training came on its own rows, from the best constant prediction (0) to perfection (1)."""
    if learned.diverged:
        return -math.inf
    constant, floor = subject.ends_of_train
    return (constant - learned.end) / max(constant - floor, 1e-12)
