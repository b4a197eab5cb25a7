"""The layers of a network as parts of an explanation: their equations, and a step's arrays in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import Component
from nnfs_cli.explain.equations import Writer, contradicts, equation_of_names, told_wrong
from nnfs_cli.explain.names import Name, Namer, inner_name
from nnfs_cli.explain.records import Equation, Part
from nnfs_cli.layers.base import Layer, names_of
from nnfs_cli.training.trace import StepTrace


@dataclass(frozen=True, eq=False)
class Place:
    """A layer where it stands, with the arrays around it.

    path: its name, `0_dense`; inside a residual block `2_residual/0_dense`.
    below: the name of x.   depth: how many residual blocks it is inside of.
    has_gradient, needs_dx: whether training computes the gradients to its parameters, and to x.
    """

    path: str
    layer: Layer
    x: Array
    y: Array
    dx: Array
    dy: Array
    below: Name
    depth: int
    has_gradient: bool
    needs_dx: bool


class LayerParts:
    """Walks through a network from its input up, and names what it meets.

    trace: the step. The layers must stand where its forward pass left them.
    symbols: the names of parameters and statistics, by their names in the weights file.
    seen: names whose values the reader has seen.
    """

    def __init__(self, layers: Sequence[Layer], trace: StepTrace, *, has_numbers: bool) -> None:
        self._layers, self._trace, self._has_numbers = layers, trace, has_numbers
        self.namer = Namer()
        self.symbols: dict[str, Name] = {}
        self.seen = {self.namer.x.text, self.namer.x.gradient.text}

    def build(self) -> tuple[list[Part], Name]:
        """The parts, lowest first, and the name of the network's output."""
        trace, trainable = self._trace, [i for i, layer in enumerate(self._layers) if layer.params()]
        lowest = min(trainable, default=len(self._layers))
        arrays = trace.activations, trace.gradients
        return self._chain(self._layers, "", arrays, self.namer.x, lowest, depth=0)

    def _chain(
        self,
        layers: Sequence[Layer],
        prefix: str,
        arrays: tuple[Sequence[Array], Sequence[Array]],
        below: Name,
        lowest: int,
        depth: int,
    ) -> tuple[list[Part], Name]:
        """arrays: activations and gradients.   lowest: no gradient is needed below this layer."""
        parts: list[Part] = []
        (x, dx), *above = zip(*arrays, strict=True)
        for i, (name, layer, (y, dy)) in enumerate(zip(names_of(layers), layers, above, strict=True)):
            place = Place(f"{prefix}{name}", layer, x, y, dx, dy, below, depth, i >= lowest, i > lowest)
            inside = place.path in self._trace.inside
            new, below = self._residual(place) if inside else self._layer(place)
            parts += new
            x, dx = y, dy
        return parts, below

    def _layer(self, place: Place) -> tuple[list[Part], Name]:
        layer, x, y = place.layer, place.x, place.y
        if layer.view(x) is None:
            own, ending = self.namer.output(layer, keeps_shape=x.shape == y.shape)
        else:
            own, ending = place.below, ""
        self.seen |= {own.text, own.gradient.text}  # each is the result of another equation
        stored = (*layer.params(), *layer.statistics())  # of a plugin, those of layers inside it, too
        inner = {name: inner_name(name.replace("/", "_"), ending, own) for name in stored}
        self.symbols |= {f"{place.path}/{name}": shown for name, shown in inner.items()}
        names = {"x": place.below, "y": own, **inner}
        writer = Writer(
            {**names, "dy": own.gradient},
            {**layer.formula_values(x, y), **self._before(place), "x": x, "dy": place.dy},
            self.seen,
            has_numbers=self._has_numbers,
        )
        known = {"y": y, "dx": place.dx, **self._known(place)}
        sides: dict[bool, list[Equation]] = {False: [], True: []}
        is_backward = False
        for formula in layer.equations():
            target, base, left = formula.target, formula.gradient_of, None
            is_backward = is_backward or base in writer.names
            if (is_backward and not place.has_gradient) or (target == "dx" and not place.needs_dx):
                continue
            if base in writer.names:
                left = writer.names[base].derivative
                writer.names[target] = writer.names[base].gradient
            for name in (target, *formula.names):
                if name == target or isinstance(writer.values.get(name), np.ndarray):
                    writer.names.setdefault(name, Name.of(name, ending))
            is_wrong = (
                self._has_numbers and target in known and contradicts(formula, writer.values, known[target])
            )
            equation = writer.equation(formula, known.get(target), left=left)
            sides[is_backward].append(told_wrong(equation) if is_wrong else equation)
        adds = layer.multiply_adds(x.shape[1:], y.shape[1:]) * len(x)
        trained = sum(param.size for param in layer.params().values())
        part = Part(
            name=place.path,
            title=title_of(layer),
            forward=tuple(sides[False]),
            backward=tuple(sides[True]),
            parameters=trained,
            forward_adds=adds,
            backward_adds=adds * (bool(trained) + place.needs_dx) if place.has_gradient else 0,
            depth=place.depth,
        )
        return [part], own

    def _residual(self, place: Place) -> tuple[list[Part], Name]:
        """A part for the branch's input, the parts of the branch, and one for its sum with x."""
        activations, gradients = self._trace.inside[place.path]
        branch, _ = self.namer.new("f")
        self.seen |= {branch.text, branch.gradient.text}
        layers = place.layer.sublayers()
        inner, f = self._chain(
            layers,
            f"{place.path}/",
            (activations, gradients),
            branch,
            -1 if place.has_gradient else len(layers) + 1,
            place.depth + 1,
        )
        own, _ = self.namer.output(place.layer, keeps_shape=True)
        self.seen |= {own.text, own.gradient.text}
        shape = place.y.shape
        split = equation_of_names(branch, [place.below], shape)
        total = equation_of_names(own, [place.below, f], shape, place.y)
        back_in = equation_of_names(f.derivative, [own.gradient], shape)
        both = [own.gradient, branch.gradient]
        back_out = equation_of_names(place.below.derivative, both, shape, place.dx)
        begin = Part(
            name=place.path,
            title="residual: x goes two ways",
            forward=(split,),
            backward=(back_out,) if place.needs_dx else (),
            depth=place.depth,
        )
        end = Part(
            name=place.path,
            title="residual: the sum of both ways",
            forward=(total,),
            backward=(back_in,) if place.has_gradient else (),
            depth=place.depth,
        )
        return [begin, *inner, end], own

    def _before(self, place: Place) -> dict[str, Array]:
        """The layer's own parameters and statistics before the step."""
        return _own(place.path, self._trace.before)

    def _known(self, place: Place) -> dict[str, Array]:
        """What the step computes for the layer's own parameters and statistics, by names in formulas."""
        statistics = {
            name: _own(place.path, self._trace.after)[name] for name in _own_statistics(place.layer)
        }
        return {
            **{f"d{name}": grad for name, grad in _own(place.path, self._trace.grads).items()},
            **statistics,
        }


def _own(path: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Those of arrays such as `0_dense/W` that belong to the layer itself, as `W`."""
    names = {name: name.removeprefix(f"{path}/") for name in arrays if name.startswith(f"{path}/")}
    return {own: arrays[name] for name, own in names.items() if "/" not in own}


def _own_statistics(layer: Layer) -> list[str]:
    return [name for name in layer.statistics() if "/" not in name]


def title_of(component: Component) -> str:
    """The component's name, with the options that its formulas name: `dropout (rate = 0.4)`."""
    named = frozenset().union(*(formula.names for formula in component.equations()))
    options = {
        name: value for name, value in component.options().items() if name in named and value is not None
    }
    shown = ", ".join(f"{name} = {_spelled(value)}" for name, value in options.items())
    return f"{component.type_name} ({shown})" if shown else component.type_name


def _spelled(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
