"""A checkpoint: a training's state, and a record of the config, plugins and data that it belongs to."""

import ast
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, get_type_hints

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import config_from
from nnfs_cli.config.reader import flat_options, shown, to_plain
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.jobs.summary import engine_facts, versions
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources.paths import has_paths
from nnfs_cli.training.experiment import Experiment

FILE, RECORD = "checkpoint.npz", "made_with"

MOST_CHANGES = 10
"""Changes to list in a message."""

FREE = re.compile(
    r"name|training\.(epochs|patience|log_every|on_divergence|engine|parts|threads|diagnostics)"
)
"""Options that a resumed run may change: how long to train, and how the same equations are computed."""


def write_checkpoint(experiment: Experiment, run: RunDirectory, record: Mapping[str, Any]) -> None:
    """Write the state, and the record from `made_with`. Training must be between two steps."""
    run.write_arrays(FILE, {**experiment.state(), RECORD: np.array(json.dumps(record))})


def made_with(experiment: Experiment, run: RunDirectory) -> dict[str, Any]:
    """What a training's numbers depend on, as JSON."""
    facts = engine_facts(experiment)
    return {
        "config": to_plain(experiment.config),
        "plugins": _plugins(run),
        "data_fingerprint": experiment.data.fingerprint,
        "computed_by": {**versions(), **{key: facts[key] for key in ("engine", "parts", "blas_threads")}},
    }


def read_record(run: RunDirectory) -> dict[str, Any]:
    """What the run's checkpoint was made with; {} for a run of an older version, or without a checkpoint."""
    arrays: dict[str, Array] = {}
    with suppress(NnfsError):  # who needs the rest of a damaged checkpoint is told
        arrays = run.arrays(FILE, [RECORD])
    return json.loads(str(arrays[RECORD])) if arrays else {}


def changes(record: Mapping[str, Any], config: ExperimentConfig, run: RunDirectory) -> list[str]:
    """What differs in a run's config and plugins from its record, but for options that are free to change."""
    if not record:
        return []
    before, now = _plugins_compared(record["plugins"]), _plugins_compared(_plugins(run))
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [*_options_changed(record["config"], config), *(f"{name}: another content" for name in changed)]


def _options_changed(before: Mapping[str, Any], config: ExperimentConfig) -> list[str]:
    now = to_plain(replace(config, initial_weights=""))
    dataset = _with_files_of(before["dataset"], now["dataset"], type(config.dataset))
    comparable = {**before, "plugins": list(config.plugins), "dataset": dataset}
    comparable.pop("initial_weights", None)
    try:
        # Read anew, so that options which are younger than the run have their defaults.
        then = to_plain(config_from(comparable, "the checkpoint's config", needs_data=False))
    except ConfigError as error:
        return [f"the config before: {mistake}" for mistake in error.mistakes]
    old, new = dict(flat_options(then)), dict(flat_options(now))
    return [
        f"{key}: {shown(old.get(key))} -> {shown(new.get(key))}"
        for key in {**old, **new}
        if old.get(key) != new.get(key) and not FREE.fullmatch(key)
    ]


def _with_files_of(before: Any, now: Any, kind: type[Dataset]) -> Any:
    """A dataset's options as they were, but with the present names of its files.

    Files may move: the data's fingerprint tells of their content.
    """
    if not isinstance(before, Mapping) or not isinstance(now, Mapping):
        return before  # a bare name
    hints = get_type_hints(kind, include_extras=True)
    files = (name for name in now if has_paths(hints.get(name)))
    both = [name for name in files if all(isinstance(each.get(name), str | list) for each in (before, now))]
    return {**before, **{name: now[name] for name in both}}


def refuse_changes(run: RunDirectory, found: list[str]) -> None:
    """Raise NnfsError if anything was changed since the run's checkpoint was written."""
    if found:
        more = [f"and {len(found) - MOST_CHANGES} more"] if found[MOST_CHANGES:] else []
        start = f", from this one's weights with `--from {run.path}`" if run.has("weights.npz") else ""
        lines = [
            f"{run.path}: cannot be resumed, since it is not what its checkpoint was made with",
            *found[:MOST_CHANGES],
            *more,
            f"take this back, or start a new run with `nnfs train {run.path / 'config.yaml'}`{start}",
        ]
        raise NnfsError("\n  ".join(lines))


def rounding_note(record: Mapping[str, Any], experiment: Experiment, run: RunDirectory) -> list[str]:
    """A sentence if versions or the engine changed, so that numbers may be rounded otherwise; or none."""
    now = made_with(experiment, run)["computed_by"]
    before = record.get("computed_by", now)
    found = [f"{key} {before.get(key)} -> {now[key]}" for key in now if before.get(key) != now[key]]
    text = f"resumed with {', '.join(found)}: the last digits may differ from those of an uninterrupted run"
    return [text] if found else []


def _plugins(run: RunDirectory) -> dict[str, str]:
    """The run's copies of its plugins, and of modules in folders beside them: their text by name."""
    files = sorted([*run.path.glob("plugin_*.py"), *run.path.glob("plugin_*/**/*.py")])
    return {
        file.relative_to(run.path).as_posix(): file.read_text(encoding="utf-8", errors="replace")
        for file in files
    }


def _plugins_compared(texts: Mapping[str, str]) -> dict[str, str]:
    """Plugins in a form that comments and spaces do not change."""
    return {name: _without_comments(text) for name, text in texts.items()}


def _without_comments(text: str) -> str:
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return text
