"""A plugin's own error is one message with its file, line and component; its imports travel with the run."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Nnfs
from tests.toys import BARS, CUBIC

LAYER = '''
from dataclasses import dataclass
import numpy as np
from nnfs_cli import LAYERS, Layer

@LAYERS.register("square")
@dataclass(eq=False)
class Square(Layer):
    """y = x^2"""
    factor: float = 1.0

    def forward(self, x, y):
        {forward}
        np.multiply(x, x, out=y)

    def input_grad(self, x, y, dy, dx):
        {backward}
        np.multiply(dy, 2.0 * x, out=dx)
'''
USE = CUBIC.replace("tanh", "square") + "plugins: [mine.py]\n"


def message(nnfs: Nnfs, *arguments: str) -> str:
    """The one message of a command that must fail with status 2."""
    outcome = nnfs(*arguments)
    assert outcome.status == 2, outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.err.count("nnfs: ") == 1
    return outcome.err


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("{}['key']", "KeyError: 'key'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("assert False", "AssertionError\n"),
        ("self.forward(x, y)", "RecursionError: "),
        ("open('nowhere.txt')", "FileNotFoundError: "),
        ("np.zeros(3) + np.zeros(4)", "ValueError: operands could not be broadcast"),
        ("self.nothing", "AttributeError: "),
        ("raise Warning('odd')", "Warning: odd"),
    ],
)
def test_an_error_in_training_is_told_with_file_line_method_and_component(
    nnfs: Nnfs, statement: str, told: str
) -> None:
    Path("mine.py").write_text(LAYER.format(forward=statement, backward="pass"))
    Path("c.yaml").write_text(USE)
    err = message(nnfs, "train", "c.yaml", "-q")
    assert f"{Path('mine.py').resolve()}, line 13, forward of layer 'square': {told}" in err
    checked = nnfs("gradcheck", "mine.py")
    assert checked.status == 1
    found = " ".join(checked.out.split())
    assert f"forward raises {told.strip()}" in found
    assert "(mine.py, line 13)" in found


def test_an_error_in_the_middle_of_an_epoch_leaves_a_run_that_says_it_failed(nnfs: Nnfs) -> None:
    Path("mine.py").write_text(LAYER.format(forward="pass", backward="raise OSError('disk')"))
    Path("c.yaml").write_text(USE)
    err = message(nnfs, "train", "c.yaml", "--id", "r", "-q")
    assert "line 17, input_grad of layer 'square': OSError: disk" in err
    assert '"status": "failed"' in Path("runs/r/summary.json").read_text()


def test_an_error_in_a_worker_process_is_told_alike(nnfs: Nnfs) -> None:
    Path("mine.py").write_text(LAYER.format(forward="x.nothing", backward="pass"))
    Path("c.yaml").write_text(BARS.replace("tanh", "square") + "plugins: [mine.py]\n")
    assert "mine.py, line 13, forward" in message(nnfs, "train", "c.yaml", "-q", "--set", "training.parts=2")


def test_a_traceback_is_shown_to_who_asks_for_it(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.py").write_text(LAYER.format(forward="1 / 0", backward="pass"))
    Path("c.yaml").write_text(USE)
    monkeypatch.setenv("NNFS_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        nnfs("train", "c.yaml", "-q")


def test_what_no_plugin_raises_stays_a_bug_with_its_traceback(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("nnfs_cli.cli.progress.train_and_show", broken)
    with pytest.raises(ZeroDivisionError, match="ours"):
        nnfs("train", "cubic.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = (", "mine.py, line 1: SyntaxError: "),
        ("\n1 / 0\n", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("import nothing_of_the_kind\n", "mine.py, line 1: ModuleNotFoundError: No module named"),
        ("import sys\nsys.exit()\n", "mine.py, line 2: SystemExit"),
        ("open('table.txt')\n", "mine.py, line 1: FileNotFoundError: "),
        ("\x00", "mine.py"),
        ("def f():\n    f()\nf()\n", "mine.py, line 2: RecursionError"),
        (LAYER.format(forward="pass", backward="pass").replace('"square"', '"relu"'), "mine.py, line 6: layer 'relu' is registered twice: by "),
        (LAYER.format(forward="pass", backward="pass").replace("(Layer)", ""), "mine.py, line 6: a layer is registered by @LAYERS.register(\"name\") above a class Square(Layer)"),
        (LAYER.format(forward="pass", backward="pass").replace('.register("square")', ".register"), "mine.py, line 6: a layer is registered by @LAYERS.register(\"name\") above a class Square(Layer)"),
        (LAYER.format(forward="pass", backward="pass").replace("forward(self, x, y)", "forward(self, x)"), "mine.py, line 6: layer 'square': forward must take (self, x, y), found (self, x)"),
        (LAYER.format(forward="pass", backward="pass").replace("eq=False", "frozen=True"), "mine.py, line 6, layer 'square': FrozenInstanceError"),
        (LAYER.format(forward="pass", backward="pass").replace("factor: float", "factor: 'Float'"), "mine.py, line 6, layer 'square': NameError: name 'Float' is not defined"),
        (LAYER.format(forward="pass", backward="pass").replace("= 1.0", "= print"), "mine.py, line 6: layer 'square': the default of `factor` must be a plain value of YAML, found <built-in function print>"),
        (LAYER.format(forward="pass", backward="pass").replace("@dataclass(eq=False)\n", ""), "mine.py, line 6: layer 'square': put @dataclass right above the class Square"),
        (LAYER.format(forward="pass", backward="pass").replace("def input_grad", "def inputgrad"), "mine.py, line 6: layer 'square': the class Square lacks input_grad"),
    ],
)  # fmt: skip
def test_a_plugin_that_cannot_be_loaded_is_told_with_its_line(nnfs: Nnfs, text: str, told: str) -> None:
    Path("mine.py").write_text(text)
    Path("c.yaml").write_text(USE)
    assert told in message(nnfs, "train", "c.yaml", "-q")


def test_a_name_taken_by_nnfs_is_told_in_a_process_that_has_looked_up_no_layer(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(LAYER.format(forward="pass", backward="pass").replace('"square"', '"relu"'))
    program = "import sys; from nnfs_cli.config.plugins import load_plugin; from pathlib import Path\n"
    program += "load_plugin(Path(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, plugin], capture_output=True, text=True, check=False
    )
    assert "mine.py, line 6: layer 'relu' is registered twice: by " in done.stderr.splitlines()[-1]


def test_a_name_taken_by_nnfs_is_told_with_its_file(nnfs: Nnfs) -> None:
    Path("mine.py").write_text(LAYER.format(forward="pass", backward="pass").replace('"square"', '"relu"'))
    Path("c.yaml").write_text(USE)
    err = message(nnfs, "train", "c.yaml")
    assert "relu.py and by " in err
    assert err.count("mine.py") == 2


def test_a_plugin_may_be_written_anew_and_registers_again(nnfs: Nnfs) -> None:
    Path("c.yaml").write_text(USE)
    for factor in ("1.0", "2.0"):
        text = LAYER.format(forward="pass", backward="pass").replace("= 1.0", f"= {factor}")
        Path("mine.py").write_text(f"# version {factor}\n{text}")
        assert nnfs("train", "c.yaml", "--dry-run").status == 0


def test_modules_beside_a_plugin_are_imported_and_travel_with_the_run(nnfs: Nnfs, tmp_path: Path) -> None:
    for name in ("one", "two"):  # two plugins, each with modules of the same name beside it
        folder = tmp_path / name
        (folder / "parts").mkdir(parents=True)
        (folder / "parts" / "__init__.py").write_text("")
        (folder / "parts" / "names.py").write_text(f"NAME = 'square_{name}'\n")
        (folder / "helpers.py").write_text("from parts.names import NAME\n")
        text = LAYER.format(forward="pass", backward="pass")
        text = text.replace('"square"', "helpers.NAME").replace(
            "import numpy", "import helpers\nimport numpy"
        )
        (folder / f"{name}.py").write_text(f"# {name}\n{text}")
    (tmp_path / "c.yaml").write_text(
        CUBIC.replace("tanh", "square_one, square_two").replace("0.02", "0.0001")
        + "plugins: [one/one.py, two/two.py]\n"
    )
    assert nnfs("train", "c.yaml", "--id", "r", "-q").status == 0
    run = Path("runs/r")
    for i, name in enumerate(("one", "two")):
        copies = run / f"plugin_{i}_{name}_files"
        assert (copies / "helpers.py").is_file()
        assert f"square_{name}" in (copies / "parts" / "names.py").read_text()


def test_a_run_finds_the_copies_when_its_plugin_is_gone(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("extra.py").write_text("FACTOR = 1.0\n")
    text = LAYER.format(forward="pass", backward="pass").replace("= 1.0", "= FACTOR")
    Path("mine.py").write_text(text.replace("import numpy", "from extra import FACTOR\nimport numpy"))
    Path("c.yaml").write_text(USE.replace("0.02", "0.001"))
    assert nnfs("train", "c.yaml", "--id", "r", "-q").status == 0
    for name in ("mine.py", "extra.py"):
        Path(name).unlink()
    monkeypatch.setattr("nnfs_cli.config.plugins._loaded", {})  # as a new process would
    monkeypatch.delitem(__import__("sys").modules, "extra")
    monkeypatch.delitem(__import__("nnfs_cli").LAYERS._classes, "square")
    shutil.move("runs/r", "moved")
    assert nnfs("evaluate", "moved").status == 0


ODD = """
from dataclasses import dataclass
import numpy as np
from nnfs_cli import DATASETS, LAYERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES, Dataset, Layer, Loss, Metric, Optimizer, Schedule

