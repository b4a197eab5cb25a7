"""Checks by short trainings: what the network learns, and from what."""

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import counted
from nnfs_cli.doctor.baselines import LinearModel, advantage, row_losses
from nnfs_cli.doctor.finding import Outcome, check
from nnfs_cli.doctor.subject import BY_HEART, Subject
from nnfs_cli.metrics.base import likeliest

SURE = 3.0
"""Standard errors by which a difference counts: chance exceeds them once in 700 times."""
WORTH, CLEAR = 0.02, 0.1
"""Parts of what there is to learn, from the best constant prediction to perfection: next to nothing, and
enough to be believed without being sure."""
NEARLY_BY_HEART = 0.7
"""As BY_HEART: rough losses such as mae, or few units, may take long for the rest."""
MOST_COLUMNS = 2000
"""The linear model solves equations of this many unknowns at most."""


@check("one-batch")
def one_batch(subject: Subject) -> Outcome:
    """The network can learn a few rows by heart: it is large enough, and gradients arrive."""
    attempts = subject.by_heart
    best = max(attempts, key=subject.learned_by_heart)
    steps, low = len(best.losses), float(best.losses.min(initial=np.inf))
    reached = subject.learned_by_heart(best)
    measured = f"{counted(len(subject.few), 'row')}: loss {best.start:.3g} to {low:.3g} in {steps} steps"
    if reached >= BY_HEART:
        return Outcome("pass", measured)
    size = subject.experiment.network.params.value.size
    if reached >= NEARLY_BY_HEART:
        return Outcome("note", measured, f"it comes {reached:.0%} of the way to perfection: near enough")
    if not subject.has_hidden_layer:
        return Outcome(
            "note",
            measured,
            "without a hidden layer it cannot learn any rows by heart; it may still be what you want",
            "add a hidden layer, if the data are not linear",
        )
    return Outcome(
        "warn" if size < 2 * len(subject.few) else "FAIL",
        measured,
        f"with Adam, without dropout and penalty, it comes only {max(reached, 0):.0%} of the way from a "
        f"constant prediction to perfection: its {size:,} parameters are too few, or gradients do not arrive",
        "run `nnfs gradcheck` on this config; add units; choose another `init`",
    )


@check("learning")
def learning(subject: Subject) -> Outcome:
    """On held-out rows the network beats the best constant prediction."""
    real, steps = subject.real, len(subject.real.losses)
    if real.diverged:
        return Outcome(
            "FAIL",
            f"the loss is not finite after {steps} steps",
            "training diverges",
            "try a smaller optimizer.learning_rate; `nnfs lr-find` suggests one",
        )
    if subject.held_out is None:
        return not_told(subject)
    ours = subject.held_out_losses(real)
    constant = row_losses(
        subject.experiment.loss,
        np.broadcast_to(subject.constant, (len(subject.t), len(subject.constant))),
        subject.t,
    )
    measured = f"held-out loss {ours.mean():.3g}; constant {constant.mean():.3g}; {steps} steps"
    return _compared(
        subject,
        ours,
        constant,
        measured,
        "what it learned helps on rows that it has not seen no more than ignoring them would",
        "see the other findings; if there is none, these inputs may tell nothing about the targets",
    )


@check("shuffled-labels")
def shuffled_labels(subject: Subject) -> Outcome:
    """With shuffled targets it learns worse, so what it learns is in the targets."""
    if subject.held_out is None or subject.real.diverged:
        return not_told(subject)
    ours, theirs = subject.held_out_losses(subject.real), subject.held_out_losses(subject.shuffled)
    measured = f"held-out loss {ours.mean():.3g}; shuffled {theirs.mean():.3g}"
    return _compared(
        subject,
        ours,
        theirs,
        measured,
        "real targets are learned no better than shuffled ones: they do not belong to these rows, or the "
        "network sees nothing of its inputs",
        "check that inputs and targets are in the same order",
    )


