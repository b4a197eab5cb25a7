"""`nnfs diff`: the options, scores and surroundings that differ between two runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from nnfs_cli.jobs.options_compared import ABSENT, Change, aligned, option_changes
from tests.conftest import Nnfs

DENSE, WIDE, LAST = ({"type": "dense", "units": n} for n in (8, 16, 1))
DROPOUT = {"type": "dropout", "rate": 0.5}


def changed(a: Any, b: Any) -> list[tuple[str, Any, Any]]:
    return [(change.key, change.a, change.b) for change in option_changes(a, b)]


def test_a_layer_between_others_is_one_difference() -> None:
    assert changed({"layers": [DENSE, "relu", LAST]}, {"layers": [DENSE, "relu", DROPOUT, LAST]}) == [
        ("+layers[2]", ABSENT, DROPOUT)
    ]
    assert changed({"layers": [DENSE, "relu", DROPOUT, LAST]}, {"layers": [DENSE, "relu", LAST]}) == [
        ("layers[2]", DROPOUT, ABSENT)
    ]


def test_a_layer_that_changed_beside_a_new_one_is_compared_with_its_own_kind() -> None:
    found = changed({"layers": [DENSE, "relu", LAST]}, {"layers": [DROPOUT, WIDE, "relu", LAST]})
    assert found == [("+layers[0]", ABSENT, DROPOUT), ("layers[0].units", 8, 16)]


def test_two_more_layers_leave_the_others_in_place() -> None:
    one, two = [DENSE, "relu", LAST], [DENSE, "relu", DENSE, "relu", LAST]
    assert aligned(one, two) == [(None, 0), (None, 1), (0, 2), (1, 3), (2, 4)]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ({"x": 1}, {"x": 2}, [("x", 1, 2)]),
        ({"x": 1}, {"x": 1, "y": None}, [("y", ABSENT, None)]),
        ({"layers": ["relu"]}, {"layers": ["tanh"]}, [("layers[0]", "relu", "tanh")]),
        ({"loss": "mse"}, {"loss": {"type": "huber", "delta": 2.0}}, [("loss.type", "mse", "huber"), ("loss.delta", ABSENT, 2.0)]),
        ({"regularizer": None}, {"regularizer": {"type": "l2"}}, [("regularizer", None, {"type": "l2"})]),
        ({"metrics": ["accuracy", "brier"]}, {"metrics": ["brier"]}, [("metrics[0]", "accuracy", ABSENT)]),
        ({"shape": [1, 8, 8]}, {"shape": [1, 9, 9]}, [("shape", [1, 8, 8], [1, 9, 9])]),
        ({"layers": [{"type": "residual", "layers": [DENSE]}]}, {"layers": [{"type": "residual", "layers": [WIDE]}]}, [("layers[0].layers[0].units", 8, 16)]),
    ],
)  # fmt: skip
def test_an_option_that_differs_is_named_by_its_key(a: Any, b: Any, expected: Any) -> None:
    assert changed(a, b) == expected


def test_equal_configs_differ_in_nothing_and_a_missing_side_is_left_out_of_json() -> None:
    config = {"layers": [DENSE, "relu"], "seed": 1}
    assert not changed(config, config)
    assert Change("y", ABSENT, None).to_json() == {"key": "y", "b": None}


def test_diff_shows_options_scores_and_what_is_the_same(nnfs: Nnfs) -> None:
    nnfs("train", "blobs.yaml", "--id", "one", "--quiet")
    nnfs(
        "train",
        "blobs.yaml",
        "--id",
        "two",
        "--quiet",
        "--set",
        "layers.0.units=4",
        "--set",
        "training.epochs=3",
    )
    status, out, err = nnfs("diff", "one", "two")
    assert (status, err) == (0, "")
    assert "layers[0].units" in out
    assert "training.epochs" in out
    assert "seed" not in out.partition("scores")[0]
    assert "environment, the same: nnfs, Python, NumPy" in out
    found = json.loads(nnfs("diff", "one", "two", "--json").out)
    assert {each["key"]: (each["a"], each["b"]) for each in found["config"]} == {
        "layers[0].units": (8, 4),
        "training.epochs": (5, 3),
    }
    summary = json.loads(Path("runs/two/summary.json").read_text())
    assert found["scores"]["test"]["accuracy"]["b"]["value"] == summary["scores"]["test"]["accuracy"]
    assert found["environment"]["data fingerprint"] == {"a": "toy", "b": "toy"}


def test_a_run_is_the_same_as_itself_and_an_unknown_one_is_a_mistake(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    assert "config: the same" in nnfs("diff", "one", "one").out
    status, _, err = nnfs("diff", "one", "onee")
    assert status == 2
    assert "did you mean 'one'?" in err


def test_plugins_that_may_not_run_do_not_keep_configs_from_being_compared(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("own.py").write_text(
        "from dataclasses import dataclass\nfrom nnfs_cli import LAYERS\nfrom nnfs_cli.layers.relu import ReLU\n"
        '@LAYERS.register("own_relu")\n@dataclass\nclass OwnReLU(ReLU):\n    """y = max(x, 0)"""\n'
    )
    nnfs("train", "cubic.yaml", "--id", "one", "--quiet")
    nnfs(
        "train",
        "cubic.yaml",
        "--id",
        "own",
        "--quiet",
        "--set",
        "plugins=[own.py]",
        "--set",
        "layers.1=own_relu",
    )
    monkeypatch.setenv("NNFS_STATE", "elsewhere")
    status, out, _ = nnfs("diff", "one", "own")
    assert status == 0
    assert "own_relu" in out
    assert "plugin_0_own.py" in out
