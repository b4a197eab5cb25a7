"""The components' own equations in the pages of mathematics: `python docs/making/equations.py` writes them.

A page marks the place by a comment, which a reader does not see, above a block of mathematics:
`<!-- forward: layer dense -->`, `<!-- backward: ... -->` or `<!-- update: ... -->`.
"""

import dataclasses
import re
from pathlib import Path
from typing import Any

from nnfs_cli.config.reader import create
from nnfs_cli.layers.base import Layer
from nnfs_cli.losses.base import Loss
from nnfs_cli.optimizers.base import Optimizer

PAGES = Path(__file__).parents[1] / "mathematics"
MARKED = re.compile(r"(<!-- (forward|backward|update): (\w+) (\w+) -->\n)(?:```math\n.*?\n```\n)?", re.DOTALL)
FAMILIES: dict[str, Any] = {"layer": Layer, "loss": Loss, "optimizer": Optimizer}


def written(page: str) -> str:
    """The page with each marked block as the component states it."""
    return MARKED.sub(lambda found: f"{found[1]}```math\n{equations(*found.groups()[1:])}\n```\n", page)


def equations(which: str, kind: str, name: str) -> str:
    """The forward or backward equations, or the update, of a component as LaTeX, one under the other."""
    formulas = plainest(FAMILIES[kind], name).equations()
    lines = [f.latex() for f in formulas if which == "update" or bool(f.gradient_of) == (which == "backward")]
    if len(lines) == 1:
        return str(lines[0])
    aligned = [re.sub(r" (=|\\leftarrow) ", r" &\1 ", line, count=1) for line in lines]
    return "\\begin{align*}\n" + " \\\\\n".join(aligned) + "\n\\end{align*}"


def plainest(family: Any, name: str) -> Any:
    """A component with no options but those that it needs, as in its first example."""
    cls = family.registry[name]
    needed = [field.name for field in dataclasses.fields(cls) if field.default is dataclasses.MISSING]
    example, _ = cls.examples[0] if needed else ({}, ())
    return create(family, name, {option: example[option] for option in needed})


def main() -> None:
    """Write the equations into all pages."""
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(written(path.read_text()))


if __name__ == "__main__":
    main()
