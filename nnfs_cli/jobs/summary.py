"""The contents of summary.json."""

import hashlib
import platform
from datetime import datetime
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.blas_kernel import kernel_chosen_by
from nnfs_cli.core.blas_threads import blas_name, kernel_name
from nnfs_cli.core.errors import DamageError
from nnfs_cli.core.machine import machine
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.version import __version__


def update_progress(experiment: Experiment, summary: dict[str, Any], status: str) -> None:
    """Update the summary: status, epochs, steps, seconds and speed."""
    progress = experiment.progress
    seconds = progress.seconds
    samples = progress.epoch * len(progress.order) + progress.position
    summary |= {
        "status": status,
        "epochs": progress.epoch,
        "steps": progress.step,
        "seconds": round(seconds, 3),
        "samples_per_second": round(samples / seconds, 1) if seconds else None,
    }
    if status == "completed":
        summary["stopped_early"] = progress.epoch < experiment.config.training.epochs
    if progress.best_epoch:
        monitor = experiment.config.training.monitor
        summary["best"] = {"epoch": progress.best_epoch, "monitor": monitor, "value": progress.best_value}


def earlier_summary(run: RunDirectory) -> tuple[dict[str, Any], str]:
    """The summary of a run that is to go on, and what is wrong with it: then nothing is known of it."""
    try:
        return (run.summary() if run.has("summary.json") else {}), ""
    except DamageError as error:
        return {}, str(error)


def engine_facts(experiment: Experiment) -> dict[str, Any]:
    """The engine, the parts that it cuts its work into, and the workers and BLAS threads that compute."""
    engine = experiment.engine
    return {
        "engine": engine.name,
        "parts": engine.parts,
        "workers": engine.workers,
        "blas_threads": engine.blas_threads,
        "threads": max(engine.workers, engine.blas_threads),
    }


OF_WEIGHTS = ("scores", "intervals", "pictured_split", "targets", "target_intervals")


def first_summary(experiment: Experiment, run: RunDirectory) -> dict[str, Any]:
    """The summary at the start of a run; of one that is resumed, with what was said before."""
    earlier, _ = earlier_summary(run)
    weights = earlier.get("initial_weights") or _initial_weights(experiment.config)
    config, splits = experiment.config, experiment.data.splits
    done, final = experiment.progress.step, final_row(run)
    return {
        "id": run.id,
        "name": config.name,
        "status": "running",
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "task": experiment.data.task,
        "classes": list(experiment.data.classes),
        "epochs": experiment.progress.epoch,
        "epochs_planned": config.training.epochs,
        "steps": done,
        **({"resumed": [*earlier.get("resumed", ()), done]} if done else {}),
        **({"final": final} if final else {}),
        "rollbacks": earlier.get("rollbacks", [])[: experiment.progress.rollbacks],
        # Of the weights that the run has until it saves others.
        **{name: earlier[name] for name in OF_WEIGHTS if name in earlier},
        "parameters": experiment.network.params.value.size,
        "rows": {name: len(split) for name, split in splits.items()},
        **engine_facts(experiment),
        "versions": {"python": platform.python_version(), **versions()},
        "kernel_chosen_by": kernel_chosen_by(kernel_name()),
        "machine": machine(),
        **({"git_commit": earlier["git_commit"]} if "git_commit" in earlier else {}),
        "data_fingerprint": experiment.data.fingerprint,
        **({"initial_weights": weights} if weights else {}),
        "notes": list(dict.fromkeys([*earlier.get("notes", ()), *experiment.data.notes])),
    }


def final_row(run: RunDirectory) -> dict[str, float]:
    """The last row of epochs.csv; empty if there is none, as in a run that was not resumed."""
    epochs = run.table("epochs.csv")
    return {name: int(x[-1]) if name in ("epoch", "step") else float(x[-1]) for name, x in epochs.items()}


def versions() -> dict[str, str]:
    """Versions of what rounds numbers."""
    return {"nnfs": __version__, "numpy": np.__version__, "blas": blas_name()}


def _initial_weights(config: ExperimentConfig) -> dict[str, str] | None:
    """The file that training starts from, and the SHA-256 of its bytes; None if weights are drawn."""
    if not config.initial_weights:
        return None
    with config.weights_file.open("rb") as file:
        return {"path": str(config.weights_file), "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