@check("zeroed-inputs")
def zeroed_inputs(subject: Subject) -> Outcome:
    """With all inputs zero it does worse, so the inputs carry information."""
    if subject.held_out is None and not subject.real.diverged:
        real, zeroed = subject.real.end, subject.zeroed.end
        measured = f"training loss {real:.3g}; zeroed {zeroed:.3g}; too few rows to hold some out"
        return Outcome("pass" if real < zeroed else "note", measured)
    if subject.held_out is None or subject.real.diverged:
        return not_told(subject)
    ours, theirs = subject.held_out_losses(subject.real), subject.held_out_losses(subject.zeroed)
    measured = f"held-out loss {ours.mean():.3g}; zeroed {theirs.mean():.3g}"
    return _compared(
        subject,
        ours,
        theirs,
        measured,
        "without its inputs the network does as well: they tell it nothing, or do not reach it",
        "look at the inputs by `nnfs data describe`; check layers that may ignore them",
    )


@check("linear-model")
def linear_model(subject: Subject) -> Outcome:
    """It does at least as well as a linear model."""
    if subject.held_out is None or subject.real.diverged:
        return not_told(subject)
    if np.prod(subject.data.input_shape) > MOST_COLUMNS:
        return Outcome("pass", f"not compared: more than {MOST_COLUMNS:,} inputs")
    data, train, held_out = subject.data, subject.train, subject.held_out
    classes = len(data.classes)
    linear = LinearModel(train.x, subject.as_learned(train.t), classes)(held_out.x)
    network = subject.experiment.loss.predict(subject.best_outputs(subject.real).astype(np.float64))
    t = subject.t
    if classes:
        wrong = [(likeliest(p) != t).astype(float) for p in (network, linear)]
        scores = [1.0 - float(each.mean()) for each in wrong]
        majority = float(np.bincount(t, minlength=classes).max() / len(t))
        measured = f"accuracy {scores[0]:.3f}; linear {scores[1]:.3f}; majority {majority:.3f}"
    else:
        wrong = [np.square(p - t).mean(axis=1) for p in (network, linear)]
        variance = float(t.var(axis=0).mean()) or 1.0
        scores = [1.0 - float(each.mean()) / variance for each in wrong]
        measured = f"R2 {scores[0]:.3f}; linear {scores[1]:.3f}"
    _, sure = advantage(wrong[1], wrong[0])
    if sure < SURE or scores[1] - scores[0] < WORTH:
        return Outcome("pass", measured)
    if _still_improves(subject):
        return Outcome(
            "note",
            measured,
            f"the linear model is better, but after {len(subject.real.losses)} steps the network improves",
            "compare again after the whole training",
        )
    return Outcome(
        "warn",
        measured,
        "a linear model does better: the network learns too slowly, or is held back",
        "see the other findings; try another learning rate, less dropout or a smaller penalty",
    )


def _still_improves(subject: Subject) -> bool:
    """Whether the last half of the steps brought a tenth or more of all that was gained."""
    losses = [
        subject.experiment.loss.value(z.astype(np.float64), subject.t) for z in subject.real.outputs.values()
    ]
    return len(losses) > 2 and losses[-2] - losses[-1] > 0.1 * (losses[0] - losses[-1])


def _compared(subject: Subject, better: Array, worse: Array, measured: str, why: str, advice: str) -> Outcome:
    """Whether one is better, by the difference of each row's losses (N,).

    Sure is what chance does once in 700 times. What is neither sure nor next to nothing is only noted: then
    there are too few rows to tell.
    """
    mean, sure = advantage(better, worse)
    constant, floor = subject.ends_of_held_out
    if sure >= SURE:
        return Outcome("pass", measured)
    gain = mean / max(constant - floor, 1e-12)
    if gain >= CLEAR:
        return Outcome("note", measured, f"it seems better, but {len(better)} rows are too few to be sure")
    if _still_improves(subject):
        return Outcome(
            "note",
            measured,
            "not told: on held-out rows it still improves",
            "look again after the whole training",
        )
    return Outcome("FAIL" if gain < WORTH else "warn", measured, why, advice)


def not_told(subject: Subject) -> Outcome:
    """What is said where training diverges, or where there are too few rows to compare on."""
    learned = subject.real
    if learned.diverged:
        return Outcome("note", "not told, since training diverges")
    measured = f"training loss {learned.start:.3g} to {learned.end:.3g} in {len(learned.losses)} steps"
    return Outcome("pass", f"{measured}; {len(subject.train)} rows are too few to hold some out")
