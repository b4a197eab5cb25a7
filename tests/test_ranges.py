"""Ranges in types: checked by the config reader, by Python and by the JSON Schema."""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import jsonschema
import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval, Le, Len, Lt, MinLen

from nnfs_cli.config.catalog import REGISTRIES, json_schema
from nnfs_cli.config.experiment import ExperimentConfig, TrainingConfig
from nnfs_cli.config.reader import Reader
from nnfs_cli.config.words import alternatives
from nnfs_cli.core.component import Component
from nnfs_cli.core.errors import OptionError
from nnfs_cli.core.options import Options, out_of_range
from nnfs_cli.core.ranges import (
    Expected,
    Fraction,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    bare,
    expected,
    fits,
    limits,
)
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.optimizers.sgd import SGD
from nnfs_cli.preprocessing.augmentation import Augmentation, Elastic

COMPONENTS = [registry[name] for registry in REGISTRIES for name in registry]
CLASSES: list[type[Any]] = [*COMPONENTS, TrainingConfig, ExperimentConfig, Augmentation, Elastic]
SCHEMA = json_schema()
AUGMENT = next(
    entry["properties"]["augment"]["anyOf"][0]
    for entry in SCHEMA["$defs"]["dataset"]["oneOf"][1:]
    if "augment" in entry["properties"]
)
SCHEMAS = {
    TrainingConfig: SCHEMA["else"]["properties"]["training"],
    ExperimentConfig: {key: SCHEMA["else"][key] for key in ("type", "properties", "required")},
    Augmentation: AUGMENT,
    Elastic: AUGMENT["properties"]["elastic"]["anyOf"][0],
}
DENSE = {"type": "dense", "units": 1}


def annotation_of(cls: type[Any], option: str) -> Any:
    return get_type_hints(cls, include_extras=True)[option]


def enough_options(cls: type[Any]) -> dict[str, Any]:
    """The required options of a class, as in YAML."""
    if cls is ExperimentConfig:
        training = {"epochs": 1}
        return {
            "dataset": "cubic",
            "layers": [DENSE],
            "loss": "mse",
            "optimizer": "sgd",
            "training": training,
        }
    if issubclass(cls, Layer):
        options, _ = cls.examples[0]
        return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    if issubclass(cls, Dataset):
        return dict(cls.example)
    others: dict[type[Any], dict[str, Any]] = {TrainingConfig: {"epochs": 1}, Elastic: {"alpha": 1.0}}
    return others.get(cls, {})


Put = Callable[[Any], Any]


def places(annotation: Any) -> Iterator[tuple[Any, Put]]:
    """Each number with bounds in a type, and a function that puts a value in its place."""
    for kind in alternatives(annotation):
        inner = bare(kind)
        if inner in (int, float) and limits(kind):
            yield kind, lambda value: value
        elif get_origin(inner) is tuple and limits(inner):
            item, *others = (each for each in get_args(inner) if each is not Ellipsis)
            for number, put in places(item):
                yield number, partial(in_list, put, [1] * len(others))


def in_list(put: Put, others: list[int], value: Any) -> list[Any]:
    return [put(value), *others]


def edges(number: Any) -> Iterator[tuple[float, bool]]:
    """Values at the bounds of a number and next to them, and whether each is allowed."""
    kind = bare(number)
    for bound in get_args(number)[1:]:
        if isinstance(bound, Ge | Gt | Le | Lt):
            (limit,) = dataclasses.astuple(bound)
            up = math.inf if isinstance(bound, Le | Lt) else -math.inf
            step = 1 if up > 0 else -1
            outside = limit + step if kind is int else math.nextafter(limit, up)
            inside = limit - step if kind is int else math.nextafter(limit, -up)
            included = isinstance(bound, Ge | Le)
            yield kind(outside), False
            yield kind(limit), included
            yield kind(inside), True


EDGES: list[tuple[type[Any], str, Any, bool]] = [
    (cls, field.name, put(value), within)
    for cls in CLASSES
    for field in dataclasses.fields(cls)
    for number, put in places(annotation_of(cls, field.name))
    for value, within in edges(number)
]


def read(cls: type[Any], options: Mapping[str, Any]) -> tuple[Any, list[str]]:
    reader = Reader()
    if issubclass(cls, Component):
        made = reader.component(cls, {"type": cls.type_name, **options}, "here")
    else:
        made = reader.dataclass(cls, options, "here", "it")
    return made, [str(mistake) for mistake in reader.mistakes]


