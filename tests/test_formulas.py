"""Each stated formula gives what its component computes, and every planted mistake in one is seen."""

import ast
import functools
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array, Shape
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.formula import Formula, evaluate
from nnfs_cli.core.formula_text import in_ascii
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.gradcheck.formula_laws import formulas_hold, loss_formulas_hold
from nnfs_cli.gradcheck.layer_laws import Trial
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS, Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.losses.mse import MSE
from nnfs_cli.metrics.base import METRICS, Metric
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer
from nnfs_cli.regularizers.base import REGULARIZERS, Regularizer
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule
from nnfs_cli.schedules.reduce_on_plateau import ReduceOnPlateau

Equations = Sequence[Formula]
FAMILIES: dict[str, Registry[Any]] = {
    "layer": LAYERS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "regularizer": REGULARIZERS,
    "schedule": SCHEDULES,
    "metric": METRICS,
}
COUNTED = ("f1", "precision", "recall", "roc_auc", "top_k_accuracy", "expected_calibration_error")
"""Metrics that count or rank rows, which is no formula of arrays."""
NAMES = [(family, name) for family, registry in FAMILIES.items() for name in registry if name not in COUNTED]
FIXED = {
    "epsilon": 0.01,
    "beta1": 0.4,
    "beta2": 0.7,
    "minimum": 0.01,
    "end": 0.02,
    "cycle": 2.0,
    "power": 2.0,
    "patience": 0,
    "every": 1.5,
}
"""Options that make a difference in every formula with their name."""


def cases(family: str, name: str) -> list[tuple[Mapping[str, Any], Shape]]:
    """Options, and the shape of a row, so that every condition in formulas both holds and does not."""
    cls: type[Component] = FAMILIES[family][name]
    if family == "layer":
        return list(LAYERS[name].examples)
    own = cls.__dataclass_fields__
    asked = {word for line in cls.formulas for word in line.partition(" if ")[2].split() if word in own}
    choices = [[(option, own[option].default), (option, other(own[option].default))] for option in asked]
    fixed = {option: value for option, value in FIXED.items() if option in own}
    tried = [fixed | dict(chosen) for chosen in itertools.product(*choices)]
    given = getattr(cls, "examples", ())
    return [(options, ()) for options in (given or tried) if is_allowed(cls, options)]


def other(default: object) -> object:
    return not default if isinstance(default, bool) else 0.3


def is_allowed(cls: type[Component], options: Mapping[str, Any]) -> bool:
    try:
        create(cls, cls.type_name, options)
    except NnfsError:
        return False
    return True


def agree(computed: Mapping[str, Any], real: Mapping[str, Any]) -> None:
    """Every real array is stated, with its shape and its numbers."""
    for name, array in real.items():
        assert name in computed, f"no formula of {name}"
        one_slope = np.shape(array) == (1,) and np.shape(computed[name]) == ()
        assert one_slope or np.shape(computed[name]) == np.shape(array), name
        np.testing.assert_allclose(computed[name], array, rtol=1e-10, atol=1e-10, err_msg=name)


Observed = tuple[Equations, Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]]
"""A component's equations; and each time it was run, the values of names, and what it then computed."""


def observed_layer(layer: Layer, shape: Shape) -> Observed:
    workspace = trained(layer, shape)
    x, y, dy = workspace.x, workspace.y, workspace.dy
    grads = {f"d{name}": each.grad for name, each in layer.params().items() if "/" not in name}
    values = {**layer.formula_values(x, y), "x": x, "y": y, "dy": dy}
    return layer.equations(), [(values, {"y": y, **grads, "dx": workspace.gradients[0]})]


def trained(layer: Layer, shape: Shape) -> Workspace:
    """A layer with random parameters, after a pass forward and backward of random arrays."""
    network = Network([layer], shape, "float64")
    network.use_draws(Draws(8))
    rng = np.random.default_rng(1)
    network.params.value[...] = rng.normal(size=network.params.value.shape)
    network.params.statistics[...] = rng.uniform(0.5, 1.5, network.params.statistics.shape)
    workspace = Workspace(network, 4, to_input=True)
    workspace.x[...] = 3.0 * rng.normal(size=workspace.x.shape)
    workspace.forward()
    workspace.dy[...] = rng.normal(size=workspace.dy.shape)
    workspace.backward()
    return workspace


