"""What the commands print: tables, scores, notes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # not imported when run, so that `nnfs runs` starts fast
    from nnfs_cli.config.catalog import Entry
    from nnfs_cli.config.experiment import ExperimentConfig
    from nnfs_cli.runs.directory import RunDirectory
    from nnfs_cli.training.experiment import Experiment

PIPED_WIDTH = 140
"""Width of the output in characters, if it does not go to a terminal."""

out = Console(highlight=False, soft_wrap=True, emoji=False)
if not out.is_terminal:
    out.width = PIPED_WIDTH
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def show_network(experiment: "Experiment") -> None:
    """The model summary: every layer with its output shape and parameters."""
    network, config = experiment.network, experiment.config
    table = Table(title=f"{config.name}: the network", title_justify="left", title_style="bold")
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
        out.print(sentence, markup=False)
    engine = experiment.engine
    if engine.parts > 1:
        work = (
            f"batches in {engine.parts} parts, computed by {_count(engine.workers, 'process', 'processes')}"
        )
    else:
        work = f"BLAS on {_count(engine.blas_threads, 'thread', 'threads')}"
    if engine.name == "plain":
        work = "the plain engine"
    out.print(f"rows: {rows}; {config.dtype}; {work}", markup=False)


def _count(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def show_config(config: "ExperimentConfig") -> None:
    """The resolved config."""
    out.print(f"\n{config.to_yaml()}", markup=False, end="")


def show_scores(run: "RunDirectory") -> None:
    """A finished run's scores, seconds and path."""
    summary = run.summary()
    scores = summary["scores"]
    names = list(next(iter(scores.values())))
    best = summary.get("best")
    title = f"scores at epoch {best['epoch']}, the best by {best['monitor']}" if best else "scores"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("split")
    for name in names:
        table.add_column(name, justify="right")
    for split, values in scores.items():
        table.add_row(split, *(f"{values[name]:.6g}" for name in names))
    out.print(table)
    speed = summary["samples_per_second"]
    out.print(f"trained for {summary['seconds']:.1f} s, {speed:,.0f} samples/s", markup=False)
    out.print(f"run: {run.path}", markup=False)


def show_evaluation(record: Mapping[str, Any], run: "RunDirectory") -> None:
    """One split's scores; for classes also the confusion matrix and each class's scores."""
    out.print(f"{run.id}, {record['split']}, {record['rows']:,} rows", style="bold", markup=False)
    for name, score in record["scores"].items():
        out.print(f"  {name:<10} {score:.6g}", markup=False)
    if "classes" not in record:
        return
    names = [score["name"] for score in record["classes"]]
    confusion = Table(
        title="confusion: rows actual, columns predicted", title_justify="left", title_style="bold"
    )
    confusion.add_column("")
    for name in names:
        confusion.add_column(Text(name), justify="right")
    for name, row in zip(names, record["confusion"], strict=True):
        confusion.add_row(Text(name), *(str(count) if count else "·" for count in row))
    classes = Table(title="classes", title_justify="left", title_style="bold")
    for column in ("class", "precision", "recall", "f1", "support"):
        classes.add_column(column, justify="left" if column == "class" else "right")
    for score in record["classes"]:
        numbers = (f"{score[key]:.4f}" for key in ("precision", "recall", "f1"))
        classes.add_row(Text(score["name"]), *numbers, f"{score['support']:,}")
    out.print(confusion)
    out.print(classes)
    out.print(f"written to {run.path / ('evaluation-' + record['split'] + '.json')}", markup=False)


def show_runs(rows: Sequence[Mapping[str, Any]]) -> None:
    """The runs, newest last."""
    table = Table()
    for column in ("run", "status", "epochs", "best epoch", "scores", "seconds"):
        table.add_column(column, justify="right" if column in ("epochs", "best epoch", "seconds") else "left")
    for row in rows:
        scores = format_scores(row.get("scores") or {})
        table.add_row(
            Text(row["id"]),
            Text(row["status"]),
            f"{row.get('epochs', '?')}/{row.get('epochs_planned', '?')}",
            str(row.get("best_epoch") or ""),
            f"{row['split']}: {scores}" if scores else "",
            f"{row['seconds']:.1f}" if row.get("seconds") is not None else "",
        )
    out.print(table)


def show_components(entries: "Sequence[Entry]") -> None:
    """One line per component, grouped by kind."""
    for kind in dict.fromkeys(entry.kind for entry in entries):
        table = Table(title=kind, title_justify="left", title_style="bold", box=None, show_header=False)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column()
        for entry in entries:
            if entry.kind == kind:
                options = ", ".join(f"{name}={default}" for name, _, default in entry.options)
                table.add_row(
                    entry.name, Text(f"{entry.equation}\n  {options}" if options else entry.equation)
                )
        out.print(table)
    out.print("\n`nnfs components KIND NAME` shows one in full.", markup=False)


def show_component(entry: "Entry") -> None:
    """One component's docstring and options."""
    out.print(f"{entry.kind} {entry.name}\n", style="bold", markup=False)
    out.print(entry.doc, markup=False)
    if entry.options:
        table = Table()
        for column in ("option", "type", "default"):
            table.add_column(column)
        for row in entry.options:
            table.add_row(*(Text(cell) for cell in row))
        out.print(table)


def format_scores(scores: Mapping[str, float]) -> str:
    """`loss 0.31  accuracy 0.92`."""
    return "  ".join(f"{name} {score:.4g}" for name, score in scores.items())


def show_paths(paths: Iterable[Path]) -> None:
    """One path per line."""
    for path in paths:
        out.print(str(path), markup=False)


def print_json(content: object) -> None:
    """Print JSON, for other programs."""
    out.print(json.dumps(content, indent=2), markup=False)


def note(text: str) -> None:
    """Print a note."""
    out.print(text, markup=False)


def note_on_stderr(text: str) -> None:
    """Print a note on standard error, when standard output is for other programs."""
    err.print(f"nnfs: {text}", markup=False)


def warn(text: str) -> None:
    """Print a warning on standard error."""
    err.print(f"nnfs: warning: {text}", markup=False)


def _sizes(shape: Iterable[int]) -> str:
    return ", ".join(str(size) for size in shape)
