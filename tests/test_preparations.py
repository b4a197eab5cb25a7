"""A preparation that is read from a file is one that a training leaves, or refused."""

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nnfs_cli.preprocessing.affine import Affine
from nnfs_cli.preprocessing.feature_ranges import FeatureRanges
from nnfs_cli.preprocessing.pixels import Pixels
from nnfs_cli.preprocessing.preparation import Column, Preparation

WHOLE = Preparation(
    (3,),
    columns=(Column("a", fill=0.5), Column("b", ("x", "y"), fill="y")),
    inputs=Affine(np.array([1.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0])),
    ranges=FeatureRanges(np.zeros(3), np.ones(3)),
    target_names=("s", "t"),
    targets=Affine(np.array([1.0, 2.0]), np.array([0.5, 1.0])),
    dtype="float64",
)
IMAGES = Preparation((3, 8, 8), pixels=Pixels(0.0, 255.0, 0.0), classes=("0", "1"), dtype="uint8")


@pytest.mark.parametrize("whole", [WHOLE, IMAGES, Preparation((1,)), Preparation((4,), classes=("a", "b"))])
def test_a_preparation_comes_back_from_its_record(whole: Preparation) -> None:
    record = json.loads(json.dumps(whole.record()))
    assert Preparation.from_record(record).record() == whole.record()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"input_shape": []}, "input_shape"),
        ({"input_shape": [3.0]}, "input_shape has the wrong type"),
        ({"input_shape": [4]}, "columns"),
        ({"columns": [{"name": 1, "categories": []}] * 3}, "name has the wrong type"),
        ({"columns": [{"name": "a", "categories": [["x"], "y", "z"]}]}, "categories has the wrong type"),
        ({"columns": [{"name": "a", "categories": ["x", "y", "z"], "fill": "w"}]}, "the fill of column 'a'"),
        ({"inputs": {"shift": [0.0] * 4, "scale": 1.0}}, "inputs"),
        ({"inputs": {"shift": None, "scale": 1.0}}, "inputs"),
        ({"targets": {"shift": 0.0, "scale": 0.0}}, "targets"),
        ({"targets": {"shift": [0.0] * 3, "scale": 1.0}}, "targets"),
        ({"ranges": [[0.0], [1.0]]}, "ranges"),
        ({"pixels": ["0", "1", None]}, "low has the wrong type"),
        ({"pixels": [1.0, 1.0, None]}, "pixels"),
        ({"classes": [["a"]]}, "classes has the wrong type"),
        ({"dtype": "[red]"}, "dtype"),
        ({"dtype": "U5"}, "dtype"),
    ],
)
def test_what_no_training_leaves_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Preparation.from_record({**WHOLE.record(), **change})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(WHOLE.record())), VALUES)
@example("pixels", [0.0, 0.5])
def test_whatever_stands_in_its_place_is_taken_or_refused(name: str, value: Any) -> None:
    with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
        Preparation.from_record({**WHOLE.record(), name: value}).record()
