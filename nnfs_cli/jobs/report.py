"""A run's report: its files gathered, and written as one HTML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import IGNORE_OVERFLOW, Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import named_by_user, replacing
from nnfs_cli.jobs.load import load_experiment, refuse_another_network
from nnfs_cli.jobs.plot_data import plot_data
from nnfs_cli.report.page import render
from nnfs_cli.report.record import Examples, RunRecord
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.fitting import fitting
from nnfs_cli.runs.listing import pictured_split
from nnfs_cli.runs.network import network_of
from nnfs_cli.training.evaluation import evaluate

NORMS = ("step", "trained", "gradient_norm", "update_norm", "weight_norm")
"""The diagnostics that the report draws."""

CURVE_POINTS = 4000
"""The most points of a curve. Of longer ones, evenly spaced rows are drawn."""


def write_report(run: RunDirectory, output: Path | None = None) -> tuple[Path, tuple[str, ...]]:
    """Write the run's report to `output`, by default to report.html in its folder.

    Returns the file, and sentences on what the report lacks. NnfsError if the file cannot be written, or if
    the run's files cannot be read.
    """
    file = report_file(run.path, output)
    with np.errstate(**IGNORE_OVERFLOW), fitting(run):
        record = gather(run)
        page = render(record)
    write_page(page, run.path, output)
    return file, record.missing


def report_file(folder: Path, output: Path | None) -> Path:
    """The file of a report: the one that the user named, or report.html. NnfsError if it is a folder."""
    file = folder / "report.html" if output is None else output
    if file.is_dir():
        raise NnfsError(f"--output: {file} is a folder, not a file")
    return file


def write_page(page: str, folder: Path, output: Path | None) -> None:
    """Write a report to the file that the user named, or into the folder of what it reports."""
    file = report_file(folder, output)
    with replacing(file, inside=folder) if output is None else named_by_user(file) as writer:
        # Names of files may hold what UTF-8 cannot spell.
        writer.write(page.encode("utf-8", "xmlcharrefreplace"))


def gather(run: RunDirectory) -> RunRecord:
    """All that the report shows. Only where the run keeps no rows to look at are its data loaded."""
    summary, config = run.summary(), run.config()
    refuse_another_network(run, config)
    preparation = run.preparation() if run.has("preparation.json") else None
    evaluation = f"evaluation-{pictured_split(summary)}.json"
    predictions = run.arrays("predictions.npz") if run.has("predictions.npz") else {}
    examples, missing = _examples(run, summary, predictions)
    epochs, _ = _curves(run, "epochs.csv")
    steps, recorded = _curves(run, "steps.csv")
    return RunRecord(
        id=run.id,
        place=str(run.path),
        yaml=(run.path / "config.yaml").read_text(encoding="utf-8"),
        config=config,
        summary=summary,
        network=network_of(run),
        preparation=preparation,
        has_weights=run.has("weights.npz"),
        epochs=epochs,
        steps=steps,
        recorded_steps=recorded,
        evaluation=run.json(evaluation) if run.has(evaluation) else {},
        predictions=predictions,
        diagnostics=run.arrays("diagnostics.npz", NORMS) if run.has("diagnostics.npz") else {},
        examples=examples,
        missing=missing,
    )


def _curves(run: RunDirectory, name: str) -> tuple[dict[str, Array], int]:
    """The columns of at most CURVE_POINTS rows, evenly spaced, and how many rows there are."""
    if not run.has(name):
        return {}, 0
    rows = run.rows(name)
    return rows.spread(CURVE_POINTS), rows.count


def _examples(
    run: RunDirectory, summary: Mapping[str, Any], predictions: Mapping[str, Array]
) -> tuple[Examples | None, tuple[str, ...]]:
    """Rows of the pictured split to look at, or why there are none."""
    if not predictions:
        return None, ()
    if "example_x" not in predictions:  # a run of an earlier version
        try:
            experiment = load_experiment(run)
        except NnfsError as error:
            return None, (f"no rows are shown, since the data cannot be loaded: {error}",)
        if experiment.data.fingerprint != summary.get("data_fingerprint"):
            return None, ("no rows are shown, since the data have changed since training",)
        predictions = plot_data(experiment, evaluate(experiment, pictured_split(summary)))
    if not len(predictions["example_x"]):
        return None, ("no rows are shown, since one alone is too large for the page",)
    x, rows, target, prediction = (
        predictions[f"example_{name}"] for name in ("x", "row", "target", "prediction")
    )
    return Examples(x, rows, target, prediction, predictions.get("example_telling")), ()
