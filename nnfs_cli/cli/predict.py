"""`nnfs predict RUN INPUT...`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.options import RUNS, Run, RunsFolder, TrustPlugins


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
    trust_plugins: TrustPlugins = False,
) -> None:
    """Write RUN's prediction for each row of INPUT, as CSV.

    A table's row with an unknown category, a gap or an unusable number gets an
    empty answer; a note counts such rows and says what helps.
    The exit status is 0, or 2 if no row at all can be answered.
    """
    from nnfs_cli.cli import console
    from nnfs_cli.cli.output import csv_output
    from nnfs_cli.core.errors import NnfsError, counted
    from nnfs_cli.jobs.load import load_model
    from nnfs_cli.jobs.predict import Predictions
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.sources.dialect import dialect_of, is_delimiter
    from nnfs_cli.sources.inputs import read_rows

    directory = RunDirectory.find(runs, run, trust_plugins=trust_plugins)
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    predictions = Predictions(load_model(directory), names, proba)
    if delimiter is not None and not is_delimiter(delimiter):
        what = "no quote or line end" if len(delimiter) == 1 else "a single character"
        raise NnfsError(f"--delimiter: must be {what}, found {delimiter!r}")
    dataset = directory.config().dataset.options()
    dialect = dialect_of(dataset)
    if delimiter:
        dialect = replace(dialect, delimiter=delimiter)
    if array and not all(path.endswith(".npz") for path in inputs):
        raise NnfsError(f"--array: is for .npz files, found {' and '.join(inputs)}")
    if output is not None and output.resolve() in [Path(path).expanduser().resolve() for path in inputs]:
        raise NnfsError(f"--output: {output} is an input, and would be overwritten; name another file")
    own = [dataset.get(option) for option in ("x_test", "x")]
    arrays = (array,) if array else (*(str(name) for name in own if name), "X", "x")
    done = answered = 0
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
            done += len(rows)
            answered += len(rows.x)
        if not answered:
            raise NnfsError("no row has an answer")
    if output is not None:
        without = f", {done - answered:,} of them without an answer" if answered < done else ""
        console.note(f"{counted(done, 'row')} written to {output}{without}")
