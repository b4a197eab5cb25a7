"""The reference: pages made from the components' classes, the config's classes and the commands."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_type_hints

from nnfs_cli.config.annotations import item_or_none, options_among
from nnfs_cli.config.catalog import REGISTRIES, options_in
from nnfs_cli.config.experiment import ExperimentConfig, TrainingConfig
from nnfs_cli.config.option_docs import OPTION, option_docs
from nnfs_cli.core.component import Component, Registry

KINDS = {
    "dataset": "What to learn from. Every dataset is split into training, validation and test rows.",
    "layer": "What a network is made of. Shapes start with N, the rows of a batch.",
    "initializer": "What weights start from: the option `init` of layers with weights.",
    "loss": "What training minimizes: the key `loss`.",
    "metric": "What is reported beside the loss: the key `metrics`, a list.",
    "optimizer": "How a gradient changes the parameters: the key `optimizer`.",
    "schedule": "How the learning rate changes during training: the key `schedule`.",
    "regularizer": "A penalty or a bound on weights: the key `regularizer`.",
}
DERIVED = {
    "layer": "../mathematics/index.md#every-layer",
    "loss": "../mathematics/losses.md",
    "optimizer": "../mathematics/optimizers.md",
}
FENCE = "```"
PAGES = [f"reference/{kind}es.md" if kind.endswith("s") else f"reference/{kind}s.md" for kind in KINDS]
PAGES += ["reference/config.md", "reference/commands.md"]
"""The paths of all pages, in the site."""


def pages() -> dict[str, str]:
    """The text of each page of the reference, by its path in the site."""
    families = {f"reference/{plural(registry.kind)}.md": family(registry) for registry in REGISTRIES}
    return {**families, "reference/config.md": config_page(), "reference/commands.md": commands_page()}


def plural(kind: str) -> str:
    """`losses` for `loss`."""
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def family(registry: Registry[Any]) -> str:
    """A page with every component of a family."""
    link = DERIVED.get(registry.kind)
    derived = f" [The mathematics]({link}) derives their equations." if link else ""
    title = plural(registry.kind).capitalize()
    parts = [f"# {title}", KINDS[registry.kind] + derived]
    for name in registry:
        cls = registry[name]
        parts += [f"## {name}", *description(cls), *options(cls)]
    return "\n\n".join(parts) + "\n"


def config_page() -> str:
    """The page of the keys of a config."""
    parts = [
        "# Configs",
        "A config is one YAML file. These are its keys; a component is `{type: name, option: value}`, or its "
        "bare name when it needs no options. `nnfs schema` prints the same as a JSON Schema for editors. "
        "[Paths, overrides and YAML itself](index.md) have their own page.",
        "## The whole",
        *options(ExperimentConfig),
        "## training",
        *options(TrainingConfig),
    ]
    return "\n\n".join(parts) + "\n"


def description(cls: type[Any]) -> Iterator[str]:
    """A docstring's paragraphs without the options: equations as they stand, sentences as text."""
    known = {name for name, _, _ in options_in(cls)}

    def without_options(found: "re.Match[str]") -> str:
        return "" if known.issuperset(found[1].split(", ")) else found[0]

    for paragraph in OPTION.sub(without_options, inspect.getdoc(cls) or "").strip().split("\n\n"):
        text = paragraph.strip("\n")
        if text:
            yield prose(text) if is_prose(text) else equations(text)


def equations(text: str) -> str:
    """A paragraph of equations; those that stand side by side get a line each, which phones can show."""
    lines = text if "\n" in text else re.sub(" {3,}", "\n", text)
    return f"{FENCE}text\n{lines}\n{FENCE}"


def is_prose(text: str) -> bool:
    """Whether a paragraph is sentences, and not equations or columns."""
    return text.endswith((".", ":")) and "   " not in text


def options(cls: type[Any], path: str = "") -> Iterator[str]:
    """A table of a class's options; then one for each option that is a mapping of options."""
    texts, hints = option_docs(cls), get_type_hints(cls)
    rows = [
        f"| `{path}{name}` | {cell(kind)} | {cell(default) or 'empty'} | {cell(prose(texts.get(name, '')))} |"
        for name, kind, default in options_in(cls)
    ]
    if not rows:
        yield "No options."
        return
    yield "\n".join(["| option | value | default | what it does |", "|---|---|---|---|", *rows])
    for name in texts:
        inner = item_or_none(hints[name]) or options_among(hints[name])
        if inner is not None and not issubclass(inner, Component):
            yield f"The options of `{path}{name}`:"
            yield from options(inner, f"{path}{name}.")


def cell(text: str) -> str:
    """A text for a table's cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def prose(text: str) -> str:
    """A docstring's text as Markdown: what it does not mean as marks is escaped, but for code."""
    parts = re.split(r"(`[^`]*`)", text)
    marks = str.maketrans({**{mark: f"\\{mark}" for mark in "*_[$"}, "<": "&lt;"})
    return "".join(part if part.startswith("`") else part.translate(marks) for part in parts)


def commands_page() -> str:
    """The page of the commands, as Typer writes it."""
    command = [sys.executable, "-m", "typer", "nnfs_cli.cli.app", "utils", "docs", "--name", "nnfs"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = re.sub(r"^#(#*) `nnfs(.*)`$", r"#\1 nnfs\2", text, flags=re.MULTILINE)
    text = text.replace("# nnfs\n", "# Commands\n", 1).replace(
        f"{FENCE}console\n$ nnfs", f"{FENCE}text\nnnfs"
    )
    return "".join(map(_linked, re.split(r"^(?=##+ )", text, flags=re.MULTILINE)))


def _linked(section: str) -> str:
    """A command's section with links to its subcommands, without their descriptions, which Typer cuts."""
    command = re.match(r"##+ (.*)", section)
    anchor = command[1].replace(" ", "-") if command else "nnfs"
    return re.sub(r"^\* `(\w[\w-]*)`: .*$", rf"* [`\1`](#{anchor}-\1)", section, flags=re.MULTILINE)
