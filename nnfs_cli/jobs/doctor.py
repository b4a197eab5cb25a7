"""A config examined: the checks that experienced people make before they trust a training."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.doctor.examine import choose, examine
from nnfs_cli.doctor.finding import Finding
from nnfs_cli.doctor.learning_rates import HIGH, LOW, RangeTest, range_test
from nnfs_cli.doctor.subject import Subject
from nnfs_cli.training.experiment import Experiment

See = Callable[[Finding], None]
"""Is shown each finding as soon as it is there."""


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found. True if no check failed.

    findings: one of each check.   notes: what the short trainings were made on.
    """

    name: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed; some may warn."""
        return not any(finding.verdict == "FAIL" for finding in self.findings)

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings that fail, and then those that warn."""
        return tuple(f for verdict in ("FAIL", "warn") for f in self.findings if f.verdict == verdict)

    @property
    def to_tell(self) -> tuple[Finding, ...]:
        """The alarms, and then the notes that say why."""
        notes = (f for f in self.findings if f.verdict == "note" and f.advice)
        return (*self.alarms, *notes)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        lines = [f"  {f.verdict}: {f.check}: {f.measured}; {f.why}" for f in self.alarms]
        return "\n".join([f"<Diagnosis of {self.name}: {self.summary}>", *lines])

    @property
    def summary(self) -> str:
        """`1 check fails, 2 warn, 19 pass`."""
        counts = {verdict: sum(f.verdict == verdict for f in self.findings) for verdict in ("FAIL", "warn")}
        if not any(counts.values()):
            return f"all {len(self.findings)} checks pass" if self.findings[1:] else "the check passes"
        fine = len(self.findings) - sum(counts.values())
        return f"{counts['FAIL']} of {len(self.findings)} checks fail, {counts['warn']} warn, {fine} pass"

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return {
            "name": self.name,
            "passed": self.passed,
            "findings": [finding.record() for finding in self.findings],
            "notes": list(self.notes),
        }


def examine_config(config: ExperimentConfig, only: Sequence[str] = (), see: See | None = None) -> Diagnosis:
    """Examine a config's data, network and training; by all checks, or by these."""
    names = choose(only)
    return examine_experiment(Experiment(config), names, see)


def examine_experiment(experiment: Experiment, only: Sequence[str] = (), see: See | None = None) -> Diagnosis:
    """Examine an experiment as it is before training. It stays as it is."""
    subject = Subject(experiment)
    findings = []
    for finding in examine(subject, choose(only)):
        findings.append(finding)
        if see is not None:
            see(finding)
    return Diagnosis(subject.config.name, tuple(findings), subject.notes())


def find_learning_rate(experiment: Experiment, low: float = LOW, high: float = HIGH) -> RangeTest:
    """Train a step at each of growing learning rates, from low to high, and suggest one.

    The experiment stays as it is. NnfsError unless 0 < low < high.
    """
    if not 0.0 < low < high < math.inf:
        raise NnfsError(f"low, high: must be numbers with 0 < low < high, found {low:g} and {high:g}")
    return range_test(Subject(experiment), low, high)