@LAYERS.register("odd")
@dataclass(eq=False)
class OddLayer(Layer):
    def build(self, shape): return BUILD
    def forward(self, x, y): np.copyto(y, x)
    def input_grad(self, x, y, dy, dx): np.copyto(dx, dy)

@METRICS.register("odd")
@dataclass(frozen=True)
class OddMetric(Metric):
    tasks = ("regression",)
    def __call__(self, p, t): return CALL

@LOSSES.register("odd")
@dataclass(frozen=True)
class OddLoss(Loss):
    tasks = ("regression",)
    def value(self, z, t): return VALUE
    def gradient(self, z, t, dz): dz[...] = z - t

@OPTIMIZERS.register("odd")
@dataclass(eq=False)
class OddOptimizer(Optimizer):
    learning_rate: float = 0.1
    def build(self, params): pass
    def step(self, params, learning_rate): pass
    def state(self): return STATE

@SCHEDULES.register("odd")
@dataclass(frozen=True)
class OddSchedule(Schedule):
    warmup: float = 0.0
    def rate(self, base, clock): return RATE

@DATASETS.register("odd")
@dataclass(frozen=True)
class OddDataset(Dataset):
    def load(self, rng): return LOAD
"""
RIGHT = {
    "BUILD": "shape",
    "CALL": "0.5",
    "VALUE": "np.float32(0.5)",
    "STATE": "{}",
    "RATE": "base",
    "LOAD": "None",
}


@pytest.mark.parametrize(
    ("method", "value", "told"),
    [
        (
            "BUILD",
            "None",
            "layer 'odd': build must give the shape of a row of y, a tuple of integers, found None",
        ),
        ("BUILD", "(3, 4.5)", "found (3, 4.5)"),
        ("CALL", "None", "metric 'odd': a call must give a number, found None"),
        ("CALL", "'good'", "metric 'odd': a call must give a number, found 'good'"),
        ("VALUE", "np.zeros(3)", "loss 'odd': value must give a number, found array([0., 0., 0.])"),
        ("STATE", "None", "optimizer 'odd': state must give a dictionary of arrays, found None"),
        ("RATE", "None", "schedule 'odd': rate must give a number, found None"),
        ("LOAD", "None", "dataset 'odd': load must give a Data, found None"),
    ],
)
def test_a_result_of_the_wrong_kind_is_told_with_the_class_that_gave_it(
    nnfs: Nnfs, method: str, value: str, told: str
) -> None:
    text = ODD
    for name, right in (RIGHT | {method: value}).items():
        text = text.replace(name, right)
    Path("odd.py").write_text(text)
    parts = ["layers.1=odd", "loss=odd", "metrics=[odd]", "optimizer=odd", "schedule=odd", "plugins=[odd.py]"]
    parts += ["dataset=odd"] if method == "LOAD" else []
    err = message(nnfs, "train", "cubic.yaml", "-q", *(word for part in parts for word in ("--set", part)))
    assert told in err
    assert re.search(r"odd\.py, line \d+: ", err)


@pytest.mark.parametrize("lacking", ["tasks", "CALL"])
def test_a_class_that_lacks_what_its_family_needs_is_told_what(nnfs: Nnfs, lacking: str) -> None:
    told = {"tasks": "the class OddMetric lacks `tasks = ...`", "CALL": "lacks __call__"}[lacking]
    lines = [line for line in ODD.splitlines() if lacking not in line]
    Path("odd.py").write_text("\n".join(lines))
    err = message(nnfs, "train", "cubic.yaml", "--set", "plugins=[odd.py]", "--set", "metrics=[odd]")
    assert told in err
    assert re.search(r"odd\.py, line \d+: ", err)


def test_a_plugin_that_failed_is_the_only_mistake_and_what_it_would_register_is_none(nnfs: Nnfs) -> None:
    Path("mine.py").write_text("1 / 0")
    Path("c.yaml").write_text(USE.replace("mse", "no_such_loss") + "unknown: 1\n")
    err = message(nnfs, "train", "c.yaml")
    assert "mine.py, line 1: ZeroDivisionError" in err
    assert "no option 'unknown'" in err
    assert "no layer 'square'" not in err


@pytest.mark.parametrize(
    "option", ["int = None", "int = 2.5", "float = np.float32(0.5)", "list = field(default_factory=list)"]
)
def test_a_default_of_any_plain_kind_makes_a_run_that_can_be_read_again(nnfs: Nnfs, option: str) -> None:
    text = LAYER.format(forward="pass", backward="pass").replace("float = 1.0", option)
    Path("mine.py").write_text(text.replace("import dataclass", "import dataclass, field"))
    Path("c.yaml").write_text(USE)
    assert nnfs("train", "c.yaml", "-q", "--id", "r").status == 0
    assert nnfs("evaluate", "r").status == 0


@pytest.mark.parametrize("number", ["np.float32(0.5)", "np.float64('nan')", "np.int64(2)"])
def test_a_metric_may_give_any_number_of_numpy(nnfs: Nnfs, number: str) -> None:
    text = ODD
    for name, right in (RIGHT | {"CALL": number}).items():
        text = text.replace(name, right)
    Path("odd.py").write_text(text)
    assert (
        nnfs("train", "cubic.yaml", "-q", "--set", "plugins=[odd.py]", "--set", "metrics=[odd]").status == 0
    )