def observed_loss(loss: Loss, _: Shape) -> Observed:
    seen = []
    for _task, z, t in loss.trials(4, 3, np.random.default_rng(2)):
        dz = np.empty_like(z)
        loss.gradient(z, t, dz)
        seen.append((loss.formula_values(z, t), {"L": loss.value(z, t), "dz": dz}))
    return loss.equations(), seen


def weights(inputs: int, units: int) -> FlatParams:
    network = Network([Dense(units, bias=False)], (inputs,), "float64")
    network.params.value[...] = np.random.default_rng(4).normal(size=network.params.value.shape)
    return network.params


def observed_optimizer(optimizer: Optimizer, _: Shape) -> Observed:
    equations, params, seen = optimizer.equations(), weights(5, 6), []
    optimizer.build(params)
    rng = np.random.default_rng(3)
    for _step in range(3):
        params.grad[...] = rng.normal(size=params.grad.shape)
        before = optimizer.formula_values(params, 0.1)
        optimizer.step(params, 0.1)
        after = optimizer.formula_values(params, 0.1)
        kept = {each.target for each in equations} & set(after) - {"g"}
        seen.append((before, {name: after[name] for name in kept}))
    return equations, seen


def observed_regularizer(regularizer: Regularizer, _: Shape) -> Observed:
    params = weights(30, 1)
    params.grad[...] = 0.0
    values, penalty = regularizer.formula_values(params), regularizer.penalty(params)
    regularizer.add_gradient(params)
    regularizer.constrain(params)
    equations = regularizer.equations()
    if any(each.target == "w" for each in equations):
        return equations, [(values, {"w": params.value})]
    return equations, [(values, {"penalty": penalty, "dw": params.grad})]


def observed_schedule(schedule: Schedule, _: Shape) -> Observed:
    seen = []
    schedule.start()
    for step in range(40):
        clock = Clock(step, 4, 10)
        values = {"lr": schedule.learning_rate(0.1, clock), **schedule.formula_values(0.1, clock)}
        if isinstance(schedule, ReduceOnPlateau):
            if step != 3:
                continue
            schedule.observe(1.0)
            schedule.observe(1.0)
        seen.append((values, {"lr": schedule.learning_rate(0.1, clock)}))
    return schedule.equations(), seen


def observed_metric(metric: Metric, _: Shape) -> Observed:
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(3), 20)
    t = rng.integers(0, 3, 20) if metric.tasks == ("classification",) else rng.normal(size=p.shape)
    return metric.equations(), [(metric.formula_values(p, t), {metric.type_name: metric(p, t)})]


OBSERVERS: dict[str, Callable[[Any, Shape], Observed]] = {
    "layer": observed_layer,
    "loss": observed_loss,
    "optimizer": observed_optimizer,
    "regularizer": observed_regularizer,
    "schedule": observed_schedule,
    "metric": observed_metric,
}


@functools.cache
def observed(family: str, name: str) -> list[Observed]:
    """For each case of a component."""
    cls = FAMILIES[family][name]
    return [OBSERVERS[family](create(cls, name, options), shape) for options, shape in cases(family, name)]


@pytest.mark.parametrize(("family", "name"), NAMES)
def test_every_formula_gives_what_its_component_computes(family: str, name: str) -> None:
    for equations, seen in observed(family, name):
        for values, real in seen:
            agree(evaluate(equations, values), real)


def test_every_line_of_every_components_formulas_is_tried() -> None:
    for family, name in NAMES:
        tried = {written(formula) for equations, _ in observed(family, name) for formula in equations}
        lines = {line.partition(" if ")[0] for line in FAMILIES[family][name].formulas}
        assert lines, f"{name} states no formulas"
        assert {written(Formula.parse(line, (), {"f"})) for line in lines} <= tried, name


def written(formula: Formula) -> str:
    """Without the options of windows, which are left out where they are 1."""
    return formula.text.replace(", stride, dilation, groups", "")


