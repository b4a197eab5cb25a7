"""The network's layers, its loss and its optimizer as equations, with shapes and sizes."""

import re
from collections.abc import Sequence

from nnfs_cli.core.arrays import Shape
from nnfs_cli.core.formula import Formula
from nnfs_cli.layers.base import Layer
from nnfs_cli.report.html import MINUS, Cell, Html, table, text
from nnfs_cli.report.record import RunRecord

WORDS = (
    "Forward from the top down, backward from the bottom up. N is the number of rows in a batch; d before a "
    "name is the gradient of the loss to it."
)
HEAD = ("layer", "forward", "backward", "parameters", "multiply-adds a row")
SUBSCRIPT = re.compile(r"_\{([^}]*)\}")


def equations(record: RunRecord) -> Html:
    """A line for each layer and for the loss; below them the optimizer's step."""
    config, network = record.config, record.network
    if network is None:
        return table(["layer", "type"], [[str(i), each.type_name] for i, each in enumerate(config.layers)])
    shapes = network.shapes
    stack = list(zip(network.names, network.layers, shapes[:-1], shapes[1:], strict=True))
    lines = [_line(name, layer, x, y) for name, layer, x, y in stack]
    adds = sum(layer.multiply_adds(x, y) for _, layer, x, y in stack)
    logits = [_shape("z", network.output_shape)]
    loss: list[Cell] = [_named(config.loss.type_name, logits), *_both(config.loss.equations()), 0, 0]
    total: list[Cell] = ["in all", "", "", network.params.value.size, adds]
    step = [[config.optimizer.type_name, _listed(config.optimizer.equations())]]
    return Html(
        f"<p>{text(WORDS)}</p>"
        + table(HEAD, [*lines, loss, total])
        + (table(["optimizer", "the step of a parameter w with gradient g"], step) if step[0][1] else "")
    )


def _line(name: str, layer: Layer, x: Shape, y: Shape) -> list[Cell]:
    own = {key: param.value.shape for key, param in layer.params().items()}
    shapes = [_shape("x", x), *(f"{key}: {_sizes(shape)}" for key, shape in own.items()), _shape("y", y)]
    size = sum(param.value.size for param in layer.params().values())
    return [_named(name, shapes), *_both(layer.equations()), size, layer.multiply_adds(x, y)]


def _both(formulas: Sequence[Formula]) -> tuple[Html, Html]:
    """The forward and the backward formulas."""
    forward = [formula for formula in formulas if not formula.gradient_of]
    return _listed(forward), _listed([formula for formula in formulas if formula.gradient_of])


def _listed(formulas: Sequence[Formula]) -> Html:
    written = (SUBSCRIPT.sub(r"<sub>\1</sub>", text(formula.written())) for formula in formulas)
    return Html("<br>".join(f'<span class="eq">{formula.replace("-", MINUS)}</span>' for formula in written))


def _named(name: str, shapes: Sequence[str]) -> Html:
    return Html(f'{text(name)}<br><span class="sizes">{"<br>".join(map(text, shapes))}</span>')


def _shape(name: str, shape: Shape) -> str:
    return f"{name}: {_sizes(('N', *shape))}"


def _sizes(shape: Sequence[object]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
