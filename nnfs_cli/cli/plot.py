"""`nnfs plot RUN`."""

from nnfs_cli.cli.options import RUNS, Run, RunsFolder


def plot(run: Run, runs: RunsFolder = RUNS) -> None:
    """Draw RUN's plots again, from the run directory alone."""
    from nnfs_cli import plots
    from nnfs_cli.cli import console
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.runs.directory import RunDirectory

    directory = RunDirectory.find(runs, run)
    files = plots.draw_all(directory)
    if not files:
        raise NnfsError(f"{directory.path}: nothing to draw yet; the run has recorded no step and no epoch")
    console.show_paths(files)