def test_formulas_of_evaluation_give_what_infer_computes() -> None:
    for name in LAYERS:
        for options, shape in LAYERS[name].examples:
            layer: Layer = create(Layer, name, options)
            workspace = trained(layer, shape)
            values = layer.formula_values(workspace.x, workspace.y)
            workspace.infer()
            agree(evaluate(layer.infer_equations(), {**values, "x": workspace.x}), {"y": workspace.y})


def mutants(expression: str) -> Iterator[str]:
    """The expression with one mistake: another sign, a factor or a transposition left out, a test turned."""
    places = range(len(list(ast.walk(ast.parse(expression, mode="eval")))))
    for place, kind in itertools.product(places, range(2)):
        tree = ast.parse(expression, mode="eval")
        changed = ast.unparse(_Mistake(list(ast.walk(tree))[place], kind).visit(tree))
        if changed != ast.unparse(ast.parse(expression)):
            yield changed


class _Mistake(ast.NodeTransformer):
    def __init__(self, node: ast.AST, kind: int) -> None:
        self.node, self.kind = node, kind

    def visit(self, node: ast.AST) -> Any:
        return self.mistaken(node) if node is self.node else super().visit(node)

    def mistaken(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.BinOp(left, ast.Add(), right):
                return ast.BinOp(left, ast.Sub(), right)
            case ast.BinOp(left, ast.Sub(), right):
                return ast.BinOp(left, ast.Add(), right)
            case ast.BinOp(left, ast.Mult() | ast.Div(), right):
                return left if self.kind else right
            case ast.Attribute(value) | ast.UnaryOp(ast.USub(), value):
                return value
            case ast.Compare(left, [ast.Gt()], right):
                return ast.Compare(left, [ast.Lt()], right)
        return node


@pytest.mark.parametrize(("family", "name"), NAMES)
def test_every_planted_mistake_in_a_formula_is_seen(family: str, name: str) -> None:
    found = observed(family, name)
    unseen = []
    for text in {formula.text for equations, _ in found for formula in equations}:
        target, _, right = text.partition(" = ")
        for mistake in {f"{target} = {each}" for each in mutants(right)}:
            if not any(is_seen(each, text, mistake) for each in found):
                unseen.append(mistake)
    assert not unseen


def is_seen(observed: Observed, text: str, mistake: str) -> bool:
    """Whether the law fails if `text` is replaced by `mistake`."""
    equations, seen = observed
    wrong = [Formula.parse(mistake, each.numbers, {"f"}) if each.text == text else each for each in equations]
    if wrong == list(equations):
        return False
    try:
        for values, real in seen:
            agree(evaluate(wrong, values), real)
    except (AssertionError, NnfsError, ValueError, TypeError):
        return True
    return False


EQUATIONS = {
    formula.text: formula
    for family, name in NAMES
    for equations, _ in observed(family, name)
    for formula in equations
}
"""All formulas of all components."""


@pytest.mark.parametrize(
    "names",
    [
        pytest.param({}, marks=pytest.mark.slow, id="own"),
        pytest.param({"x": "x_{0}", "y": "z_{1}", "W": "W_{1}"}, id="shown"),
    ],
)
def test_every_formula_is_rendered_as_latex(names: dict[str, str]) -> None:
    parser = MathTextParser("path")
    for formula in EQUATIONS.values():
        if not names or "W" in formula.text:
            parser.parse(f"${formula.latex(names)}$")


def test_every_formula_has_a_form_in_ascii() -> None:
    for formula in EQUATIONS.values():
        assert in_ascii(formula.written()).isascii()


D = r"\dfrac{\partial L}{\partial %s}"


@pytest.mark.parametrize(
    ("stated", "text", "latex"),
    [
        ("dW = x.T @ dy", "dW1 = xᵀ dy", rf"{D % 'W_1'} = x^{{\top}} \, {D % 'y'}"),
        ("dz = 2 / (N * M) * (z - t)", "dz = 2/(N M) (z - t)",
         rf"{D % 'z'} = \dfrac{{2}}{{N \, M}} \, \left(z - t\right)"),
        ("db = sum(dy, n)", "db = Σₙ dy", rf"{D % 'b'} = \sum_{{n}} \, {D % 'y'}"),
        ("dx = dy * (y > 0)", "dx = dy ⊙ (y > 0)", rf"{D % 'x'} = {D % 'y'} \odot \mathbf{{1}}_{{y > 0}}"),
        ("w = w - lr * g", "w ← w - lr g", r"w \leftarrow w - \eta \, g"),
        ("a = (b + c) * d / (e * f) - (g - h)", "a = (b + c) ⊙ d / (e ⊙ f) - (g - h)",
         r"a = \dfrac{\left(b + c\right) \odot d}{e \odot f} - \left(g - h\right)"),
        ("a = (x @ W) * m", "a = (x W1) ⊙ m", r"a = \left(x \, W_1\right) \odot m"),
        ("a = (-b)**2 * 3", "a = (-b)² · 3", r"a = \left(-b\right)^{2} \cdot 3"),
        ("a = x * 1e-12 + 12345678 * b", "a = x · 1e-12 + 12345678 b",
         r"a = x \cdot 1 \cdot 10^{-12} + 12345678 \, b"),
        ("a = 2 * sum(x) * y", "a = (2 Σ x) y", r"a = \left(2 \, \sum \, x\right) \, y"),
    ],
)  # fmt: skip
def test_a_formula_is_written_as_people_write_it(stated: str, text: str, latex: str) -> None:
    formula = Formula.parse(stated)
    assert formula.written({"W": "W1"}) == text
    assert " ".join(formula.latex({"W": "W_1"}).split()) == latex


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y", "must be `name = expression`"),
        ("y = ", "must be `name = expression`"),
        ("y == x", "must be `name = expression`"),
        ("y = x @", "invalid syntax at `x @`"),
        ("y = expp(x)", "no function 'expp'; did you mean 'exp'?"),
        ("y = sum(x, q)", "`q` is no index; there are c, f, k, m, n, r, s"),
        ("y = exp(x, but=c)", "only mean, sum, var take `but=`"),
        ("y = x[0]", "`0` is no index"),
        ("y = [x]", "cannot contain `[x]`"),
        ("y = x.shape", "cannot contain `x.shape`"),
        ("y = (lambda: x)()", "cannot contain `(lambda: x)()`"),
        ("y = 'x'", "cannot contain `'x'`"),
    ],
)
def test_a_formula_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(NnfsError, match=re.escape(message)):
        Formula.parse(text)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(NnfsError, match=r"no value of 'b'"):
        Formula.parse("y = x + b").value({"x": np.ones(2)})


