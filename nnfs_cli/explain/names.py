"""Names of the arrays in a network: x, z1, a1, z2, ..., and of each layer's parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from nnfs_cli.core.formula_latex import name_in_latex
from nnfs_cli.core.params import Param
from nnfs_cli.layers.base import Layer

KINDS = {
    "z": "z is what a layer with weights gives",
    "n": "n is normalized",
    "a": "a is what an activation gives",
    "f": "f is the input of a residual block's branch",
    "h": "h is what any other layer gives",
}
NUMBERING = "the number counts the layers with weights so far; an array that is only reshaped keeps its name"


@dataclass(frozen=True)
class Name:
    """A name as text and as LaTeX: `z1` and `z_{1}`."""

    text: str
    latex: str

    @classmethod
    def of(cls, stem: str, suffix: str = "") -> "Name":
        latex = name_in_latex(stem)
        return cls(stem + suffix, f"{latex}_{{{suffix}}}" if suffix else latex)

    @property
    def gradient(self) -> "Name":
        r"""The loss's gradient to it: `dz1`, in LaTeX \frac{\partial L}{\partial z_{1}}."""
        return Name(f"d{self.text}", rf"\frac{{\partial L}}{{\partial {self.latex}}}")

    @property
    def derivative(self) -> "Name":
        """The same as the left side of an equation: `dL/dz1`."""
        return Name(f"dL/d{self.text}", self.gradient.latex)


class Namer:
    """Gives each array a name that no other has.

    x: the name of the input.
    """

    x = Name.of("x")

    def __init__(self) -> None:
        self._count = 0
        self._taken: set[str] = set()
        self._kinds: set[str] = set()

    def output(self, layer: Layer, *, keeps_shape: bool) -> tuple[Name, str]:
        """The name of a layer's output, and what its parameters' names end with: `z1` and `1`."""
        kind = _kind(layer, keeps_shape=keeps_shape)
        self._count += kind == "z"
        return self.new(kind)

    def new(self, kind: str) -> tuple[Name, str]:
        """A new name of this kind, and its ending: `h1`, then `h1b`, `h1c`, ..."""
        endings = (f"{self._count}{letter}" for letter in ["", *"bcdefghijklmnopqrstuvwxyz"])
        ending = next((each for each in endings if kind + each not in self._taken), "")
        ending = ending or f"{self._count}z{len(self._taken)}"
        self._taken.add(kind + ending)
        self._kinds.add(kind)
        return Name.of(kind, ending), ending

    @property
    def legend(self) -> str:
        """The rule for those kinds of names that occur."""
        kinds = [text for kind, text in KINDS.items() if kind in self._kinds]
        return "; ".join(["x is the input", *kinds, NUMBERING])


def inner_name(stem: str, ending: str, output: Name) -> Name:
    """The name of a parameter or statistic, in capitals where the output has it, as prelu's `A1`."""
    name = Name.of(stem, ending)
    return Name.of(stem.upper(), ending) if name.text == output.text else name


def own_params(layer: Layer) -> Mapping[str, Param]:
    """The layer's parameters, but for those of sublayers."""
    return {name: param for name, param in layer.params().items() if "/" not in name}


def _kind(layer: Layer, *, keeps_shape: bool) -> str:
    if any(param.decay and len(param.shape) > 1 for param in own_params(layer).values()):
        return "z"
    if layer.type_name.endswith("_norm"):
        return "n"
    is_same_in_evaluation = type(layer).infer is Layer.infer
    return "a" if keeps_shape and is_same_in_evaluation and not layer.sublayers() else "h"
