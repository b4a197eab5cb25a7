"""Plots: pictures made from a run directory alone. Matplotlib lives here and nowhere else."""

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory


def draw_all(run: RunDirectory) -> list[str]:
    """Draw every plot that the run has numbers for into its plots folder; return their file names."""
    from nnfs_cli.plots import confusion, loss, metrics, predictions, regions

    (run.path / "plots").mkdir(exist_ok=True)
    modules = (loss, metrics, predictions, confusion, regions)
    try:
        return [name for module in modules for name in module.draw(run)]
    except KeyError as error:
        raise NnfsError(
            f"{run.path}: {error} is missing from its summary.json, predictions.npz or a .csv file: damaged"
        ) from None