def test_the_factors_of_a_gradient_are_those_of_the_chain_rule() -> None:
    values = {"dy": np.ones((2, 2)), "y": np.eye(2), "z": np.ones(2), "t": np.zeros(2), "N": 2, "M": 1}
    factors = Formula.parse("dx = dy * (y > 0)").factors(values)
    assert [(part.written(), value.tolist()) for part, value in factors] == [
        ("dy", [[1, 1], [1, 1]]),
        ("y > 0", [[1, 0], [0, 1]]),
    ]
    written = [part.written() for part, _ in Formula.parse("dz = 2 / (N * M) * (z - t)").factors(values)]
    assert written == ["2/(N M)", "z - t"]
    written = [part.written() for part, _ in Formula.parse("a = z - t").factors(values)]
    assert written == ["z", "-t"]


@dataclass(eq=False)
class Untold(Layer):
    """A layer that states no formulas."""

    type_name = "my-layer"

    def build(self, shape: Shape) -> Shape:
        self.W = Param((shape[0], 2), Zeros())
        return (2,)

    def forward(self, x: Array, y: Array) -> None:
        np.matmul(x, self.W.value, out=y)

    def param_grads(self, x: Array, y: Array, dy: Array) -> None:
        np.matmul(x.T, dy, out=self.W.grad)

    def input_grad(self, x: Array, y: Array, dy: Array, dx: Array) -> None:
        np.matmul(dy, self.W.value.T, out=dx)


