"""A checkpoint: a training's state, what it was made with, and how much of the run's files belongs to it."""

import json
import platform
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.reader import to_plain
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import threads_given
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import rename
from nnfs_cli.core.machine import processor, vector_extensions
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.summary import engine_facts, versions
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.training.experiment import Experiment

FILE, FORMER = "checkpoint.npz", "checkpoint.previous.npz"
MADE_WITH, RECORDED = "made_with", "recorded"
MOST_OF_A_PLUGIN = 2**20
"""Letters of a plugin's file that are compared."""


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read.

    state: what `Experiment.load_state` takes.
    made_with: what the training's numbers depend on, from the function of this name; {} in earlier versions.
    recorded: how much of the run's files belongs to the state, by the files' names. Earlier versions have
        none.
    name: the checkpoint's file.
    damage: what is wrong with a newer one, so that this one is used; empty if there is none.
    """

    state: Mapping[str, Array]
    made_with: Mapping[str, Any]
    recorded: Mapping[str, Any]
    name: str = FILE
    damage: str = ""


def write_checkpoint(
    experiment: Experiment, run: RunDirectory, made_with: Mapping[str, Any], recorded: Mapping[str, Any]
) -> None:
    """Write the present state, between two steps. The former checkpoint stays beside it.

    made_with: from the function of this name.
    recorded: how much of the run's files belongs to the state. The disk has them already.
    """
    records = {MADE_WITH: np.array(json.dumps(made_with)), RECORDED: np.array(json.dumps(recorded))}
    run.write_arrays(FILE, {**experiment.state(), **records}, former=FORMER)


def has_checkpoint(run: RunDirectory) -> bool:
    """Whether there is a checkpoint. For a moment in each writing, only the former one has its name."""
    return run.has(FILE) or run.has(FORMER)


def read_checkpoint(run: RunDirectory) -> Checkpoint:
    """The run's last checkpoint that is whole. NnfsError if it has none."""
    damage = ""
    for name in (FILE, FORMER):
        if run.has(name):
            try:
                return _read(run, name, damage)
            except NnfsError as error:
                damage = damage or str(error)
    if damage:
        raise NnfsError(f"{damage}; and there is no former checkpoint that is whole; {_anew(run)}")
    status = run.summary().get("status") if run.has("summary.json") else "its training never began"
    raise NnfsError(f"{run.path}: {status}, and no checkpoint was written to resume from; {_anew(run)}")


def _anew(run: RunDirectory) -> str:
    return f"`{typed('train', run.path / 'config.yaml')}` starts anew"


def _read(run: RunDirectory, name: str, damage: str) -> Checkpoint:
    arrays = run.arrays(name, told_by_summary=False)
    records = {
        key: _record(arrays.pop(key), key, run, name) for key in (MADE_WITH, RECORDED) if key in arrays
    }
    if not is_state(arrays):
        raise NnfsError(f"{run.path / name}: damaged: it has no state of a training")
    if records.get(MADE_WITH, {}).get("run", run.tag) not in (run.tag, ""):
        raise NnfsError(f"{run.path / name}: the checkpoint of another run; put back this one's own")
    return Checkpoint(arrays, records.get(MADE_WITH, {}), records.get(RECORDED, {}), name, damage)


def is_state(arrays: Mapping[str, Array]) -> bool:
    """Whether a training could be in this state, whatever it learns."""
    try:
        json.loads(str(arrays["shuffle_rng"]))
        counts = [arrays[f"progress/{name}"].item() for name in ("epoch", "step", "position")]
        return all(type(n) is int and n >= 0 for n in counts) and counts[2] <= arrays["progress/order"].size
    except (KeyError, ValueError, TypeError):
        return False


def _record(array: Array, key: str, run: RunDirectory, name: str) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        found = json.loads(str(array))
        if isinstance(found, dict) and (key != MADE_WITH or _compares(found)):
            return found
    raise NnfsError(f"{run.path / name}: damaged: its records cannot be read")


def _compares(made_with: Mapping[str, Any]) -> bool:
    """Whether a config and plugins can be compared with those that a training was made with."""
    config, plugins = made_with.get("config"), made_with.get("plugins")
    return (
        isinstance(config, dict)
        and "dataset" in config
        and isinstance(plugins, dict)
        and all(isinstance(text, str) for text in plugins.values())
    )


def keep_as_last(run: RunDirectory, checkpoint: Checkpoint) -> None:
    """Let a checkpoint that was read be the run's last one, in place of a damaged or missing one."""
    if checkpoint.name != FILE:
        rename(run.path / checkpoint.name, FILE)


def read_made_with(run: RunDirectory) -> dict[str, Any]:
    """What the run's checkpoint was made with; {} for a run of an older version, or without a checkpoint."""
    for name in (FILE, FORMER):
        with suppress(NnfsError):  # who needs the rest of a damaged checkpoint is told
            arrays = run.arrays(name, [MADE_WITH], told_by_summary=False)
            return _record(arrays[MADE_WITH], MADE_WITH, run, name) if arrays else {}
    return {}


def made_with(experiment: Experiment, run: RunDirectory) -> dict[str, Any]:
    """What a training's numbers depend on, as JSON."""
    facts, network = engine_facts(experiment), experiment.network
    return {
        "run": run.tag,
        "config": to_plain(experiment.config),
        "network": {
            "layers": list(network.names),
            "parameters": {name: list(param.value.shape) for name, param in network.params.named.items()},
        },
        "plugins": plugins_of(run),
        "data_fingerprint": experiment.data.fingerprint,
        "computed_by": {
            **versions(),
            "simd": vector_extensions(),
            "python": platform.python_version(),
            "processor": processor(),
            "engine": facts["engine"],
            "parts": facts["parts"],
            "blas_threads": threads_given(facts["blas_threads"]),
        },
    }


def plugins_of(run: RunDirectory) -> dict[str, str]:
    """The run's copies of its plugins, and of modules in folders beside them: their text by name.

    A run may be from someone else: pipes and devices are left out, and only a file's beginning is read.
    """
    found = [*run.path.glob("plugin_*.py"), *run.path.glob("plugin_*/**/*.py")]
    return {file.relative_to(run.path).as_posix(): _text(file) for file in sorted(found) if file.is_file()}


def _text(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as reader:
        return reader.read(MOST_OF_A_PLUGIN)
