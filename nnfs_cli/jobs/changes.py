"""What differs between a run as it is now and what its checkpoint was made with."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_type_hints

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import config_from
from nnfs_cli.config.reader import flat_options, shown, to_plain
from nnfs_cli.core.blas_kernel import VARIABLE, runs_here
from nnfs_cli.core.errors import ConfigError, NnfsError
from nnfs_cli.core.spelling import in_shell, typed
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.jobs.checkpoint import plugins_of
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.sources.paths import has_paths

MOST_CHANGES = 10
"""Changes to list in a message."""

FREE = re.compile(
    r"name|study.*|training\.(epochs|patience|log_every|checkpoint_every|on_divergence|engine|parts|threads|diagnostics)"
)
"""Options that a resumed run may change: how long to train, what is written, and how the same equations are
computed; of the last, `rounding` compares what they come to.
"""

ROUNDING = ("numpy", "blas", "simd", "engine", "parts", "blas_threads")
"""What surely rounds otherwise if it is another: versions and kernels of what computes, and who adds up what.
Of the rest that `made_with` records of the computation, this is not known.
"""


def changes(made_with: Mapping[str, Any], config: ExperimentConfig, run: RunDirectory) -> list[str]:
    """What differs in a run's config and plugins, but for options that are free to change."""
    if not made_with:
        return []
    before, now = _plugins_compared(made_with["plugins"]), _plugins_compared(plugins_of(run))
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return [*_options_changed(made_with["config"], config), *(f"{name}: another content" for name in changed)]


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


def rounding(made_with: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What computes otherwise than it did: what surely rounds otherwise, and what may.

    made_with, now: from `checkpoint.made_with`. What an earlier version did not record counts as equal.
    """
    before, here = made_with.get("computed_by", {}), now["computed_by"]
    changed = [key for key in here if key in before and before[key] != here[key]]
    texts = {key: f"{key} {_said(before[key])} -> {_said(here[key])}" for key in changed}
    if "blas" in texts:
        texts["blas"] += _how_to_compute_as(str(before["blas"]), here["blas"])
    sure = [texts[key] for key in changed if key in ROUNDING]
    return sure, [texts[key] for key in changed if key not in ROUNDING]


def _how_to_compute_as(before: str, here: str) -> str:
    """How the kernel of BLAS becomes the one before; empty if more than the kernel differs.

    before, here: as `openblas 0.3.30 SkylakeX`.
    """
    (library, _, kernel), (present, _, _) = before.rpartition(" "), here.rpartition(" ")
    if library != present or not library.startswith("openblas"):
        return ""
    if runs_here(kernel):
        return f"; the environment variable {VARIABLE}={kernel}, set before Python starts, takes this back"
    return f"; this processor is not known to run {kernel}"


def _said(fact: Any) -> str:
    return " ".join(map(str, fact)) if isinstance(fact, list) else str(fact)


def network_changes(made_with: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is another in the network itself, so that no state of the one is a state of the other."""
    before = made_with.get("network", {})
    return [f"the network's {key} are not the same" for key in before if now["network"][key] != before[key]]


def refuse_changes(
    run: RunDirectory, found: Sequence[str], impossible: Sequence[str] = (), *, anyway: bool = False
) -> None:
    """Raise NnfsError if something was changed since the run's checkpoint was written.

    impossible: those changes after which the state has no meaning. The others may be made `anyway`.
    """
    if not impossible and (anyway or not found):
        return
    more = [f"and {len(found) - MOST_CHANGES} more"] if found[MOST_CHANGES:] else []
    start = f", from this one's weights with `--from {in_shell(run.path)}`" if run.has("weights.npz") else ""
    new = f"start a new run with `{typed('train', run.path / 'config.yaml')}`{start}"
    if impossible:
        advice = f"no --anyway helps; take this back, or {new}"
    else:
        advice = f"take this back; or {new}; or add --anyway, which gives another result than never stopping"
    lines = [
        f"{run.path}: cannot be resumed, since it is not what its checkpoint was made with",
        *found[:MOST_CHANGES],
        *more,
        *impossible,
        advice,
    ]
    raise NnfsError("\n  ".join(lines))


def _plugins_compared(texts: Mapping[str, str]) -> dict[str, str]:
    """Plugins in a form that comments and spaces do not change."""
    return {name: _without_comments(text) for name, text in texts.items()}


def _without_comments(text: str) -> str:
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # of deep nesting, too
        return text
