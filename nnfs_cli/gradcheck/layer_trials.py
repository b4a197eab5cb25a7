"""Layers tried: in stages, from the plainest mistakes to what they promise."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from nnfs_cli.config.plugins import PluginError
from nnfs_cli.core.arrays import Shape
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.gradcheck.calls import wrong_calls
from nnfs_cli.gradcheck.faults import blamed
from nnfs_cli.gradcheck.formula_laws import formulas_hold
from nnfs_cli.gradcheck.harness import fractions, larger
from nnfs_cli.gradcheck.layer_laws import (
    Trial,
    evaluation_is_training,
    gradients_are_linear,
    memory_order_does_not_matter,
    outputs_are_in_their_range,
    probabilities_are_probabilities,
    remembers_nothing,
    rows_are_apart,
    single_precision_is_enough,
)
from nnfs_cli.gradcheck.report import Check
from nnfs_cli.gradcheck.subject import Settings, Subject
from nnfs_cli.gradcheck.subjects import batch_sizes, component_text, layer_subject, stack_subject
from nnfs_cli.gradcheck.trials import MANY_ROWS, in_short, in_stages, law_checks
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.layout import NARROW
from nnfs_cli.layers.residual import Residual

LARGER = ", inputs up to ten times larger"

LAWS = (
    rows_are_apart,
    gradients_are_linear,
    single_precision_is_enough,
    evaluation_is_training,
    probabilities_are_probabilities,
    outputs_are_in_their_range,
    formulas_hold,
)


def layer_checks(trials: Sequence[Trial], settings: Settings) -> tuple[Check, ...]:
    """All checks of one layer with several options or shapes, up to the stage that finds a mistake."""
    stages: list[Callable[[Trial], Iterator[Check]]] = [
        _layer_calls,
        partial(_law, remembers_nothing),
        partial(_layer_gradients, settings=settings),
        partial(_more_rows, settings=settings),
        partial(_law, memory_order_does_not_matter),
        partial(_more_inputs, settings=settings),
        *(partial(_law, law) for law in LAWS),
    ]
    return in_stages(partial(_for_each, stage, trials) for stage in stages)


def _for_each(stage: Callable[[Trial], Iterator[Check]], trials: Sequence[Trial]) -> Iterator[Check]:
    for trial in trials:
        yield from stage(trial)


def _layer_calls(trial: Trial) -> Iterator[Check]:
    for n in reversed(batch_sizes(trial.layer)):
        name = f"{component_text(trial.layer)} on {(n, *trial.shape)}"
        yield from law_checks(name, "calls write their output alone", wrong_calls(trial.bench(), n))


def _layer_gradients(trial: Trial, settings: Settings) -> Iterator[Check]:
    for n in batch_sizes(trial.layer):
        subject = layer_subject(trial.layer, trial.shape, n, trial.seed, trial.inputs)
        yield from settings.check(subject)


def _law(law: Callable[[Trial], str], trial: Trial) -> Iterator[Check]:
    if trial.is_view:  # the network never calls its methods
        return
    text = law(trial)
    name = f"{component_text(trial.layer)} on {('N', *trial.shape)}".replace("'", "")
    yield from law_checks(name, law.__name__.replace("_", " "), [text] if text else [])


def _more_rows(trial: Trial, settings: Settings) -> Iterator[Check]:
    subject = layer_subject(trial.layer, trial.shape, MANY_ROWS, trial.seed, trial.inputs)
    yield from settings.check_in_short(subject)


def _more_inputs(trial: Trial, settings: Settings) -> Iterator[Check]:
    """At larger inputs; at rows of 32 numbers and more, which lie in C order; twice inside a residual."""
    yield from _larger_inputs(trial, settings)
    subjects = [
        layer_subject(trial.layer, wide.shape, MANY_ROWS, trial.seed, trial.inputs)
        for wide in also_on([wider(trial.shape)], trial)
        if wide.shape != trial.shape
    ]
    if trial.bench().params:
        subjects.append(_stack(trial, [trial.layer], ", parameters of both signs", flipped=True))
    if trial.bench().network.output_shape == trial.shape:
        twice = Residual((copy.deepcopy(trial.layer), copy.deepcopy(trial.layer)))
        subjects.append(_stack(trial, [twice], ", two in a residual"))
    yield from in_short(subjects, settings)


def _larger_inputs(trial: Trial, settings: Settings) -> list[Check]:
    """The checks at inputs up to ten times larger; none if the layer refuses them, as a table may."""
    try:
        with blamed(type(trial.layer)):
            subject = layer_subject(trial.layer, trial.shape, MANY_ROWS, trial.seed, larger, LARGER)
            return list(in_short([subject], settings))
    except PluginError:
        return []


def _stack(trial: Trial, layers: Sequence[Layer], what: str, *, flipped: bool = False) -> Subject:
    name = f"{component_text(trial.layer)} on {(MANY_ROWS, *trial.shape)}{what}"
    return stack_subject(name, layers, trial.shape, MANY_ROWS, trial.seed, trial.inputs, flipped=flipped)


def try_layer(layer: Layer, shape: Shape, seed: int) -> Trial:
    """A trial with inputs for which y is finite: normal ones, or else fractions of one.

    Raises NnfsError if the layer cannot take such rows.
    """
    trial = Trial(layer, shape, seed)
    with blamed(type(layer)):
        return trial if is_finite(trial) else Trial(layer, shape, seed, fractions)


def is_finite(trial: Trial) -> bool:
    """Whether y is."""
    bench = trial.bench()
    return bench.is_view or bool(np.isfinite(bench.run(*bench.point(4))["y"]).all())


def also_on(shapes: Sequence[Shape], trial: Trial) -> list[Trial]:
    """Trials of the same layer on rows of other shapes: those that it takes, and where y is finite."""
    trials = []
    for shape in shapes:
        other = Trial(trial.layer, shape, trial.seed, trial.inputs)
        try:
            with blamed(type(trial.layer)):
                if is_finite(other):
                    trials.append(other)
        except NnfsError:
            continue
    return trials


def wider(shape: Shape) -> Shape:
    """The shape with its last axis repeated until a row has NARROW numbers."""
    size = int(np.prod(shape))
    return (*shape[:-1], shape[-1] * -(-NARROW // size)) if 0 < size < NARROW else shape
