"""`nnfs compare A B [C...]`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nnfs_cli.cli.completion import complete_run_or_study, complete_split
from nnfs_cli.cli.options import RUNS, AsJson, RunsFolder, TrustPlugins

if TYPE_CHECKING:
    from nnfs_cli.jobs.compare import Comparison


def compare(
    contenders: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C...]",
            help="Runs or studies: paths, ids, or `latest`. Runs whose configs differ in seeds alone are "
            "one. Each is compared with the first.",
            autocompletion=complete_run_or_study,
        ),
    ],
    split: Annotated[
        str | None,
        typer.Option(
            metavar="SPLIT",
            help="train, validation or test; by default test if there is one; of folds validation.",
            autocompletion=complete_split,
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What to judge by: `loss` or a metric; by default what the first one monitors.",
        ),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line for each score.")] = False,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown.")] = False,
    pictures: Annotated[
        bool, typer.Option(help="Draw the curves and a forest plot into compared/ in the folder of the runs.")
    ] = True,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Say whether a config is better than another, or that nobody can tell.

    One run each is compared row by row, several by their seeds or folds, with an interval of the difference
    and a paired test.
    """
    from nnfs_cli.cli import comparison, console
    from nnfs_cli.cli.output import csv_output
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.jobs.compare import compare
    from nnfs_cli.jobs.contenders import find_contenders

    if as_csv + as_json + as_markdown > 1:
        raise NnfsError("--csv, --json, --markdown: give one of them")
    found = compare(find_contenders(runs, contenders, trust_plugins=trust_plugins), split, metric)
    files: list[Path] = []
    if pictures:
        try:
            files = _draw(found, runs)
        except (NnfsError, OSError) as error:
            console.warn(f"no pictures: {error}; `--no-pictures` draws none")
    if as_json:
        console.print_json({**found.to_json(), "pictures": [str(file) for file in files]})
    elif as_csv:
        with csv_output(None) as writer:
            writer.writerows(comparison.csv_rows(found))
    elif as_markdown:
        comparison.print_markdown(found)
    else:
        comparison.show(found, files)


def _draw(found: "Comparison", runs: Path) -> list[Path]:
    """Draw the curves of all runs over each other, and the forest plot."""
    from nnfs_cli import plots
    from nnfs_cli.cli import console
    from nnfs_cli.cli.compared import compared_folder
    from nnfs_cli.core.files import delete
    from nnfs_cli.plots.forest import Estimate

    homes = {each.home.resolve() for each in found.contenders}
    root = runs if len(homes) > 1 or runs.resolve() in homes else homes.pop()
    folder = compared_folder(root, [name for contender in found.contenders for name in contender.ids])
    named = [(each.name, [member.run for member in each.members]) for each in found.contenders]
    directories = [run for _, several in named for run in several]
    left_out, files = plots.without_epochs(directories), list[Path]()
    if len(left_out) < len(directories):
        files = plots.draw_comparison(directories, folder=folder, named=named)
    if left_out:
        console.warn(f"not in the curves, since no epoch is finished: {', '.join(left_out)}")
    scores, differences = ([Estimate(*each) for each in side] for side in found.estimates())
    if differences:
        files.append(plots.draw_forest(scores, differences, f"{found.split} {found.metric}", folder=folder))
    else:
        delete(folder / "forest.png", folder)  # that of another score
    return files
