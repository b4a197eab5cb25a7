"""Plots: pictures made from a run directory alone. Matplotlib lives here and nowhere else."""

from nnfs_cli.runs import RunDirectory


def draw_all(run: RunDirectory) -> list[str]:
    """Draw every picture that the run has numbers for into its plots folder; their file names."""
    from nnfs_cli.plots import confusion, loss, metrics, predictions

    (run.path / "plots").mkdir(exist_ok=True)
    return [name for module in (loss, metrics, predictions, confusion) for name in module.draw(run)]
