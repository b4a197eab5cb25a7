"""`nnfs predict RUN INPUT...`."""

from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Run, RunsFolder


def predict(
    run: Run,
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="A table (.csv, .csv.gz, .parquet), an array (.npy, .npz), an IDX file, pictures, or "
            "folders of pictures; `-` reads CSV from standard input.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to this file; by default to standard output."
        ),
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add each class's probability.")] = False,
    columns: Annotated[
        str,
        typer.Option(
            metavar="ID,LABEL",
            help="Names of the output columns: an id, then the prediction. The id is the input's column "
            "of that name, or else the row's number.",
        ),
    ] = "",
    batch_size: Annotated[
        int, typer.Option(min=1, help="Rows that go through the network together, at most 256.")
    ] = 256,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="C", help="The character between a CSV's values; by default as in training."),
    ] = None,
    array: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The array of an .npz file; by default the run's own x_test, or x."
        ),
    ] = "",
    invert: Annotated[
        bool,
        typer.Option(
            help="Invert pictures whose background is light, if that of the training images is dark."
        ),
    ] = True,
    runs: RunsFolder = RUNS,
) -> None:
    """Write RUN's prediction for each row of INPUT, as CSV."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.output import csv_output
    from nnfs_cli.core.errors import NnfsError
    from nnfs_cli.jobs.load import load_model
    from nnfs_cli.jobs.predict import Predictions
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.sources.inputs import read_rows
    from nnfs_cli.sources.lines import Dialect

    directory = RunDirectory.find(runs, run)
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    predictions = Predictions(load_model(directory), names, proba)
    dataset = directory.config().dataset.options()
    if delimiter is not None and len(delimiter) != 1:
        raise NnfsError(f"--delimiter: must be a single character, found {delimiter!r}")
    dialect = Dialect(delimiter or dataset.get("delimiter", ","), dataset.get("encoding", "utf-8"))
    if array and not all(path.endswith(".npz") for path in inputs):
        raise NnfsError(f"--array: is for .npz files, found {' and '.join(inputs)}")
    own = [dataset.get(option) for option in ("x_test", "x")]
    arrays = (array,) if array else (*(str(name) for name in own if name), "X", "x")
    done = 0
    with csv_output(output) as writer:
        found = read_rows(
            inputs,
            predictions.model.preparation,
            dialect,
            predictions.id_column,
            arrays=arrays,
            invert=invert,
        )
        for rows in found:
            for note in rows.notes:
                console.note_on_stderr(note)
            if not done:
                writer.writerow(predictions.header(rows))
            writer.writerows(predictions.lines(rows, done + 1, batch_size))
            done += len(rows.x)
    if output is not None:
        console.note(f"{done:,} rows written to {output}")
