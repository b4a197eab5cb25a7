"""What the commands print: tables, scores, notes."""

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from nnfs_cli.cli.screen import Table, err, out
from nnfs_cli.core.errors import counted
from nnfs_cli.core.spelling import typed
from nnfs_cli.training.reports import format_column, format_score

if TYPE_CHECKING:  # not imported when run, so that `nnfs runs` starts fast
    from nnfs_cli.config.catalog import Entry
    from nnfs_cli.config.experiment import ExperimentConfig
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.training.experiment import Experiment

MOST_TARGETS = 10
"""Targets whose scores are shown after a training. `nnfs evaluate` shows all."""
MOST_MISTAKES = 20


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


def show_scores(run: "RunDirectory") -> None:
    """A finished run's scores, seconds, path and pictures."""
    from nnfs_cli import plots

    summary = run.summary()
    scores = summary["scores"]
    names = list(next(iter(scores.values())))
    best = summary.get("best")
    which = f"weights of epoch {best['epoch']}, the best by {best['monitor']}" if best else "final weights"
    table = Table(title=f"scores of the {which}")
    table.add_column("split")
    for name in names:
        table.add_column(name, justify="right")
    columns = [format_column([values[name] for values in scores.values()]) for name in names]
    for split, *cells in zip(scores, *columns, strict=True):
        table.add_row(split, *cells)
    out.print(table)
    if targets := summary.get("targets"):
        out.print(_target_table(summary["pictured_split"], dict(list(targets.items())[:MOST_TARGETS])))
    out.print("(an epoch's own train scores come from its steps, each before its update)", style="dim")
    speed = summary["samples_per_second"]
    out.print(f"trained for {summary['seconds']:.1f} s, {speed:,.0f} samples/s")
    out.print(f"run: {run.path}", soft_wrap=True)
    if drawn := [file.stem for file in plots.essential_files(run)]:
        more = f"`{typed('plot', run.path)}` draws more"
        out.print(f"pictures: {', '.join(drawn)} in {run.path / 'plots'}; {more}", soft_wrap=True)


def _target_table(split: str, targets: Mapping[str, Mapping[str, float | None]]) -> Table:
    """A row for each target: its own scores on a split."""
    table = Table(title=f"each target, {split}")
    table.add_column("target")
    names = list(next(iter(targets.values())))
    for name in names:
        table.add_column(name, justify="right")
    columns = [format_column([scores[name] for scores in targets.values()]) for name in names]
    for target, *cells in zip(targets, *columns, strict=True):
        table.add_row(target, *cells)
    return table


def show_evaluation(record: Mapping[str, Any], run: "RunDirectory") -> None:
    """One split's scores; for classes also the confusion matrix and each class's scores."""
    out.print(f"{run.id}, {record['split']}, {record['rows']:,} rows", style="bold")
    for name, score in record["scores"].items():
        out.print(f"  {name:<10} {format_score(score)}")
    if "targets" in record:
        out.print(_target_table(record["split"], record["targets"]))
    if "classes" not in record:
        return
    names = [score["name"] for score in record["classes"]]
    classes = Table(title="classes")
    classes.add_column("class")
    for column, drop in (("precision", 3), ("recall", 2), ("f1", 0), ("support", 1)):
        classes.add_column(column, justify="right", drop=drop)
    for score in record["classes"]:
        numbers = (f"{score[key]:.4f}" for key in ("precision", "recall", "f1"))
        classes.add_row(score["name"], *numbers, f"{score['support']:,}")
    out.print(_confusion(names, record["confusion"]))
    out.print(classes)
    out.print(f"written to {run.path / ('evaluation-' + record['split'] + '.json')}", soft_wrap=True)


def _confusion(names: Sequence[str], counts: Sequence[Sequence[int]]) -> Table:
    """The matrix; if it is too wide, with numbers for the classes or, at last, the most frequent mistakes."""
    zero = "·" if out.spell("·") == "·" else "."
    numbers = [str(k) for k in range(1, len(names) + 1)]
    numbered = [f"{k} {name}" for k, name in zip(numbers, names, strict=True)]
    for heads, labels in ((names, names), (numbers, numbered)) if 4 * len(names) < out.width else ():
        matrix = Table(title="confusion: rows actual, columns predicted")
        matrix.add_column()
        for head in heads:
            matrix.add_column(head, justify="right")
        for label, row in zip(labels, counts, strict=True):
            matrix.add_row(label, *(str(count) if count else zero for count in row))
        if matrix.fits(out.width):
            return matrix
    wrong = [(n, i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n and i != j]
    total = sum(n for n, *_ in wrong)
    mistakes = Table(title=f"the most frequent of {total:,} mistakes" if total else "no mistakes")
    for column in ("actual", "predicted"):
        mistakes.add_column(column)
    mistakes.add_column("rows", justify="right")
    for n, i, j in sorted(wrong, key=lambda mistake: -mistake[0])[:MOST_MISTAKES]:
        mistakes.add_row(names[i], names[j], f"{n:,}")
    return mistakes


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
    out.print(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def note_on_stderr(text: str) -> None:
    """Print a note on standard error, when standard output is for other programs."""
    err.print(f"nnfs: {text}")


def warn(text: str) -> None:
    """Print a warning on standard error."""
    err.print(f"nnfs: warning: {text}")


def _sizes(shape: Iterable[int]) -> str:
    return ", ".join(str(size) for size in shape)
