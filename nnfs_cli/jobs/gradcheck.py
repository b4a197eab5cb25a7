"""Gradients checked: those of components, or of a config's network with all its parts."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Shape
from nnfs_cli.core.component import is_plugin
from nnfs_cli.core.html import table_html
from nnfs_cli.gradcheck.compare import RULE, TOLERANCE
from nnfs_cli.gradcheck.components import component_reports, guarded
from nnfs_cli.gradcheck.layer_trials import layer_checks, try_layer
from nnfs_cli.gradcheck.networks import experiment_subjects, part_subjects, plugin_layers
from nnfs_cli.gradcheck.report import Check, Report
from nnfs_cli.gradcheck.select import choose, in_words
from nnfs_cli.gradcheck.subject import Settings, Subject
from nnfs_cli.gradcheck.subjects import component_subjects
from nnfs_cli.gradcheck.trials import loss_checks, regularizer_checks
from nnfs_cli.layers.base import Layer
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train
from nnfs_cli.training.reports import StepReport

See = Callable[[Subject], None]
"""Is shown what is checked, as the picture needs it."""


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found. True if all of it passed.

    reports: one for each component or network.   notes: what was not checked.
    """

    reports: tuple[Report, ...]
    notes: tuple[str, ...]
    seed: int
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether every report passed."""
        return all(report.passed for report in self.reports)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every single check, with its `verdict` and, for a wrong one, the `diagnosis`."""
        return tuple(check for report in self.reports for check in report.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        largest = max((report.error or 0.0 for report in self.reports), default=0.0)
        lines = [
            f"  {check.verdict}: {report.kind} {report.name}: {sentence}"
            for report in self.reports
            for check in report.findings
            for sentence in report.sentences(check)
        ]
        wrong = f"{len(self.failures)} of {len(self.checks)} checks did not pass"
        first = f"all {len(self.checks)} checks pass" if self.passed else wrong
        return "\n".join([f"<GradientCheck: {first}; largest relative error {largest:.1e}>", *lines])

    def _repr_html_(self) -> str:
        """IPython asks for this method."""
        rows = []
        for report in self.reports:
            error = f"{worst.max_relative:.0e} in {worst.tensor}" if (worst := report.worst) else ""
            rows.append((f"{report.kind} {report.name}", report.verdict, error))
        first, *findings = repr(self).split("\n")
        lines = "".join(f"<p>{escape(line.strip())}</p>" for line in findings)
        return table_html(first.strip("<>"), ("component", "verdict", "largest relative error"), rows) + lines

    def record(self) -> dict[str, Any]:
        """As a JSON mapping, with every single check."""
        return {
            "rule": RULE,
            "seed": self.seed,
            "tolerance": self.tolerance,
            "passed": self.passed,
            "components": [report.record() for report in self.reports],
            "notes": list(self.notes),
            "checks": [check.record() for check in self.checks],
        }


def check_components(
    file: Path | None = None,
    only: Sequence[str] = (),
    *,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    see: See | None = None,
) -> GradientCheck:
    """Check every registered layer, loss and regularizer, or those of a user's file, or of these names."""
    names, others = choose(file, only)
    with _quiet():
        reports = tuple(component_reports(names, Settings(seed, tolerance)))
        if see is not None:
            whole = {(r.kind, r.name) for r in reports if r.error is not None and not r.notes}
            for subject in component_subjects(whole, seed):
                see(subject)
    notes = (f"not checked, since they have no gradient: {in_words(others)}",) if others else ()
    return GradientCheck(reports, notes, seed, tolerance)


def check_network(
    config: ExperimentConfig,
    *,
    seed: int = 0,
    burn_in: int = 20,
    tolerance: float = TOLERANCE,
    see: See | None = None,
) -> GradientCheck:
    """Check a config: its plugins, each layer alone, and its network before and after `burn_in` steps.

    What follows a stage that finds a mistake is not checked: it would find the consequences.
    """
    log_each = replace(config.training, log_every=1)
    experiment = Experiment(replace(config, dtype="float64", training=log_each))
    settings = Settings(seed, tolerance, (config.optimizer.learning_rate,))
    stages = (_plugin_reports, _part_reports, partial(_network_reports, burn_in=burn_in, see=see))
    reports: list[Report] = []
    notes = _unchecked(experiment)
    with _quiet():
        for stage in stages:
            if not all(report.passed for report in reports):
                notes = ("the rest of the network was not checked, since a part of it is wrong", *notes)
                break
            reports.extend(stage(experiment, settings))
    return GradientCheck(tuple(reports), notes, seed, tolerance)


def _plugin_reports(experiment: Experiment, settings: Settings) -> Iterator[Report]:
    """All that is known of plugins, with the options and shapes that they have in this config."""
    config = experiment.config
    for layer, shape in plugin_layers(config.layers, experiment.network.shapes[0]):

        def checks(layer: Layer = layer, shape: Shape = shape) -> tuple[Check, ...]:
            return layer_checks([try_layer(layer, shape, settings.seed)], settings)

        yield guarded("layer", layer, checks)
    if is_plugin(type(config.loss)):
        yield guarded("loss", config.loss, partial(loss_checks, [config.loss], settings))
    penalty = config.regularizer
    if penalty is not None and is_plugin(type(penalty)):
        yield guarded("regularizer", penalty, partial(regularizer_checks, [penalty], settings))


def _part_reports(experiment: Experiment, settings: Settings) -> Iterator[Report]:
    """Each layer of nnfs alone, on what it gets in the network."""
    for name, layer, subject in part_subjects(experiment, settings.seed):
        if not is_plugin(type(layer)):

            def checks(make: Callable[[], Subject] = subject) -> tuple[Check, ...]:
                return tuple(settings.check_in_short(make()))

            report = guarded("layer", layer, checks, name=name)
            if report.checks:  # else only the whole network can tell
                yield report


def _network_reports(
    experiment: Experiment, settings: Settings, burn_in: int, see: See | None
) -> Iterator[Report]:
    """The whole network, at the start and again after `burn_in` steps of training."""
    yield _network_report(experiment, settings, "at the start", see)
    steps = (report for report in train(experiment) if isinstance(report, StepReport))
    if burn_in and any(report.step == burn_in for report in steps):
        yield _network_report(experiment, settings, f"after {burn_in} steps", see)


def _network_report(experiment: Experiment, settings: Settings, when: str, see: See | None) -> Report:
    checks = []
    for subject in experiment_subjects(experiment, settings.seed, when):
        checks += settings.check(subject)
        if see is not None:
            see(subject)
    return Report("network", f"{experiment.config.name} {when}", tuple(checks))


def _unchecked(experiment: Experiment) -> tuple[str, ...]:
    """A sentence on the config's plugins that have no gradient, if there are some."""
    config = experiment.config
    parts = [config.optimizer, config.schedule, config.dataset, *experiment.metrics.values()]
    names = {(part.registry.kind, part.type_name) for part in parts if is_plugin(type(part))}
    return (f"not checked, since they have no gradient: {in_words(names)}",) if names else ()


@contextmanager
def _quiet() -> Iterator[None]:
    """Overflow and Python's warnings are expected at large inputs: what is not finite is seen in results."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
