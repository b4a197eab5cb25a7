"""`nnfs train CONFIG`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_run
from nnfs_cli.cli.options import RUNS, Config, Jobs, Overrides, RunsFolder, TrustPlugins


def train(
    config: Config,
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    runs: RunsFolder = RUNS,
    run_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="Name the run's folder; by default name and time."),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Short for warm_start: start from another run's weights, a run or a .npz file.",
            autocompletion=complete_run,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check and build everything, show it, but do not train or write."),
    ] = False,
    seeds: Annotated[
        int | None,
        typer.Option(
            "--seeds",
            metavar="N",
            min=1,
            help="Train with N seeds, from the config's on: `nnfs study` without anything varied.",
        ),
    ] = None,
    jobs: Jobs = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Train by the plain engine, which is easy to read, print and debug."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the run.")] = False,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Train the network that CONFIG describes; weights, numbers and plots go to runs/<id>/."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.progress import train_and_show
    from nnfs_cli.cli.streams import outlive_streams
    from nnfs_cli.cli.study_progress import conduct_and_show
    from nnfs_cli.config.find import find_config
    from nnfs_cli.config.load import load_config
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.core.spelling import typed
    from nnfs_cli.jobs.engine import choose_engine
    from nnfs_cli.jobs.study_start import begun, with_seeds
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.training.experiment import Experiment

    outlive_streams()
    file = find_config(config)
    if file != config and not quiet:
        console.note(f"config: {file}")
    more = ["training.engine=plain"] if plain else []
    if start_from is not None:
        more.append(f"warm_start={json.dumps(_weights_of(start_from, runs), ensure_ascii=False)}")
    loaded = load_config(
        file,
        [*overrides, *more],
        trust_plugins=trust_plugins or None,
        on_parent=lambda parent: None if quiet else console.note(f"extends: {parent}"),
    )
    if seeds is None and jobs is not None:
        raise NnfsError("--jobs: is for several runs at once; add --seeds N, or leave it out")
    if seeds is not None and not dry_run:
        if loaded.study is not None:
            console.note_on_stderr(f"--seeds repeats the one run; the section `study` of {file} is left out")
        conductor = begun(runs, with_seeds(loaded, seeds), str(file), run_id)
        conduct_and_show(conductor, jobs, None, quiet=quiet)
        return
    if loaded.study is not None:
        command = typed("study", config)
        console.note_on_stderr(f"this trains one run; `{command}` conducts the study that {file} describes")
    experiment = Experiment(loaded)
    choose_engine(experiment)
    if dry_run:
        console.show_network(experiment)
        console.show_config(experiment.config)
        return
    directory = RunDirectory.create(runs, experiment.config, run_id, folder=file.parent)
    train_and_show(experiment, directory, quiet=quiet)


def _weights_of(reference: str, runs: Path) -> str:
    """The absolute path of the weights that a run or a file holds: the config's folder may be another."""
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.runs.directory import RunDirectory

    path = Path(reference)
    if not path.is_file():
        run = RunDirectory.find(runs, reference)
        if not run.has("weights.npz"):
            raise NnfsError(f"--from: {run.path} has no weights.npz yet: its training saved no weights")
        path = run.path / "weights.npz"
    return str(path.resolve())