def schema_takes(cls: type[Any], options: Mapping[str, Any]) -> bool:
    if issubclass(cls, Component):
        schema: Any = {"$ref": f"#/$defs/{cls.registry.kind}"}
        options = {"type": cls.type_name, **options}
    else:
        schema = SCHEMAS[cls]
    return jsonschema.Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).is_valid(options)


ALONGSIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("Blobs", "samples"): {"classes": 2},
    ("Spiral", "samples"): {"classes": 2},
    ("Conv2D", "groups"): {"filters": 4},
    ("ConvTranspose2D", "groups"): {"filters": 4},
    ("ConvTranspose2D", "output_padding"): {"stride": 2},
}
"""Further options, so that rules between options hold."""


@pytest.mark.parametrize(
    ("cls", "name", "value", "within"),
    EDGES,
    ids=[f"{cls.__name__}-{name}-{value}" for cls, name, value, _ in EDGES],
)
def test_yaml_python_and_schema_take_a_number_exactly_where_it_is_within_its_bounds(
    cls: type[Any], name: str, value: Any, within: bool
) -> None:
    options = {**enough_options(cls), **ALONGSIDE.get((cls.__name__, name), {})}
    sound, mistakes = read(cls, options)
    assert mistakes == []
    options[name] = value
    annotation, in_python = annotation_of(cls, name), tuple(value) if isinstance(value, list) else value
    made, mistakes = read(cls, options)
    if (cls.__name__, value) == ("Reshape", [0]):
        assert not made  # by a rule of its own: sizes are -1 or at least 1
    elif within:
        assert mistakes == []
        assert getattr(made, name) == getattr(replace(sound, **{name: in_python}), name) == in_python
        assert schema_takes(cls, options)
    else:
        told = [mistake.partition(", found ")[0] for mistake in mistakes]
        assert told == [f"here.{name}: must be {expected(annotation)}"]
        with pytest.raises(OptionError, match=re.escape(f"{name} must be {expected(annotation)}, found ")):
            replace(sound, **{name: in_python})
        # In JSON 1.0 is an integer, and so a count of rows and no fraction of them.
        is_count = (
            value == 1.0
            and isinstance(value, float)
            and any(bare(each) is int for each in alternatives(annotation))
        )
        assert schema_takes(cls, options) == is_count


def test_that_law_has_met_every_family_and_the_configs_own_keys() -> None:
    met = {cls.registry.kind if issubclass(cls, Component) else cls for cls, *_ in EDGES}
    assert met == {*(registry.kind for registry in REGISTRIES), *SCHEMAS}


@pytest.mark.parametrize("cls", CLASSES)
def test_an_option_that_a_subclass_declares_anew_keeps_a_range(cls: type[Any]) -> None:
    def with_range(each: type[Any]) -> set[str]:
        hints = get_type_hints(each, include_extras=True)
        return {name for name, hint in hints.items() if any(map(limits, alternatives(hint)))}

    for base in cls.__mro__[1:]:
        assert with_range(base) <= with_range(cls)


@dataclass
class Box(Options):
    """Sizes.

    width, height: in pixels.
    """

    width: PositiveInt
    height: PositiveInt | Literal["auto"] = "auto"
    weights: tuple[PositiveFloat, ...] = ()
    share: Fraction | None = None


@dataclass(frozen=True)
class FlatBox(Options):
    """A box with a rule of its own, which does not call its base class's."""

    width: PositiveInt = 4
    height: NonNegativeInt = 1

    def __post_init__(self) -> None:
        # Without the check of ranges this would be a ZeroDivisionError.
        if self.height % self.width:
            raise OptionError([("height", "a multiple of width", self.height)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width must be a positive integer, found 0"),
        ({"width": "3"}, "width must be a positive integer, found '3'"),
        ({"width": 3, "height": 0}, "height must be a positive integer or auto, found 0"),
        ({"width": 3, "weights": (1.0, 0.0)}, r"weights must be positive numbers, found \(1.0, 0.0\)"),
        ({"width": 3, "share": 1.0}, "share must be at least 0 and below 1, found 1.0"),
        ({"width": 3, "share": math.nan}, "share must be at least 0 and below 1, found nan"),
        ({"width": -1, "share": -1.0}, "width must be .*; share must be"),
    ],
)
def test_what_python_makes_is_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Box(**options)


def test_what_is_in_range_is_taken_in_any_fitting_type() -> None:
    Box(width=np.int64(3), height="auto", weights=[np.float32(0.5), 2], share=np.float64(0))  # type: ignore[arg-type]
    Box(3, share=None)


