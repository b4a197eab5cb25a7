"""What watches a training from outside, records it in the run, and changes none of its numbers."""

from collections.abc import Mapping
from typing import Any, Protocol

from nnfs_cli.jobs import diagnostics, snapshots
from nnfs_cli.jobs.diagnostics import Diagnostics
from nnfs_cli.jobs.snapshots import Snapshots
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment

SERIES = (snapshots.FILE, diagnostics.FILE)
"""The files that observers write."""


class Observer(Protocol):
    """Watches a training.

    Which moments it records follows from the numbers of steps and epochs alone: not from the clock, and not
    from where a run was stopped, so that a resumed run records what an unbroken one does (see `Series`).
    """

    def see(self) -> None:
        """Look at the experiment. It is called before the first step, and between steps at each report."""

    def save(self) -> None:
        """Write what was seen to the run. A checkpoint follows."""

    @property
    def recorded(self) -> Mapping[str, int]:
        """How many rows were seen, by the file's name, for that checkpoint."""


class Observers:
    """All observers of a training that is about to begin or to resume.

    recorded: what they recorded until the experiment's present state, from its checkpoint.
    """

    def __init__(self, experiment: Experiment, run: RunDirectory, recorded: Mapping[str, Any]) -> None:
        self._all: list[Observer] = [Snapshots(experiment, run, recorded)]
        if experiment.config.training.diagnostics:
            self._all.append(Diagnostics(experiment, run, recorded))

    def see(self) -> None:
        """Let each look at the experiment."""
        for observer in self._all:
            observer.see()

    def save(self) -> None:
        """Let each write what it saw."""
        for observer in self._all:
            observer.save()

    @property
    def recorded(self) -> dict[str, int]:
        """How many rows each saw, by the files' names."""
        return {name: rows for observer in self._all for name, rows in observer.recorded.items()}
