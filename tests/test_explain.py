"""`nnfs explain`: each printed number is what plain NumPy computes, in each format and for each layer."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import nnfs_cli
from nnfs_cli import LAYERS, explain
from nnfs_cli.config.load import load_config
from nnfs_cli.training.experiment import Experiment
from tests import printed
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

Array = npt.NDArray[Any]
Numbers = dict[str, list[Array]]
CONFIGS = ROOT / "configs"


def experiment(name: str, *overrides: str) -> Experiment:
    return Experiment(load_config(CONFIGS / f"{name}.yaml", overrides))


class Plain:
    """The numbers of one step, by the names that the explanation prints, each in the order of printing."""

    def __init__(self) -> None:
        self.numbers: Numbers = defaultdict(list)

    def note(self, **arrays: npt.ArrayLike) -> None:
        for name, array in arrays.items():
            self[name] = array

    def __setitem__(self, name: str, array: npt.ArrayLike) -> None:
        self.numbers[name].append(np.asarray(array, np.float64))

    def check(self, text: str) -> int:
        """Compare every printed number. How many there are."""
        count = 0
        for block in printed.blocks(text):
            assert self.numbers[block.name], f"nothing computes {block.name}"
            count += printed.check(block, self.numbers[block.name].pop(0))
        left = {name for name, arrays in self.numbers.items() if arrays}
        assert not left, f"not printed: {left}"
        return count


LOSSES: dict[str, tuple[str, str, str]] = {
    # loss: how its 1/N, what it sums, and the difference in its gradient are written
    "binary_cross_entropy": ("-1/(N M)", "t * log(p) + (1 - t) * log(1 - p)", "p - t"),
    "cross_entropy": ("-1/N", "log(p[n, t_n])", "p - onehot(t)"),
    "mse": ("1/(N M)", "({z} - t)^2", "{z} - t"),
}


def plain_step(
    plain: Plain, x: Array, t: Array, weights: list[tuple[Array, Array]], activation: str, loss: str
) -> tuple[list[tuple[Array, Array]], float]:
    """Forward and backward of dense layers, straight from the equations; the gradients, and the loss."""
    inputs, below, last = [x], "x", len(weights)
    plain["x"] = x
    for k, (W, b) in enumerate(weights, 1):
        z = inputs[-1] @ W + b
        plain[f"W{k}"], plain[f"b{k}"], plain[f"{below} W{k}"], plain[f"z{k}"] = W, b, inputs[-1] @ W, z
        if k < last:
            inputs.append(np.tanh(z) if activation == "tanh" else np.maximum(z, 0))
            below, plain[f"a{k}"] = f"a{k}", inputs[-1]
    n, m = z.shape
    share, summand, difference = (text.format(z=f"z{last}") for text in LOSSES[loss])
    if loss == "binary_cross_entropy":
        p = 1 / (1 + np.exp(-z))
        terms, error = t * np.log(p) + (1 - t) * np.log(1 - p), p - t
        plain["p"], factor = p, -1 / (n * m)
    elif loss == "cross_entropy":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        terms, error = np.log(p[np.arange(n), t]), p - np.eye(m)[t]
        plain["p"], factor = p, -1 / n
    else:
        terms, error, factor = (z - t) ** 2, z - t, 1 / (n * m)
    plain["t"], plain[share], plain["L"] = t, factor, factor * terms.sum()
    if terms.size > 1:
        plain[summand] = terms
    plain[f"sum {summand}" if loss != "binary_cross_entropy" else f"sum ({summand})"] = terms.sum()
    by_rows = 2 / (n * m) if loss == "mse" else abs(factor)
    plain["2/(N M)" if loss == "mse" else share.lstrip("-")], plain[difference] = by_rows, error
    plain["N"], plain["N"] = n, n
    delta = by_rows * error
    plain[f"dL/dz{last}"] = delta
    gradients = []
    for k in range(last, 0, -1):
        gradients.append((inputs[k - 1].T @ delta, delta.sum(axis=0)))
        plain[f"dL/dW{k}"], plain[f"dL/db{k}"] = gradients[-1]
        if k > 1:
            slope = 1 - inputs[k - 1] ** 2 if activation == "tanh" else (inputs[k - 1] > 0) * 1.0
            back = delta @ weights[k - 1][0].T
            delta = back * slope
            written = f"1 - a{k - 1}^2" if activation == "tanh" else f"a{k - 1} > 0"
            plain[f"dL/da{k - 1}"], plain[written], plain[f"dL/dz{k - 1}"] = back, slope, delta
    return gradients[::-1], float(factor * terms.sum())


def weights_of(it: Experiment) -> list[tuple[Array, Array]]:
    arrays = it.network.params.arrays()
    names = [name for name in it.network.names if "dense" in name]
    return [(arrays[f"{name}/W"].astype(float), arrays[f"{name}/b"].astype(float)) for name in names]


def rows_of(it: Experiment, rows: Array) -> tuple[Array, Array]:
    split = it.data.splits["train"]
    t = split.t[rows]
    return split.x[rows].astype(float), t.reshape(-1, 1) if it.loss.type_name.startswith("binary") else t


@pytest.mark.parametrize("row", range(4))
def test_every_number_of_a_small_network_is_what_a_student_computes(row: int) -> None:
    it, plain = experiment("xor"), Plain()
    x, t = rows_of(it, it.data.splits["train"].rows[[row]])
    gradients, before = plain_step(plain, x, t, weights_of(it), "tanh", "binary_cross_entropy")
    for k, ((W, b), (dW, db)) in enumerate(zip(weights_of(it), gradients, strict=True), 1):
        plain[f"-lr dW{k}"], plain[f"new W{k}"] = -0.5 * dW, W - 0.5 * dW
        plain[f"-lr db{k}"], plain[f"new b{k}"] = -0.5 * db, b - 0.5 * db
    text = explain(it, row=row).text(80)
    assert plain.check(text) == 62
    stepped = [
        (W - 0.5 * dW, b - 0.5 * db) for (W, b), (dW, db) in zip(weights_of(it), gradients, strict=True)
    ]
    _, after = plain_step(Plain(), x, t, stepped, "tanh", "binary_cross_entropy")
    first, second = re.findall(r"after the step: (\S+); it was (\S+),", text.replace("\n", " "))[0]
    assert printed.agrees(first, after)
    assert printed.agrees(second, before)


def test_adam_with_a_penalty_clipping_and_an_average_is_recomputed() -> None:
    options = [
        "optimizer={type: adam, learning_rate: 0.1, weight_decay: 0.02}",
        "regularizer={type: l2, strength: 0.3}",
        "training.clip_norm=0.2",
        "training.ema=0.9",
    ]
    it, plain = experiment("xor", *options), Plain()
    order = np.random.default_rng()
    order.bit_generator.state = it.shuffle_state
    x, t = rows_of(it, order.permutation(it.data.splits["train"].rows))
    weights = weights_of(it)
    gradients, _ = plain_step(plain, x, t, weights, "tanh", "binary_cross_entropy")
    penalized = [(dW + 0.3 * W, db) for (W, _), (dW, db) in zip(weights, gradients, strict=True)]
    norm = np.sqrt(sum((array**2).sum() for pair in penalized for array in pair))
    factor = min(1.0, 0.2 / norm)
    for k, pair in enumerate(zip(weights, penalized, strict=True), 1):
        for name, w, g in zip(("W", "b"), *pair, strict=True):
            plain["g"], plain["min(1, clip_norm/|g|)"], plain["clip_norm"] = g, factor, 0.2
            g = g * factor
            plain["new g"] = g
            if name == "W":
                plain[f"strength W{k}"], plain[f"weight_decay W{k}"] = 0.3 * w, 0.02 * w
                g = g + 0.02 * w
                plain["new g"] = g
            plain["beta1 m"], plain["(1 - beta1) g"], plain["new m"] = 0 * g, 0.1 * g, 0.1 * g
            plain["beta2 v"], plain["(1 - beta2) g^2"], plain["new v"] = 0 * g, 0.001 * g**2, 0.001 * g**2
            plain["1/(1 - beta1^n)"], plain["beta1"], plain["mhat"] = 10, 0.9, g
            plain["1/(1 - beta2^n)"], plain["beta2"], plain["vhat"] = 1000, 0.999, g**2
            change = -0.1 * g / (np.sqrt(g**2) + 1e-8)
            plain["-lr mhat / (sqrt(vhat) + epsilon)"], plain[f"new {name}{k}"] = change, w + change
            plain[f"(1 - decay) ({name}{k} - average)"] = 0.9 * change
            plain["new average"] = w + 0.9 * change
    assert plain.check(explain(it, batch=True).text(80)) > 250


def test_a_large_batch_shows_corners_and_norms_and_momentum_starts_from_zero() -> None:
    it, plain = experiment("cubic", "optimizer.momentum=0.9", "training.batch_size=16"), Plain()
    order = np.random.default_rng()
    order.bit_generator.state = it.shuffle_state
    x, t = rows_of(it, order.permutation(it.data.splits["train"].rows)[:16])
    gradients, _ = plain_step(plain, x, t, weights_of(it), "relu", "mse")
    for k, pair in enumerate(zip(weights_of(it), gradients, strict=True), 1):
        for name, w, g in zip(("W", "b"), *pair, strict=True):
            plain["g"], plain["new v"], plain[f"new {name}{k}"] = g, g, w - 0.01 * g
            if w.size <= 16:
                plain["momentum v"], plain["-lr v"] = 0 * g, -0.01 * g
    assert plain.check(explain(it, batch=True).text(80)) > 400


def test_probabilities_of_classes_and_their_gradient_are_recomputed() -> None:
    it, plain = experiment("spiral", "optimizer=sgd", "training.batch_size=8"), Plain()
    x, t = rows_of(it, it.data.splits["train"].rows[[5]])
    gradients, _ = plain_step(plain, x, t, weights_of(it), "relu", "cross_entropy")
    for k, pair in enumerate(zip(weights_of(it), gradients, strict=True), 1):
        for name, w, g in zip(("W", "b"), *pair, strict=True):
            plain[f"new {name}{k}"] = w - 0.01 * g
            if w.size <= 16:
                plain[f"-lr d{name}{k}"] = -0.01 * g
    assert plain.check(explain(it, row=5).text(80)) > 200


# What each layer's equations say, and how they are written


EXAMPLES = [(name, options, shape) for name in LAYERS for options, shape in LAYERS[name].examples]


@pytest.mark.parametrize(("name", "options", "shape"), EXAMPLES)
def test_each_layer_is_explained_with_the_shapes_of_its_real_arrays(
    name: str, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    below = [{"type": "prelu"}] if len(shape) == 1 else []  # then there are gradients below the layer, too
    config = {
        "name": "it_is",
        "layers": [*below, {"type": name, **options}, "flatten", {"type": "dense", "units": 2}],
        "dataset": {"type": "npz", "validation": 0},
        "loss": "mse",
        "optimizer": "sgd",
        "training": {"epochs": 1, "batch_size": 4},
    }
    it = nnfs_cli.Experiment(config, x=rng.normal(size=(6, *shape)), y=rng.normal(size=(6, 2)))
    explained = explain(it, batch=True)
    record = explained.record
    sizes = {param.value.shape for param in it.network.params.named.values()}
    gradients = [each.result.value.shape for part in record.parts for each in part.backward if each.result]
    assert sizes <= set(gradients)  # each parameter has its gradient
    for equation in record.equations():
        if equation.result is not None:
            value = equation.result.value
            stated = equation.shapes.rpartition("-> ")[2]
            assert stated == (str(value.shape) if value.shape else "a number"), equation.line
            assert np.isfinite(value).all(), equation.line
    assert record.parameters == it.network.params.value.size
    assert printed_shapes(explained.text(200))
    for written in (explained, explain(it)):
        check_markdown(written.markdown(), written._repr_markdown_())
        check_latex(written.latex())


def printed_shapes(text: str) -> list[str]:
    return re.findall(r" : (.*\) -> .*)$", text, re.MULTILINE)


def check_markdown(page: str, cell: str) -> None:
    """GitHub's rules: fences are closed, tables have as many cells in each row, and no bar inside one."""
    assert page.count("```math") * 2 == page.count("```")
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) <= 1
    for line in page.splitlines():
        assert line.count("$`") == line.count("`$")
    prose = re.sub(r"```math.*?```|\$`.*?`\$", "", page, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[_*$`]", prose.replace("**Update**", ""))
    assert "$`" not in cell
    assert cell.replace("\\$", "").count("$") % 2 == 0


COMMANDS = frozenset(
    [
        "alpha",
        "begin",
        "beta",
        "bmatrix",
        "cdot",
        "cdots",
        "cosh",
        "delta",
        "dfrac",
        "documentclass",
        "end",
        "epsilon",
        "eta",
        "exp",
        "footnotesize",
        "frac",
        "gamma",
        "geq",
        "hat",
        "hline",
        "infty",
        "int",
        "left",
        "leftarrow",
        "leq",
        "lfloor",
        "log",
        "mathbf",
        "mathrm",
        "max",
        "min",
        "mu",
        "newline",
        "odot",
        "par",
        "parindent",
        "partial",
        "phi",
        "pi",
        "qquad",
        "quad",
        "rfloor",
        "rho",
        "right",
        "section",
        "setcounter",
        "setlength",
        "sigma",
        "sqrt",
        "subsection",
        "sum",
        "tanh",
        "textasciicircum",
        "textasciitilde",
        "textbackslash",
        "textbf",
        "textwidth",
        "to",
        "top",
        "usepackage",
        "varepsilon",
        "vdots",
    ]
)


def check_latex(document: str) -> None:
    """Braces and environments match, and each command is known."""
    assert document.rstrip().endswith(r"\end{document}")
    document = re.sub(r"^%.*\n", "", document)
    depth = 0
    for mark in re.findall(r"(?<!\\)[{}]", document):
        depth += 1 if mark == "{" else -1
        assert depth >= 0
    assert depth == 0
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", document):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    unknown = set(re.findall(r"\\([A-Za-z]+)", document)) - COMMANDS
    assert not unknown


# The command, and other experiments


@pytest.mark.parametrize(("name", "row", "file"), [("xor", 1, "xor-step"), ("mnist", None, "mnist-tree")])
def test_the_pages_are_as_they_were_read_and_kept(name: str, row: int | None, file: str) -> None:
    kept = (ROOT / "tests" / "reference" / f"{file}.txt").read_text()
    assert explain(name, row=row).text(80) + "\n" == kept
    assert kept.isascii()
    assert len(kept.splitlines()) <= 80  # a page


@pytest.mark.parametrize("width", [60, 80, 200])
def test_lines_fit_the_terminal(nnfs: Nnfs, width: int) -> None:
    it = experiment("spiral")
    for options in ({}, {"row": 2}, {"batch": True}):
        lines = explain(it, **options).text(width).splitlines()
        assert max(map(len, lines)) <= max(width, 64)
    tree = explain(it).text(width)
    assert ("read upward" in tree) == (width >= 72)
    if width != 80:
        assert "z1 = x W1 + b1 : (32, 2)(2, 32) -> (32, 32)" in tree
        assert "dL/dW1 = x^T dz1 : (2, 32)(32, 32) -> (2, 32)" in tree
    assert nnfs("explain", "spiral").out.strip() == explain(it).text(140)


@pytest.mark.parametrize("width", [50, 60, 80])
def test_long_names_stand_above_their_numbers_where_the_line_is_short(width: int) -> None:
    changes = ("optimizer=nadam", "loss=huber", "training.clip_norm=0.1", "training.ema=0.99")
    text = explain(experiment("cubic", "layers.0.units=4", *changes), row=2).text(width)
    assert max(map(len, text.splitlines())) <= width


def test_no_term_of_a_finite_loss_is_infinite() -> None:
    sure = experiment("xor", "layers=[{type: dense, units: 1, init: {type: constant, value: 60}}]")
    for row, right in enumerate([True, True, True, False]):  # p is 1, as far as float64 can tell
        it = explain(sure, row=row)
        assert np.isfinite(it["L"])
        text = it.text(80)
        assert not re.search(r"\b(nan|inf)\b", text)
        assert ("cannot be shown" not in text) == right
        assert ("cannot be shown" not in it.markdown()) == right


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["xor", "--row", "4"], "--row: must be from 0 to 3, a training row; found 4"),
        (["xor", "--row", "-1"], "--row: must be from 0 to 3, a training row; found -1"),
        (["xor", "--row", "1", "--batch"], "--row, --batch: give one of them"),
        (["xor", "--format", "svg"], "a picture needs a file: add --output NAME.svg"),
        (["xor", "--output", "a.doc"], "--output: must end in .txt, .md, .tex, .svg, .png, or --format says"),
        (["xor", "--output", "a.md", "--format", "png"], "--output: a.md is no file for --format png"),
        (["xor", "--output", "none/a.md"], "cannot write none/a.md: there is no folder"),
        (["xorr"], "xorr: no such file; did you mean 'xor'?"),
        (["cubic-2026"], "no config and no run; did you mean the run 'cubic-20260101-000000'?"),
        (["cubic-20260101-000000", "--set", "seed=1"], "--set: needs a CONFIG"),
        (["latest"], "weights.npz: no such file; the run has not written it yet"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(nnfs: Nnfs, arguments: list[str], message: str) -> None:
    run = Path("runs/cubic-20260101-000000")
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(CUBIC)
    files = set(Path().rglob("*"))
    outcome = nnfs("explain", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert message in outcome.err
    assert set(Path().rglob("*")) == files


def test_each_format_is_written_to_the_file_that_its_ending_names(nnfs: Nnfs) -> None:
    starts = {
        ".txt": b"xor: one",
        ".md": b"# xor",
        ".tex": b"% Compile",
        ".svg": b"<?xml",
        ".png": b"\x89PNG",
    }
    for suffix, start in starts.items():
        outcome = nnfs("explain", "xor", "--row", "1", "--output", f"step{suffix}")
        assert (outcome.status, outcome.out.strip()) == (0, f"step{suffix}")
        assert Path(f"step{suffix}").read_bytes().startswith(start)
    first = Path("step.svg").read_bytes()
    nnfs("explain", "xor", "--row", "1", "--output", "step.svg")
    assert Path("step.svg").read_bytes() == first


def test_a_run_is_explained_with_its_trained_weights(nnfs: Nnfs) -> None:
    assert nnfs("train", "blobs.yaml", "--id", "trained", "--set", "training.epochs=1", "-q").status == 0
    outcome = nnfs("explain", "trained", "--row", "0")
    assert "The weights are those that run trained saved." in " ".join(outcome.out.split())
    assert (
        outcome.out
        == nnfs("explain", "latest", "--row", "0").out
        == nnfs("explain", "runs/trained", "--row", "0").out
    )
    run = nnfs_cli.load_run("trained")
    (block, *_) = [each for each in printed.blocks(explain(run, row=0).text()) if each.name == "W1"]
    printed.check(block, run.model.network.params.arrays()["0_dense/W"])


SOME: dict[str, tuple[str, list[str], str]] = {
    "one layer": ("cubic", ["layers=[{type: dense, units: 1}]"], "z1 = x W1 + b1"),
    "accumulated": ("wine", ["training.accumulate=2"], "as 2 batches of 32 rows"),
    "normalized": ("wine", ["layers=[batch_norm, {type: dense, units: 3}]"], "new running_var0"),
    "bounded weights": ("wine", ["regularizer={type: max_norm, limit: 0.5}"], "W1 <- W1 min(1, limit"),
    "clipped by value": ("wine", ["training.clip_value=0.01"], "clip_value"),
    "targets in units": ("diabetes", [], "since t = (target - shift) * scale"),
    "dropped units": ("wine", ["layers=[{type: dropout, rate: 0.5}, {type: dense, units: 3}]"], "m0 = ["),
    "two classes": ("breast-cancer", [], "true: "),
    "residual": (
        "spiral",
        [
            "layers=[{type: dense, units: 4}, {type: residual, layers: [{type: dense, units: 4}, tanh]},"
            " {type: dense, units: 3}]"
        ],
        "h2 = z1 + a2",
    ),
}


@pytest.mark.parametrize("case", SOME)
def test_the_update_that_is_printed_is_the_one_that_training_makes(case: str) -> None:
    name, options, said = SOME[case]
    it = experiment(name, *options, "dtype=float64")
    before = {key: array.copy() for key, array in it.state().items()}
    text = explain(it, batch=True).text(100)
    for key, array in it.state().items():
        np.testing.assert_array_equal(array, before[key], err_msg=key)
    assert said in " ".join(text.split())
    it.shuffle()
    training = it.config.training
    it.engine.step(
        slice(0, training.batch_size * training.accumulate), 0, it.descent.learning_rate(it.clock(0))
    )
    after = {each.name: each for each in printed.blocks(text)}
    new = it.network.params.arrays()
    shown = [name for name in after if name.startswith("new ") and len(name) == 6 and name[4] in "Wb"]
    assert len(shown) >= 1
    stack = {}
    for path, array in new.items():
        layer, key = path.rsplit("/", 1)
        if key in ("W", "b"):
            number = 1 + sorted({p.rsplit("/", 1)[0] for p in new if p.endswith("/W")}).index(layer)
            stack[f"new {key}{number}"] = array
    for name in shown:
        printed.check(after[name], stack[name])


def test_a_plugin_that_states_no_formulas_is_explained_by_its_real_shapes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "from dataclasses import dataclass\n"
        "from nnfs_cli import LAYERS, LOSSES, OPTIMIZERS, Layer, Loss, Optimizer, Param, Zeros\n"
        "@LAYERS.register('my-shift')\n"
        "@dataclass(eq=False)\n"
        "class Shift(Layer):\n"
        "    def build(self, shape):\n"
        "        self.shift = Param(shape, Zeros(), decay=False)\n"
        "        return shape\n"
        "    def forward(self, x, y):\n"
        "        np.add(x, self.shift.value, out=y)\n"
        "    def param_grads(self, x, y, dy):\n"
        "        dy.sum(axis=0, out=self.shift.grad)\n"
        "    def input_grad(self, x, y, dy, dx):\n"
        "        dx[...] = dy\n"
        "@LAYERS.register('my-block')\n"
        "@dataclass(eq=False)\n"
        "class Block(Layer):\n"
        "    def build(self, shape):\n"
        "        self.inner = Shift()\n"
        "        return self.inner.build(shape)\n"
        "    def sublayers(self):\n"
        "        return (self.inner,)\n"
        "    def forward(self, x, y):\n"
        "        self.inner.forward(x, y)\n"
        "    def param_grads(self, x, y, dy):\n"
        "        self.inner.param_grads(x, y, dy)\n"
        "    def input_grad(self, x, y, dy, dx):\n"
        "        self.inner.input_grad(x, y, dy, dx)\n"
        "@LOSSES.register('my-loss')\n"
        "@dataclass(eq=False)\n"
        "class MyLoss(Loss):\n"
        "    tasks = ('classification',)\n"
        "    def value(self, z, t):\n"
        "        return float(np.square(z).mean())\n"
        "    def gradient(self, z, t, dz):\n"
        "        dz[...] = 2 * z / z.size\n"
        "@OPTIMIZERS.register('my-descent')\n"
        "@dataclass(eq=False)\n"
        "class Mine(Optimizer):\n"
        "    learning_rate: float = 0.1\n"
        "    def step(self, params, learning_rate):\n"
        "        params.value -= learning_rate * params.grad\n"
    )
    plugin = f"plugins=['{tmp_path / 'mine.py'}']"
    layers = "layers=[{type: dense, units: 2}, my-shift, my-block, {type: dense, units: 2}]"
    it = experiment("xor", plugin, layers, "loss=my-loss", "optimizer=my-descent", "metrics=[]")
    text = explain(it, batch=True).text(80)
    for line in (
        "a1 = my_shift(z1, shift1) : (4, 2), (2,) -> (4, 2)",
        "h1 = my_block(a1) : (4, 2) -> (4, 2)",
        "L = my_loss(z2, t) : (4, 2), (4,) -> a number",
        "dL/dz2 = my_loss_gradient(z2, t)",
        "W1 <- my_descent(W1, dW1, lr)",
    ):
        assert line in text, text
    check_latex(explain(it).latex())


def test_a_picture_is_a_slide_and_all_that_it_says_is_inside_of_it() -> None:
    deep = ", ".join(["{type: dense, units: 4}, tanh"] * 8)
    for name, options in (("cubic", []), ("spiral", [f"layers=[{deep}, {{type: dense, units: 3}}]"])):
        figure: Any = explain(experiment(name, *options)).figure()
        width, height = figure.get_size_inches()
        assert width / height == pytest.approx(16 / 9)
        canvas: Any = FigureCanvasAgg(figure)
        renderer = canvas.get_renderer()
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert len(texts) > 20
        for text in texts:
            box = text.get_window_extent(renderer)
            assert min(box.x0, box.y0) >= 0, text
            assert box.x1 <= width * figure.dpi, text
            assert box.y1 <= height * figure.dpi, text


def test_a_formula_that_is_not_what_its_layer_computes_is_told(tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(
        "from dataclasses import dataclass\n"
        "from nnfs_cli import LAYERS, Layer\n"
        "@LAYERS.register('twice')\n"
        "@dataclass(eq=False)\n"
        "class Twice(Layer):\n"
        "    formulas = ('y = 3 * x', 'dx = 2 * dy')\n"
        "    def forward(self, x, y):\n"
        "        y[...] = 2 * x\n"
        "    def input_grad(self, x, y, dy, dx):\n"
        "        dx[...] = 2 * dy\n"
    )
    layers = "layers=[{type: dense, units: 2}, twice, {type: dense, units: 1}]"
    text = explain(experiment("xor", f"plugins=['{tmp_path / 'twice.py'}']", layers), row=1).text(120)
    assert text.count("The formula gives other numbers") == 1


def test_a_picture_says_which_rows_it_shows_and_large_arrays_by_their_norm() -> None:
    it = explain(experiment("wine"), row=3)
    texts = [text.get_text() for text in it.figure().findobj(Text)]
    assert "wine: one training step on row 3 of the 134 training rows, N = 1" in texts
    assert f"‖dL/dW1‖ = {np.linalg.norm(it['dL/dW1']):.5f}" in texts
    assert ": 0 everywhere" in it.markdown()


def test_a_parameter_has_another_name_than_its_layers_output() -> None:
    step = explain(experiment("xor", "layers.1=prelu"), row=1)
    text = step.text()
    assert text.count("dL/da1 = d") == text.count("dL/dA1 = s") == 1
    np.testing.assert_array_equal(step["A1"], [0.25])
