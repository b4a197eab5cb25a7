"""The catalog: every component with its options, read from the classes; and the config's JSON Schema."""

import dataclasses
import inspect
from itertools import groupby
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pydantic

from nnfs_cli.config.annotations import component_of_tuple, item_or_none, options_among
from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.option_docs import option_docs
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.words import alternatives, in_words
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError, did_you_mean, nearest
from nnfs_cli.core.ranges import bare, limits
from nnfs_cli.datasets.base import DATASETS
from nnfs_cli.initializers.base import INITIALIZERS
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.metrics.base import METRICS
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.regularizers.base import REGULARIZERS
from nnfs_cli.schedules.base import SCHEDULES

REGISTRIES: tuple[Registry[Any], ...] = (
    DATASETS, LAYERS, INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, SCHEDULES, REGULARIZERS,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Entry:
    """One component: its docstring, and (option, type, default) for each option."""

    kind: str
    name: str
    doc: str
    options: tuple[tuple[str, str, str], ...]

    @property
    def equation(self) -> str:
        """The docstring's first line."""
        return self.doc.partition("\n")[0]


def catalog(kind: str | None = None, name: str | None = None) -> list[Entry]:
    """All components, those of a kind, or one by name; NnfsError with the nearest name if there is none.

    A single `kind` may also be the name of a component; then the entries are those of that name.
    """
    kinds = {registry.kind: registry for registry in REGISTRIES}
    chosen = [r for r in REGISTRIES if kind is None or r.kind in (kind, kind.removesuffix("s"))]
    if not chosen and name is None:
        named = [_entry(registry, str(kind)) for registry in REGISTRIES if kind in set(registry)]
        if named:
            return named
        near = nearest(kind, kinds) or nearest(kind, [each for registry in REGISTRIES for each in registry])
        hint = f"; did you mean {near!r}?" if near else did_you_mean(kind, kinds)
        raise NnfsError(f"no kind of component, and no component, {kind!r}{hint}")
    if not chosen:
        raise NnfsError(f"no kind of component {kind!r}{did_you_mean(kind, kinds)}")
    if name is not None:
        return [_entry(chosen[0], chosen[0][name].type_name)]
    return [_entry(registry, member) for registry in chosen for member in registry]


def _entry(registry: Registry[Any], name: str) -> Entry:
    cls = registry[name]
    doc = "\n\n".join([inspect.getdoc(cls) or "", *_docs_within(cls, "")])
    return Entry(registry.kind, name, doc, options_in(cls))


def options_in(cls: type[Any]) -> tuple[tuple[str, str, str], ...]:
    """(option, type, default) for each option of a dataclass, in plain words."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple((f.name, _type(hints[f.name]), _default(f)) for f in dataclasses.fields(cls))


def _docs_within(cls: type[Any], path: str) -> list[str]:
    """For each option that is itself a mapping of options: its path and its docstring."""
    docs = []
    for name, annotation in get_type_hints(cls).items():
        inner = item_or_none(annotation) or options_among(annotation)
        if inner is not None and not issubclass(inner, Component):
            docs += [f"{path}{name}:\n{inspect.getdoc(inner)}", *_docs_within(inner, f"{path}{name}.")]
    return docs


def _type(annotation: Any) -> str:
    """An option's type in plain words; types that share a range come before it: `integer, at least 1`."""
    optional = item_or_none(annotation)
    kinds = [optional] if optional is not None else alternatives(annotation)
    groups = [(" | ".join(map(_kind, same)), within) for within, same in groupby(kinds, limits)]
    return " | ".join(f"{words}, {within}" if within else words for words, within in groups)


def _kind(annotation: Any) -> str:
    """A single type in plain words, without its range."""
    kind = bare(annotation)
    origin, inner = get_origin(kind), get_args(kind)
    family = component_of_tuple(kind)
    if family is not None:
        return f"list of {family.registry.kind}s"
    if isinstance(kind, type) and issubclass(kind, Component):
        return kind.registry.kind
    if origin is tuple:
        return in_words(kind).removeprefix("a ")
    if origin is dict:
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if origin is Literal:
        return " | ".join(map(str, inner))
    words = {
        int: "integer",
        float: "number",
        bool: "true | false",
        str: "text",
        type(None): "null",
        Any: "any value",
    }
    return words.get(kind, "mapping" if dataclasses.is_dataclass(kind) else str(kind))


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    plain = to_plain(field.default)
    if plain is None:
        return "null"
    if isinstance(plain, dict):
        return str(plain["type"])
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a config, for editors and validators."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nnfs config",
        **_object(ExperimentConfig),
        "$defs": {registry.kind: _family(registry) for registry in REGISTRIES},
    }


def _family(registry: Registry[Any]) -> dict[str, Any]:
    """The schema of a family: a name, if all options have defaults, or a mapping of type and options."""
    bare_names, mappings = [], []
    for name in registry:
        cls = registry[name]
        mapping = _object(cls)
        if not mapping["required"]:
            bare_names.append(name)
        doc = inspect.getdoc(cls) or ""
        named = {"const": name, "description": doc.partition("\n")[0]}
        mapping["properties"] = {"type": named, **mapping["properties"]}
        mapping["required"] = ["type", *mapping["required"]]
        mapping["description"] = doc
        mappings.append(mapping)
    return {"oneOf": [{"enum": bare_names}, *mappings]}


def _object(cls: type[Any]) -> dict[str, Any]:
    hints, texts = get_type_hints(cls, include_extras=True), option_docs(cls)
    fields = dataclasses.fields(cls)
    properties = {field.name: _value(hints[field.name]) for field in fields}
    for field in fields:
        if field.name in texts:
            properties[field.name]["description"] = texts[field.name]
        if field.default is not dataclasses.MISSING:
            properties[field.name]["default"] = to_plain(field.default)
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in fields if field.default is dataclasses.MISSING],
        "additionalProperties": False,
    }


def _value(annotation: Any) -> dict[str, Any]:
    kind = bare(annotation)
    family = component_of_tuple(kind)
    if family is not None:
        bounds = get_args(annotation)[1:] if kind is not annotation else ()
        length = _plain(Annotated[(list[Any], *bounds)] if bounds else list[Any])
        return {**length, "items": _reference(family)}
    optional = item_or_none(kind)
    if optional is not None:
        return {"anyOf": [_value(optional), {"type": "null"}]}
    if isinstance(kind, type) and issubclass(kind, Component):
        return _reference(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return {**_object(kind), "description": inspect.getdoc(kind)}
    choice = options_among(kind)
    if choice is not None:
        others = [_plain(each) for each in alternatives(kind) if bare(each) is not choice]
        return {"anyOf": [*others, _value(choice)]}
    return _plain(annotation)


def _reference(family: type[Component]) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{family.registry.kind}"}


def _plain(annotation: Any) -> dict[str, Any]:
    return dict(pydantic.TypeAdapter(annotation).json_schema())