def test_a_layer_without_formulas_is_shown_as_a_function() -> None:
    layer = Untold()
    layer.build((3,))
    assert [each.written() for each in layer.equations()] == [
        "y = my_layer(x, W)",
        "dW = (∂y/∂W)ᵀ dy",
        "dx = (∂y/∂x)ᵀ dy",
    ]
    assert [each.written() for each in layer.infer_equations()] == ["y = my_layer(x, W)"]


def test_what_a_layer_does_not_state_is_said_in_general_terms() -> None:
    layer = Half()
    layer.build((3,))
    assert [each.written() for each in layer.equations()] == [
        "y = x W",
        "dx = dy Wᵀ",
        "dW = (∂y/∂W)ᵀ dy",
    ]


class Half(Untold):
    formulas = ("y = x @ W", "dx = dy @ W.T")


@pytest.mark.parametrize(
    ("formulas", "message"),
    [
        (("y = x @",), "layer 'my-layer': formula `y = x @`: invalid syntax"),
        (("y = x if bias",), "layer 'my-layer': formula: a condition asks for options, found `bias`"),
        ("y = x", "layer 'my-layer': formulas must be a tuple of lines, found 'y = x'"),
    ],
)
def test_a_plugins_mistake_in_a_formula_is_told(formulas: Any, message: str) -> None:
    layer = type("Wrong", (Untold,), {"formulas": formulas})()
    with pytest.raises(NnfsError, match=re.escape(message)):
        layer.equations()


class Mistaken(Dense):
    formulas = ("y = x @ W + b", "dW = dy.T @ x", "db = sum(dy, n)", "dx = dy @ W.T")


class Drawing(Dense):
    formulas = ("y = m * (x @ W + b)",)


class Halved(MSE):
    formulas = ("L = 1 / (N * M) * sum((z - t)**2)", "dz = 1 / (N * M) * (z - t)")


def test_the_gradient_check_finds_a_wrong_formula() -> None:
    assert formulas_hold(Trial(Dense(3), (4,))) == ""
    assert "formula `dW = dy.T @ x` gives an array (3, 4)" in formulas_hold(Trial(Mistaken(3), (4,)))
    assert "formula `dW = dy.T @ x`: dW[0, 1] is" in formulas_hold(Trial(Mistaken(3), (3,)))
    assert "no value of 'm'" in formulas_hold(Trial(Drawing(3), (4,)))
    assert formulas_hold(Trial(Untold(), (3,))) == ""
    assert list(loss_formulas_hold(MSE(), 0)) == []
    assert "formula `dz = 1 / (N * M) * (z - t)`: dz[0, 0] is" in next(loss_formulas_hold(Halved(), 0))


@pytest.mark.parametrize(
    ("name", "options", "shape", "count"),
    [
        ("dense", {"units": 3}, (5,), 15),
        ("conv2d", {"filters": 4, "kernel_size": 3, "groups": 4}, (4, 5, 6), 4 * 3 * 4 * 9),  # depthwise
        ("conv_transpose2d", {"filters": 2, "kernel_size": 3}, (3, 2, 2), 2 * 2 * 3 * 2 * 9),
        ("avg_pool2d", {"pool_size": 2}, (3, 4, 4), 3 * 4 * 4),
        ("residual", {"layers": [{"type": "dense", "units": 5}, "tanh"]}, (5,), 25),
        ("relu", {}, (5,), 0),
    ],
)
def test_multiply_adds_are_those_of_a_row(
    name: str, options: dict[str, Any], shape: Shape, count: int
) -> None:
    layer: Layer = create(Layer, name, options)
    network = Network([layer], shape, "float64")
    assert layer.multiply_adds(*network.shapes) == count


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 1}, {"groups": 2}, {"dilation": 2}])
def test_multiply_adds_of_a_convolution_are_those_of_its_loops(options: dict[str, Any]) -> None:
    layer: Layer = create(Layer, "conv2d", {"filters": 4, "kernel_size": 2, **options})
    network = Network([layer], (2, 5, 6), "float64")
    (_, channels, *window), (filters, *pixels) = layer.params()["W"].shape, network.shapes[1]
    loops = itertools.product(*map(range, (filters, *pixels, channels, *window)))
    assert layer.multiply_adds(*network.shapes) == sum(1 for _ in loops)
