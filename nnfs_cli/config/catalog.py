"""The catalog: every component with its options, read off the classes; and the config's JSON Schema."""

import dataclasses
import inspect
from typing import Any, get_args, get_origin, get_type_hints

import pydantic

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.reader import component_of_tuple, item_or_none, to_plain
from nnfs_cli.config.words import in_words
from nnfs_cli.core.component import Component, Registry
from nnfs_cli.core.errors import NnfsError, did_you_mean
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
    """All components, those of a kind, or the one of a name; NnfsError with the nearest if there is none."""
    kinds = {registry.kind: registry for registry in REGISTRIES}
    if kind is not None and kind.removesuffix("s") not in kinds and kind not in kinds:
        raise NnfsError(f"no kind of component {kind!r}{did_you_mean(kind, kinds)}")
    chosen = [r for r in REGISTRIES if kind is None or r.kind in (kind, kind.removesuffix("s"))]
    if name is not None:
        return [_entry(chosen[0], chosen[0][name].type_name)]
    return [_entry(registry, member) for registry in chosen for member in registry]


def _entry(registry: Registry[Any], name: str) -> Entry:
    cls = registry[name]
    hints = get_type_hints(cls)
    options = tuple((f.name, _type(hints[f.name]), _default(f)) for f in dataclasses.fields(cls))
    return Entry(
        registry.kind, name, "\n\n".join([inspect.getdoc(cls) or "", *_docs_within(cls, "")]), options
    )


def _docs_within(cls: type[Any], path: str) -> list[str]:
    """Of each option that is itself a mapping of options, where it is and what it says of them."""
    docs = []
    for name, annotation in get_type_hints(cls).items():
        inner = item_or_none(annotation)
        if inner is not None and not issubclass(inner, Component):
            docs += [f"{path}{name}:\n{inspect.getdoc(inner)}", *_docs_within(inner, f"{path}{name}.")]
    return docs


def _type(annotation: Any) -> str:
    """An option's type in a user's words."""
    family = component_of_tuple(annotation)
    if family is not None:
        return f"list of {family.registry.kind}s"
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return annotation.registry.kind
    if get_origin(annotation) is tuple:
        return in_words(annotation).removeprefix("a ")
    if get_origin(annotation) is dict:
        keys, values = get_args(annotation)
        return f"mapping of {_type(keys)} to {_type(values)}"
    optional = item_or_none(annotation)
    if optional is not None:
        return optional.registry.kind if issubclass(optional, Component) else "mapping"
    if get_origin(annotation) is not None:
        return " | ".join(str(a) if isinstance(a, str) else _type(a) for a in get_args(annotation))
    words = {int: "integer", float: "number", bool: "true | false", str: "text", type(None): "null"}
    return words.get(annotation, str(annotation))


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
    """A bare name, where all options have defaults, or a mapping with the type and its options."""
    bare, mappings = [], []
    for name in registry:
        cls = registry[name]
        mapping = _object(cls)
        if not mapping["required"]:
            bare.append(name)
        mapping["properties"] = {"type": {"const": name}, **mapping["properties"]}
        mapping["required"] = ["type", *mapping["required"]]
        mapping["description"] = inspect.getdoc(cls)
        mappings.append(mapping)
    return {"oneOf": [{"enum": bare}, *mappings]}


def _object(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    fields = dataclasses.fields(cls)
    return {
        "type": "object",
        "properties": {f.name: _property(hints[f.name], f) for f in fields},
        "required": [f.name for f in fields if f.default is dataclasses.MISSING],
        "additionalProperties": False,
    }


def _property(annotation: Any, field: "dataclasses.Field[Any]") -> dict[str, Any]:
    default = {} if field.default is dataclasses.MISSING else {"default": to_plain(field.default)}
    return {**_value(annotation), **default}


def _value(annotation: Any) -> dict[str, Any]:
    family = component_of_tuple(annotation)
    if family is not None:
        return {"type": "array", "items": {"$ref": f"#/$defs/{family.registry.kind}"}}
    optional = item_or_none(annotation)
    if optional is not None:
        return {"anyOf": [_value(optional), {"type": "null"}]}
    if isinstance(annotation, type) and issubclass(annotation, Component):
        return {"$ref": f"#/$defs/{annotation.registry.kind}"}
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return {**_object(annotation), "description": inspect.getdoc(annotation)}
    return dict(pydantic.TypeAdapter(annotation).json_schema())