def test_ranges_are_checked_before_a_rule_and_whether_or_not_it_calls_its_base() -> None:
    with pytest.raises(OptionError, match=r"^width must be a positive integer, found 0$"):
        FlatBox(width=0)
    with pytest.raises(OptionError, match=r"^height must be a multiple of width, found 3$"):
        FlatBox(width=2, height=3)
    assert replace(FlatBox(height=8), width=2).height == 8
    with pytest.raises(OptionError, match=r"^height must be an integer of at least 0, found -4$"):
        replace(FlatBox(height=8), height=-4)


def test_a_layer_derived_without_a_word_is_checked_as_its_base_is() -> None:
    class Wide(Dense):
        pass

    with pytest.raises(
        OptionError, match="units must be a positive integer, or auto in the last layer, found -1"
    ):
        Wide(units=-1)


def test_a_rule_between_options_is_told_once_ranges_are_kept() -> None:
    assert read(SGD, {"momentum": -1.0, "nesterov": True})[1] == [
        "here.momentum: must be at least 0 and below 1, found -1.0"
    ]
    assert read(SGD, {"nesterov": True})[1] == [
        "here.nesterov: must be false unless momentum is above 0, found true"
    ]


def test_ranges_are_told_along_with_other_mistakes() -> None:
    assert read(TrainingConfig, {"epochs": 0, "batch_size": "all", "clip": 1})[1] == [
        "here.clip: it has no option 'clip'; did you mean 'clip_norm'?",
        "here.batch_size: must be an integer, found 'all'",
        "here.epochs: must be a positive integer, found 0",
    ]


@pytest.mark.parametrize(
    ("annotation", "within", "words"),
    [
        (int, "", ""),
        (PositiveInt, "at least 1", "a positive integer"),
        (Annotated[int, Gt(0)], "above 0", "a positive integer"),
        (PositiveFloat, "above 0", "a positive number"),
        (Annotated[float, Ge(1)], "at least 1", "a number of at least 1"),
        (Annotated[float, Lt(3)], "below 3", "a number below 3"),
        (Annotated[int, Le(3)], "at most 3", "an integer of at most 3"),
        (Annotated[int, Ge(2), Le(5)], "from 2 to 5", "an integer from 2 to 5"),
        (Annotated[int, Interval(ge=0, lt=9)], "at least 0 and below 9", "an integer of at least 0 and below 9"),
        (Annotated[float, Gt(0), Lt(1)], "above 0 and below 1", "above 0 and below 1"),
        (Annotated[float, Ge(0), Le(1)], "from 0 to 1", "from 0 to 1"),
        (tuple[Fraction, ...], "at least 0 and below 1", "numbers of at least 0 and below 1"),
        (tuple[NonNegativeInt, NonNegativeInt], "at least 0", "integers of at least 0"),
        (Annotated[str, Len(1, 1)], "length from 1 to 1", "length from 1 to 1"),
        (Annotated[tuple[PositiveInt, ...], MinLen(2)], "at least 1, length at least 2", "at least 1, length at least 2"),
        (PositiveInt | None, "", "a positive integer"),
        (Literal["auto", "all"] | PositiveInt, "", "auto or all or a positive integer"),
        (Annotated[PositiveInt, Expected("a count")], "at least 1", "a count"),
    ],
)  # fmt: skip
def test_a_range_is_put_in_words(annotation: Any, within: str, words: str) -> None:
    assert (limits(annotation), expected(annotation)) == (within, words)


@pytest.mark.parametrize(
    ("annotation", "inside", "outside"),
    [
        (Annotated[float, Ge(0), Le(1)], [0, 1.0, 0.5], [-1e-300, 1.1, "0", None, math.nan]),
        (Annotated[str, MinLen(1)], ["a"], ["", 3]),
        (tuple[PositiveInt, PositiveInt], [(1, 2), [3, 4]], [(1,), (1, 2, 3), (1, 0), 1]),
        (dict[str, PositiveInt], [{}], [3]),
        (Annotated[Any, Ge(1)], [1, 2.5], [0]),
    ],
)
def test_a_value_fits_a_type_within_its_bounds(
    annotation: Any, inside: list[Any], outside: list[Any]
) -> None:
    assert all(fits(annotation, value) for value in inside)
    assert not any(fits(annotation, value) for value in outside)


def test_plain_dataclasses_are_checked_by_the_reader_too() -> None:
    @dataclass
    class Plain:
        size: Annotated[int, Ge(2)] = 2

    assert out_of_range(Plain, {"size": 1, "other": -1}) == [("size", "an integer of at least 2", 1)]
