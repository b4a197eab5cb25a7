"""The sections of the page that are read without a script."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnfs_cli.core.arrays import sides
from nnfs_cli.core.spelling import typed
from nnfs_cli.report.highlight import highlight
from nnfs_cli.report.html import MINUS, TIMES, Html, bullets, facts, section, table, text
from nnfs_cli.report.record import RunRecord
from nnfs_cli.statistics.interval import Interval, methods_text, read_intervals

STATUS = {
    "completed": "completed",
    "interrupted": "interrupted: nnfs resume continues it",
    "paused": "left by its study, as others did better: nnfs resume continues it",
    "diverged": "diverged: its loss grew beyond bounds, or numbers were not finite",
    "failed": "failed",
    "running": "not finished when this page was written",
    "died": "not finished, and its process is gone: nnfs resume continues it",
}
PERCENT = ("accuracy", "top_k_accuracy", "precision", "recall", "f1")
"""Scores between 0 and 1 that people read as a share."""


def opening(record: RunRecord) -> Html:
    """What was trained, and how good it is."""
    summary = record.summary
    status = str(summary.get("status"))
    parts = [
        f'<p class="status {text(status)}">{text(STATUS.get(status, status))}</p>',
        f"<h1>{text(record.config.name or record.id)}</h1>",
        f'<p class="lead">{text(_what(record))}</p>',
        f'<dl class="tiles">{"".join(_tiles(record))}</dl>',
    ]
    return Html("\n".join(parts))


def _what(record: RunRecord) -> str:
    config, summary = record.config, record.summary
    kinds = [layer.type_name for layer in config.layers]
    sizes = [str(layer.options()["units"]) for layer in config.layers if "units" in layer.options()]
    shape = sides(record.network.shapes[0], TIMES) if record.network else "?"
    is_plain = len(sizes) == kinds.count("dense") and not any("conv" in kind for kind in kinds)
    body = "\u2013".join([shape, *sizes]) if is_plain and len(sizes) < 9 else f"of {len(kinds)} layers"
    aim = f"tells {len(record.classes)} classes apart" if record.classes else "predicts real values"
    rows = (summary.get("rows") or {}).get("train")
    learned = f", learned from {rows:,} rows of {config.dataset.type_name}" if rows else ""
    return f"A network {body} that {aim}{learned}."


def _tiles(record: RunRecord) -> Iterator[str]:
    summary, split = record.summary, record.pictured_split
    scores = (summary.get("scores") or {}).get(split) or {}
    for i, name in enumerate(sorted(scores, key=lambda name: name == "loss")):
        yield _tile(f"{split} {_spoken(name)}", _short(name, scores[name]), "main" if i == 0 else "")
    if "parameters" in summary:
        yield _tile("parameters", f"{summary['parameters']:,}")
    done, planned = summary.get("epochs", 0), summary.get("epochs_planned")
    yield _tile(
        "epoch" if done == 1 else "epochs",
        f"{done:,} of {planned:,}" if planned and planned != done else f"{done:,}",
    )
    if summary.get("seconds") is not None:
        yield _tile("training time", _duration(summary["seconds"]))


def _tile(name: str, value: str, kind: str = "") -> str:
    return f"<div class='{kind}'><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"


def _short(name: str, score: float | None) -> str:
    if score is None:
        return "undefined"
    if name in PERCENT:
        return f"{100 * score:.2f} %" if score < 1 else "100 %"
    return f"{score:.4g}".replace("-", MINUS)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def scores(record: RunRecord) -> Html:
    """The scores of each split, each class and each target."""
    by_split: Mapping[str, Mapping[str, float | None]] = record.summary.get("scores") or {}
    parts: list[str] = []
    if by_split:
        names = list(next(iter(by_split.values())))
        rows = [
            [split, (record.summary.get("rows") or {}).get(split), *(line.get(name) for name in names)]
            for split, line in by_split.items()
        ]
        parts.append(table(["split", "rows", *map(_spoken, names)], rows, _weights_of(record)))
        parts.extend(_intervals(names, read_intervals(record.summary.get("intervals"))))
    parts.extend(_class_scores(record))
    targets = record.evaluation.get("targets") or {}
    if targets:
        names = list(next(iter(targets.values())))
        rows = [[target, *(line.get(name) for name in names)] for target, line in targets.items()]
        title = f"each target, {record.pictured_split}"
        parts.append(table(["target", *map(_spoken, names)], rows, title))
        own = read_intervals(record.evaluation.get("target_intervals"))
        parts.extend(_intervals(names, own, "target"))
    return section("scores", "Scores", Html(f'<div class="side">{"".join(parts)}</div>') if parts else "")


def _intervals(
    names: Sequence[str], found: Mapping[str, Mapping[str, Interval]], of: str = "split"
) -> Iterator[str]:
    """The interval of each score of each split, target or class, and how they were found."""
    none = Interval.none("")
    rows = [
        [one, *(own.get(name, none).ends for name in names)]
        for one, own in found.items()
        if any(interval.exists for interval in own.values())
    ]
    if rows:
        yield table(
            [of, *map(_spoken, names)], rows, "intervals" if of == "split" else f"intervals of each {of}"
        )
    if of != "class":  # of classes all are Wilson's
        yield bullets(methods_text(own, one) for one, own in found.items())


def _weights_of(record: RunRecord) -> str:
    best = record.summary.get("best")
    if not best:
        return "the last epoch's weights"
    return f"weights of epoch {best['epoch']}, the best by {best['monitor']}"


def _class_scores(record: RunRecord) -> Iterator[str]:
    classes = record.evaluation.get("classes") or []
    if classes:
        first = [name for name in classes[0] if name != "intervals"]
        rows = [[str(line[first[0]]), *(line[name] for name in first[1:])] for line in classes]
        title = f"each class, {record.pictured_split}"
        yield table(["class", *map(_spoken, first[1:])], rows, title)
        own = read_intervals({str(line[first[0]]): line.get("intervals") for line in classes})
        yield from _intervals(["precision", "recall", "f1"], own, "class")


def data(record: RunRecord) -> Html:
    """What it was trained on, and what was decided for the user."""
    summary, preparation = record.summary, record.preparation
    pairs: dict[str, object] = {"dataset": record.config.dataset.type_name}
    for split, count in (summary.get("rows") or {}).items():
        pairs[f"{split} rows"] = f"{count:,}"
    if preparation is not None:
        shape = preparation.input_shape
        pairs["a row"] = sides(shape, TIMES) + (" number" if math.prod(shape) == 1 else " numbers")
        names = preparation.target_names
        if names:
            pairs["target" if len(names) == 1 else "targets"] = ", ".join(names)
    if record.classes:
        pairs["classes"] = ", ".join(record.classes)
    notes = [*(summary.get("notes") or ()), *record.missing]
    return section("data", "Data", facts(pairs), bullets(notes))


def configuration(yaml: str) -> Html:
    """The resolved config."""
    code = f'<pre tabindex="0"><code>{highlight(yaml)}</code></pre>'
    return section("config", "Configuration", "<p>The resolved config: all that was decided.</p>", code)


def environment(summary: Mapping[str, Any]) -> Html:
    """What the numbers were computed by, by the summary of a run or study."""
    versions: Mapping[str, Any] = summary.get("versions") or {}
    pairs: dict[str, object] = {
        {"nnfs": "nnfs", "python": "Python", "numpy": "NumPy", "blas": "BLAS"}.get(name, name): value
        for name, value in versions.items()
    }
    machine: Mapping[str, Any] = summary.get("machine") or {}
    pairs |= {name: value for name, value in machine.items() if value}
    for key, name in (
        ("engine", "engine"),
        ("parts", "parts of a batch"),
        ("workers", "worker processes"),
        ("blas_threads", "BLAS threads"),
        ("started", "started"),
        ("samples_per_second", "rows per second"),
    ):
        if summary.get(key) is not None:
            value = summary[key]
            pairs[name] = f"{value:,.0f}" if isinstance(value, float) else value
    return section("environment", "Environment", facts(pairs))


def again(record: RunRecord) -> Html:
    """How to repeat the run and use its network."""
    file = f"{record.place}/config.yaml"
    commands = [typed("train", file)]
    if record.has_weights:
        commands += [
            typed("evaluate", record.place),
            typed("predict", record.place, "FILE"),
        ]
    if record.summary.get("status") in ("interrupted", "paused", "died"):
        commands.insert(0, typed("resume", record.place))
    pairs: dict[str, object] = {"seed": record.config.seed}
    if record.summary.get("data_fingerprint"):
        pairs["data fingerprint"] = Html(f"<code>{text(record.summary['data_fingerprint'])}</code>")
    weights = record.summary.get("initial_weights")
    if weights:
        pairs["initial weights"] = Html(f"<code>{text(weights['path'])}</code>")
    lines = "\n".join(map(text, commands))
    words = (
        "<p>The same config, data, seed and versions give the same numbers, on one core and on eight. "
        "<code>config.yaml</code> in the run's folder is the configuration above.</p>"
    )
    return section(
        "again", "Reproduce it", words, f'<pre tabindex="0"><code>{lines}</code></pre>', facts(pairs)
    )
