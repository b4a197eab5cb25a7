"""A run's report: its files gathered, and written as one HTML file."""

import copy
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import replacing
from nnfs_cli.engine.network import Network
from nnfs_cli.report.page import render
from nnfs_cli.report.record import Examples, RunRecord
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment

WRONG_ROWS, RIGHT_ROWS, REGRESSION_ROWS = 5, 3, 24
"""The rows kept of a cell of the confusion matrix beside and on its diagonal, and of a regression."""

NORMS = ("step", "trained", "gradient_norm", "update_norm", "weight_norm")
"""The diagnostics that the report draws."""

EXAMPLE_BYTES = 1_000_000
"""The most that all these rows may take."""


def write_report(run: RunDirectory, output: Path | None = None) -> tuple[Path, tuple[str, ...]]:
    """Write the run's report to `output`, by default to report.html in its folder.

    Returns the file, and sentences on what the report lacks. NnfsError if the file cannot be written, or if
    the run's files cannot be read.
    """
    file = run.path / "report.html" if output is None else output
    if file.is_dir():
        raise NnfsError(f"--output: {file} is a folder, not a file")
    record = gather(run)
    # Names of files may hold what UTF-8 cannot spell.
    page = render(record).encode("utf-8", "xmlcharrefreplace")
    with replacing(file) as writer:
        writer.write(page)
    return file, record.missing


def gather(run: RunDirectory) -> RunRecord:
    """All that the report shows. Only where the run keeps no rows to look at are its data loaded."""
    summary, config = run.summary(), run.config()
    preparation = run.preparation() if run.has("preparation.json") else None
    network, has_weights = None, preparation is not None and run.has("weights.npz")
    if preparation is not None:
        network = Network(copy.deepcopy(config.layers), preparation.input_shape, config.dtype)
        if has_weights:
            network.params.load(run.arrays("weights.npz"), str(run.path / "weights.npz"))
    evaluation = f"evaluation-{summary.get('pictured_split')}.json"
    predictions = run.arrays("predictions.npz") if run.has("predictions.npz") else {}
    examples, missing = _examples(run, summary, predictions)
    return RunRecord(
        id=run.id,
        place=str(run.path),
        yaml=(run.path / "config.yaml").read_text(encoding="utf-8"),
        config=config,
        summary=summary,
        network=network,
        preparation=preparation,
        has_weights=has_weights,
        epochs=run.table("epochs.csv"),
        steps=run.table("steps.csv"),
        evaluation=run.json(evaluation) if run.has(evaluation) else {},
        predictions=predictions,
        diagnostics=run.arrays("diagnostics.npz", NORMS) if run.has("diagnostics.npz") else {},
        examples=examples,
        missing=missing,
    )


def _examples(
    run: RunDirectory, summary: dict[str, Any], predictions: dict[str, Array]
) -> tuple[Examples | None, tuple[str, ...]]:
    """Rows of the pictured split to look at, or why there are none."""
    if "target" not in predictions or "prediction" not in predictions:
        return None, ()
    try:
        experiment = Experiment(run.config(), run.preparation())
    except NnfsError as error:
        return None, (f"no rows are shown, since the data cannot be loaded: {error}",)
    if experiment.data.fingerprint != summary.get("data_fingerprint"):
        return None, ("no rows are shown, since the data have changed since training",)
    split = experiment.split(summary["pictured_split"])
    target, prediction = predictions["target"], predictions["prediction"]
    size = split.x[:1].nbytes
    # Of a regression, the run may have kept evenly spaced rows only.
    rows = np.linspace(0, len(split) - 1, len(target)).astype(np.intp)
    if experiment.data.classes:
        chosen = rows_by_cell(target, prediction, EXAMPLE_BYTES // size)
    else:
        most = min(REGRESSION_ROWS, EXAMPLE_BYTES // size, len(target))
        chosen = np.linspace(0, len(target) - 1, most).astype(np.intp)
    if not len(chosen):
        return None, ("no rows are shown, since one alone is too large for the page",)
    x = experiment.in_raw_units(split.x[split.rows[rows[chosen]]])
    return Examples(x, rows[chosen], target[chosen], prediction[chosen]), ()


def rows_by_cell(target: Array, prediction: Array, most: int) -> Array:
    """Some rows (n,) of each cell of the confusion matrix: WRONG_ROWS of a mistake, RIGHT_ROWS of a class.

    If that is more than `most` rows, each cell loses its later ones first.
    """
    order = np.lexsort((prediction, target))
    cells = np.stack([target[order], prediction[order]])
    starts = np.flatnonzero(np.r_[True, (cells[:, 1:] != cells[:, :-1]).any(axis=0)][: len(order)])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    kept = place < np.where(cells[0] == cells[1], RIGHT_ROWS, WRONG_ROWS)
    rows, place = order[kept], place[kept]
    return np.asarray(rows[np.sort(np.argsort(place, kind="stable")[:most])])
