"""Plots: pictures made from a run directory alone. Matplotlib lives here and nowhere else."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory

if TYPE_CHECKING:
    from nnfs_cli.plots.library import Axes, Figure


def draw_all(run: RunDirectory) -> list[str]:
    """Draw every plot that the run has numbers for into its plots folder; return their file names."""
    from nnfs_cli.plots.style import save

    (run.path / "plots").mkdir(exist_ok=True)
    return [file for name, axes in _drawn(run) for file in save(axes, run.path / "plots", f"{name}.png")]


def figures(run: RunDirectory) -> "dict[str, Figure]":
    """The same plots as figures, by name, without files."""
    from nnfs_cli.plots.style import Pictures, figure_of

    return Pictures((name, figure_of(axes)) for name, axes in _drawn(run))


def _drawn(run: RunDirectory) -> "Iterator[tuple[str, Axes]]":
    """Every plot that the run has numbers for: its name, and a set of axes of its figure."""
    from nnfs_cli.plots import confusion, loss, metrics, predictions, regions

    try:
        for module in (loss, metrics, predictions, confusion, regions):
            yield from module.draw(run).items()
    except KeyError as error:
        raise NnfsError(
            f"{run.path}: {error} is missing from its summary.json, predictions.npz or a .csv file: damaged"
        ) from None
