"""Reports on registered components, each with the options and shapes that it lists as examples."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nnfs_cli.config.plugins import PluginError
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Shape
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.gradcheck.faults import blamed, place_of
from nnfs_cli.gradcheck.layer_laws import Trial
from nnfs_cli.gradcheck.layer_trials import also_on, layer_checks, try_layer
from nnfs_cli.gradcheck.report import Check, LawCheck, Report
from nnfs_cli.gradcheck.select import Names
from nnfs_cli.gradcheck.subject import Settings
from nnfs_cli.gradcheck.trials import loss_checks, regularizer_checks
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer

IMAGE: Shape = (2, 5, 6)
"""A row to try for layers that take no vectors and list no examples."""

MORE_SHAPES: tuple[Shape, ...] = ((1,), (2, 2, 3))
"""Rows to try for layers that list no examples, where they take them."""

NOTHING_TO_TRY = "has empty `examples`, so that nothing can be tried"


def component_reports(names: Names, settings: Settings) -> Iterator[Report]:
    """A report on each of these layers, losses and regularizers, (kind, name), in this order."""
    for kind, name in sorted(names, key=lambda each: (KINDS.index(each[0]), each[1])):
        registry, report = _REPORTS[kind]
        cls = registry.known()[name]  # complete or not
        try:
            with blamed(cls):
                made = report(name, settings)
        except NnfsError as error:
            made = _failed(kind, cls, "no errors", str(error))
        yield made


def _layer_report(name: str, settings: Settings) -> Report:
    cls = LAYERS[name]
    trials: list[Trial] = []
    refused: list[str] = []
    by_own_error = False
    own = cls.examples is not Layer.examples
    if not cls.examples:
        return _failed("layer", cls, "examples", NOTHING_TO_TRY)
    for options, shape in cls.examples if own else [*Layer.examples, ({}, IMAGE)]:
        if shape == IMAGE and trials and not own:
            continue
        try:
            trials.append(try_layer(create(Layer, name, options), shape, settings.seed))
        except NnfsError as error:
            refused.append(f"rows of shape {shape}: {error}")
            by_own_error = by_own_error or isinstance(error, PluginError)
    if refused and (own or not trials):
        hint = "" if own or by_own_error else "; list options and shapes of rows to try in `examples`"
        return _failed("layer", cls, "examples", refused[0] + hint)
    if not own:
        trials += also_on(MORE_SHAPES, trials[0])
    notes = [f"not tried on {text}" for text in refused]
    return guarded("layer", trials[0].layer, lambda: layer_checks(trials, settings), notes)


def _loss_report(name: str, settings: Settings) -> Report:
    made, problem = _examples(LOSSES[name], Loss)
    if problem:
        return _failed("loss", LOSSES[name], "examples", problem)
    return guarded("loss", made[0], lambda: loss_checks(made, settings))


def _regularizer_report(name: str, settings: Settings) -> Report:
    made, problem = _examples(REGULARIZERS[name], Regularizer)
    if problem:
        return _failed("regularizer", REGULARIZERS[name], "examples", problem)
    return guarded("regularizer", made[0], lambda: regularizer_checks(made, settings))


KINDS = ("layer", "loss", "regularizer")
_REPORTS: dict[str, tuple[Registry[Any], Callable[[str, Settings], Report]]] = {
    "layer": (LAYERS, _layer_report),
    "loss": (LOSSES, _loss_report),
    "regularizer": (REGULARIZERS, _regularizer_report),
}


def _examples(cls: Any, family: type[Component]) -> tuple[list[Any], str]:
    """A loss or regularizer with the options of each of its examples, and why they cannot be made, if so."""
    if not cls.examples:
        return [], NOTHING_TO_TRY
    try:
        return [create(family, cls.type_name, options) for options in cls.examples], ""
    except NnfsError as error:
        return [], f"list options to try in `examples`: {error}"


def guarded(
    kind: str,
    component: Component,
    checks: Callable[[], tuple[Check, ...]],
    notes: Sequence[str] = (),
    name: str = "",
) -> Report:
    """The report with these checks, or with the error that the component's own code raises in them.

    name: by default the component's type.
    """
    cls = type(component)
    try:
        with blamed(cls):
            return Report(kind, name or cls.type_name, checks(), tuple(notes), place_of(cls))
    except NnfsError as error:
        return _failed(kind, cls, "no errors", str(error))


def _failed(kind: str, cls: type[Component], law: str, text: str) -> Report:
    return Report(kind, cls.type_name, (LawCheck(cls.type_name, law, "FAIL", text),), (), place_of(cls))
