"""Scoring a run's saved weights."""

from typing import Any

from nnfs_cli.jobs.changes import changes
from nnfs_cli.jobs.checkpoint import read_made_with
from nnfs_cli.jobs.load import load_experiment
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.listing import default_split
from nnfs_cli.statistics.interval import intervals_json
from nnfs_cli.training.defined import undefined_notes
from nnfs_cli.training.evaluation import evaluate, target_scores
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.reports import Evaluation


def evaluate_run(run: RunDirectory, split: str | None) -> tuple[dict[str, Any], list[str]]:
    """Score a run's saved weights, write evaluation-<split>.json, and return it with any warnings."""
    summary = run.summary()
    experiment = load_experiment(run)
    evaluation = evaluate(experiment, split or default_split(experiment.data.splits))
    record = evaluation_record(experiment, evaluation)
    run.write_json(f"evaluation-{evaluation.split}.json", record)
    warnings = undefined_notes(experiment.config, experiment.data, [evaluation.split])
    changed = changes(read_made_with(run), experiment.config, run)
    if changed:
        warnings.append(f"this is not what the run was trained with: {'; '.join(changed)}")
    if summary.get("data_fingerprint") != experiment.data.fingerprint:
        warnings.append("the data is not what the run was trained on: its fingerprint has changed")
    return record, warnings


def evaluation_record(experiment: Experiment, evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation as a JSON mapping."""
    record: dict[str, Any] = {
        "split": evaluation.split,
        "rows": evaluation.rows,
        "scores": dict(evaluation.scores),
        "intervals": intervals_json(evaluation.intervals),
    }
    if evaluation.classes:
        record["confusion"] = [list(row) for row in evaluation.confusion]
        record["classes"] = [
            {**vars(score), "intervals": intervals_json(score.intervals)} for score in evaluation.classes
        ]
    if targets := target_scores(experiment, evaluation):
        record["targets"] = {name: dict(target.scores) for name, target in targets.items()}
        record["target_intervals"] = {
            name: intervals_json(target.intervals) for name, target in targets.items()
        }
    return record
