"""What the commands print: tables, scores, notes."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from nnfs_cli.cli.screen import Table, err, out
from nnfs_cli.core.errors import counted

if TYPE_CHECKING:  # not imported when run, so that `nnfs runs` starts fast
    from nnfs_cli.config.catalog import Entry
    from nnfs_cli.config.experiment import ExperimentConfig
    from nnfs_cli.training.experiment import Experiment


def show_network(experiment: "Experiment") -> None:
    """The model summary: every layer with its output shape and parameters."""
    network, config = experiment.network, experiment.config
    table = Table(title=f"{config.name}: the network")
    table.add_column("layer")
    table.add_column("output shape")
    table.add_column("parameters", justify="right")
    table.add_row("input", f"(N, {_sizes(network.shapes[0])})", "")
    for name, layer, shape in zip(network.names, network.layers, network.shapes[1:], strict=True):
        table.add_row(
            name, f"(N, {_sizes(shape)})", f"{sum(param.size for param in layer.params().values()):,}"
        )
    table.add_section()
    table.add_row("all", "", f"{network.params.value.size:,}")
    out.print(table)
    rows = ", ".join(f"{len(split):,} {name}" for name, split in experiment.data.splits.items())
    for sentence in experiment.data.notes:
        out.print(sentence)
    engine = experiment.engine
    if engine.parts > 1:
        cut, workers = (
            ("batches", ("process", "processes")) if network.has_images else ("products", ("thread",))
        )
        work = f"{cut} in {engine.parts} parts, computed by {counted(engine.workers, *workers)}"
    else:
        work = f"BLAS on {counted(engine.blas_threads, 'thread')}"
    if engine.name == "plain":
        work = "the plain engine"
    out.print(f"rows: {rows}; {config.dtype}; {work}")


def show_config(config: "ExperimentConfig") -> None:
    """The resolved config."""
    out.print(f"\n{config.to_yaml()}", end="", soft_wrap=True)


def show_components(entries: "Sequence[Entry]") -> None:
    """One line per component, grouped by kind."""
    for kind in dict.fromkeys(entry.kind for entry in entries):
        table = Table(title=kind, lines=False)
        table.add_column(style="cyan")
        table.add_column()
        for entry in entries:
            if entry.kind == kind:
                options = ", ".join(f"{name}={default}" for name, _, default in entry.options)
                table.add_row(
                    entry.name, Text(f"{entry.equation}\n  {options}" if options else entry.equation)
                )
        out.print(table)
    out.print("\n`nnfs components KIND NAME` shows one in full.")


def show_component(entry: "Entry") -> None:
    """One component's docstring and options."""
    out.print(f"{entry.kind} {entry.name}\n", style="bold")
    out.print(entry.doc)
    if entry.options:
        table = Table()
        for column in ("option", "type", "default"):
            table.add_column(column)
        for row in entry.options:
            table.add_row(*row)
        out.print(table)


def show_paths(paths: Iterable[Path]) -> None:
    """One path per line."""
    for path in paths:
        out.print(str(path), soft_wrap=True)


def print_json(content: object) -> None:
    """Print JSON, for other programs; null for numbers that are not finite, which JSON does not have."""
    out.print(json.dumps(_finite(content), indent=2), soft_wrap=True)


def _finite(content: object) -> object:
    match content:
        case dict():
            return {key: _finite(value) for key, value in content.items()}
        case list() | tuple():
            return [_finite(value) for value in content]
        case float() if not math.isfinite(content):
            return None
    return content


def note(text: str) -> None:
    """Print a note."""
    out.print(text)


def confirmed(question: str) -> bool:
    """Whether the user answers yes."""
    out.print(f"{question} [y/N]", end=" ")
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):  # as at the end of input
        out.print("")
    return answer.strip().lower() in ("y", "yes")


def note_on_stderr(text: str) -> None:
    """Print a note on standard error, when standard output is for other programs."""
    err.print(f"nnfs: {text}")


def warn(text: str) -> None:
    """Print a warning on standard error."""
    err.print(f"nnfs: warning: {text}")


def _sizes(shape: Iterable[int]) -> str:
    return ", ".join(str(size) for size in shape)
