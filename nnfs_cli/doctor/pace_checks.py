"""Checks of what sets the pace: dropout and penalties, and the learning rate."""

import math
from dataclasses import replace

from nnfs_cli.core.errors import counted
from nnfs_cli.doctor.baselines import advantage
from nnfs_cli.doctor.finding import Outcome, check
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.doctor.training_checks import SURE, not_told
from nnfs_cli.doctor.trial import Learned, learn

SLOW, GOOD, MUCH_FASTER = 0.1, 0.5, 0.25
FAST = 0.7
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


@check("epochs")
def epochs(subject: Subject) -> Outcome:
    """Training lasts long enough."""
    own, longer = subject.own_steps, subject.steps
    measured = counted(own, "step")
    if own >= longer or subject.real.diverged:
        return Outcome("pass", measured)
    reached, later = (max(_progress(subject, each), 0.0) for each in (subject.as_long, subject.real))
    measured += f": {reached:.0%} of the way; {longer:,} steps: {later:.0%}"
    if reached >= GOOD or later - reached < MUCH_FASTER:
        return Outcome("pass", measured)
    return Outcome(
        "warn",
        measured,
        "training ends before the network has learned what it can",
        "raise training.epochs, or see whether a larger learning rate or a smaller batch is faster",
    )


@check("learning-rate")
def learning_rate(subject: Subject) -> Outcome:
    """The learning rate lets the loss fall, and no other does so much faster."""
    own = subject.config.optimizer.learning_rate
    learned, steps = subject.as_long, min(subject.own_steps, subject.steps)
    progress = _progress(subject, learned)
    measured = f"{own:g}: {max(progress, 0):.0%} of the way in {counted(len(learned.losses), 'step')}"
    if progress >= FAST:
        return Outcome("pass", measured)
    # Slow is no fault where more steps follow.
    higher = HIGHER if progress < SLOW else HIGHER[:1] if subject.own_steps <= subject.steps else ()
    for factor in (*LOWER, *higher):
        other = own * factor
        optimizer = replace(subject.config.optimizer, learning_rate=other)
        reached = _progress(subject, learn(subject.trial(subject.train, optimizer=optimizer), steps))
        if reached >= max(GOOD, progress + MUCH_FASTER):
            return Outcome(
                "FAIL" if progress < SLOW else "warn",
                f"{measured}; {other:g}: {reached:.0%}",
                f"the learning rate is too {'high' if factor < 1 else 'low'}: on the same rows "
                f"{other:g} learns much more",
                f"set optimizer.learning_rate near {other:g}; `nnfs lr-find` shows the range",
            )
    if learned.diverged:
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
