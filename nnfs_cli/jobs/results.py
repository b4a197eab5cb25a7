"""What a training ends with: weights, scores, predictions, and what the pictures need."""

from typing import Any

import numpy as np

from nnfs_cli.jobs.evaluate import evaluation_record
from nnfs_cli.jobs.inside import inside_arrays
from nnfs_cli.jobs.plot_data import plot_data
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import default_split
from nnfs_cli.statistics.interval import intervals_json
from nnfs_cli.training.evaluation import evaluate
from nnfs_cli.training.experiment import Experiment


def write_results(experiment: Experiment, run: RunDirectory, summary: dict[str, Any]) -> None:
    """Write weights, scores and predictions: of the best epoch, which the experiment then has.

    The scores are put into `summary`. Parameters that are not finite leave nothing to write.
    """
    experiment.use_best()
    if not np.isfinite(experiment.network.params.value).all():
        return
    run.write_arrays("weights.npz", experiment.network.params.arrays())
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged network's scores overflow
        evaluations = {name: evaluate(experiment, name) for name in experiment.data.splits}
    summary["scores"] = {name: dict(evaluation.scores) for name, evaluation in evaluations.items()}
    summary["intervals"] = {name: intervals_json(each.intervals) for name, each in evaluations.items()}
    pictured = evaluations[default_split(evaluations)]
    summary["pictured_split"] = pictured.split
    run.write_arrays("predictions.npz", plot_data(experiment, pictured))
    run.write_arrays("inside.npz", inside_arrays(experiment, pictured.split))
    record = evaluation_record(experiment, pictured)
    run.write_json(f"evaluation-{pictured.split}.json", record)
    summary.update({key: record[key] for key in ("targets", "target_intervals") if key in record})
