"""From plain YAML values to components and back, finding every mistake at once.

The classes are the schema: a dataclass's fields are the options, with types, ranges and defaults.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_origin, get_type_hints

import numpy as np
import pydantic

from nnfs_cli.config.annotations import component_of_tuple, item_or_none, options_among
from nnfs_cli.config.slips import (
    NOTHING,
    alias,
    as_component,
    misplaced,
    quoted_override,
    respelled,
    synonym,
)
from nnfs_cli.config.words import WORDS, alternatives, choices, in_words, is_choice
from nnfs_cli.core.component import Component
from nnfs_cli.core.errors import ENOUGH, ConfigError, Mistake, NnfsError, OptionError, did_you_mean, nearest
from nnfs_cli.core.options import out_of_range
from nnfs_cli.core.ranges import bare
from nnfs_cli.sources.paths import IsPath, has_paths, locate_all


class Reader:
    """Reads values into dataclasses. A wrong value adds to `mistakes` and reads as None.

    find: called with the place of an option in the config, a path, and its mark; returns the path of what
        is there. By default paths stay as they are.
    overridden: the keys that overrides have set, each with the text of its value.
    """

    def __init__(
        self,
        find: Callable[[str, str, IsPath], str] = lambda _where, path, _mark: path,
        overridden: Mapping[str, str] = {},
    ) -> None:
        self.mistakes: list[Mistake] = []
        self.unknown: list[Mistake] = []  # those among the mistakes that name no member of a family
        self.find = find
        self.overridden = overridden

    def dataclass(self, cls: Any, raw: object, path: str, owner: str) -> Any:
        """An instance of a dataclass from a mapping of its fields. `owner` names it in messages."""
        if not isinstance(raw, Mapping):
            self._wrong(path, f"must be a mapping of options, found {shown(raw)}")
            return None
        before = len(self.mistakes)
        annotations = _types(cls)
        fields = {field.name: field for field in dataclasses.fields(cls)}
        misspelled = set()
        for key in raw:
            if key not in fields and len(self.mistakes) < ENOUGH:
                meant = synonym(str(key), fields) or nearest(key, fields)
                misspelled.add(meant)
                hint = misplaced(str(key), raw[key], owner, _kind(cls)) or (
                    f"; did you mean {meant!r}?" if meant else did_you_mean(key, fields) or "; it takes none"
                )
                self._wrong(_join(path, key), f"{owner} has no option {shown(key)}{hint}")
        values = {}
        for name, field in fields.items():
            if name in raw and _same(raw[name], field.default):
                values[name] = raw[name]  # also where a plugin's default has another type, as `k: int = None`
            elif name in raw:
                so_far = len(self.mistakes)
                value = self.value(annotations[name], raw[name], _join(path, name))
                if len(self.mistakes) == so_far:
                    values[name] = value
            elif _is_required(field) and name not in misspelled:
                self._wrong(_join(path, name), f"{owner} needs this option, and it is missing")
        self._refuse(out_of_range(cls, values), path)
        self._find_paths(cls, values, path)
        return self._create(cls, values, path) if len(self.mistakes) == before else None

    def _find_paths(self, cls: Any, values: dict[str, Any], path: str) -> None:
        """Replace the paths among the values, and among the defaults of others, by those of what is there."""
        for name, annotation in _paths(cls).items():
            value = values.get(name, cls.__dataclass_fields__[name].default)
            if value is not dataclasses.MISSING:
                values[name] = locate_all(
                    annotation, value, functools.partial(self._locate, _join(path, name))
                )

    def _locate(self, where: str, path: str, mark: IsPath) -> str:
        """The path of what an option names; the path itself, with a mistake, if nothing is there."""
        if len(self.mistakes) >= ENOUGH:
            return path
        try:
            return self.find(where, path, mark)
        except NnfsError as error:
            self._wrong(where, str(error))
            return path

    def component(self, family: type[Component], raw: object, path: str) -> Any:
        """A component from `{type: name, option: value}`, or from a bare name when it needs no options."""
        if len(self.mistakes) >= ENOUGH:
            return None
        spec, registry = {"type": raw} if isinstance(raw, str) else raw, family.registry
        if not isinstance(spec, Mapping) or not isinstance(spec.get("type"), str):
            kind, hint = _a(registry.kind), as_component(raw, registry)
            self._wrong(
                path, f"must be {kind}: a name, or a mapping with its `type`, found {shown(raw)}{hint}"
            )
            return None
        try:
            cls = registry[spec["type"]]
        except NnfsError as error:
            is_known = spec["type"] in registry.known()  # but it is not complete
            meant, written = alias(spec["type"], registry), as_component(raw, registry)
            hint = "" if is_known else f"; did you mean {meant!r}?" if meant else written
            self._wrong(path, f"no {registry.kind} {shown(spec['type'])}{hint}" if hint else str(error))
            self.unknown += [] if is_known else self.mistakes[-1:]
            return None
        options = {key: value for key, value in spec.items() if key != "type"}
        return self.dataclass(cls, options, path, cls.type_name)

    def value(self, annotation: Any, raw: object, path: str) -> Any:
        """A value of the annotated type: a component, several of them, a dataclass, or plain data."""
        optional = item_or_none(annotation)
        if optional is not None:
            if isinstance(raw, str) and raw.lower() in NOTHING:
                self._wrong(path, f"must be null to have none, found {shown(raw)}; write null")
                return None
            return None if raw is None else self.value(optional, raw, path)
        if isinstance(annotation, type) and issubclass(annotation, Component):
            return self.component(annotation, raw, path)
        if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
            return self.dataclass(annotation, raw, path, path.rpartition(".")[2])
        choice = options_among(annotation)
        if choice is not None and isinstance(raw, Mapping):
            return self.dataclass(choice, raw, path, path.rpartition(".")[2])
        family = component_of_tuple(annotation)
        if family is None:
            return self._plain(annotation, raw, path)
        if isinstance(raw, list):
            return tuple(self.component(family, item, f"{path}[{i}]") for i, item in enumerate(raw))
        hint = f"; write [{raw}]" if isinstance(raw, str) and raw in list(family.registry) else ""
        self._wrong(path, f"must be a list of {family.registry.kind}s, found {shown(raw)}{hint}")
        return None

    def _plain(self, annotation: Any, raw: object, path: str) -> Any:
        try:
            # As JSON, where lists may fill tuples; everything else is strict.
            return _adapter(annotation).validate_json(json.dumps(raw, default=str))
        except pydantic.ValidationError as error:
            if is_choice(annotation) or (get_origin(annotation) is tuple and not isinstance(raw, list)):
                # pydantic complains about each alternative; one message says it better.
                near = nearest(raw, choices(annotation)) if isinstance(raw, str) else None
                hint = "" if near is None else f"; did you mean {near!r}?"
                hint = hint or self._rewritten(annotation, raw, path)
                self._wrong(path, f"must be {in_words(annotation)}, found {shown(raw)}{hint}")
            else:
                self._by_item(annotation, error.errors(), raw, path)
            return None

    def _rewritten(self, annotation: Any, raw: object, path: str) -> str:
        """How to write a value so that it has one of the wanted types; an empty text if nobody knows."""
        kinds = [bare(kind) for kind in alternatives(annotation)]
        if str in kinds and path in self.overridden and not isinstance(raw, str | list | dict):
            return f"; for a text, write {quoted_override(path, self.overridden[path])}"
        return respelled(raw, kinds)

    def _by_item(
        self, annotation: Any, problems: Sequence[Mapping[str, Any]], raw: object, path: str
    ) -> None:
        """Note what is wrong with a value, or with items of a list."""
        expected: dict[str, list[str]] = {}
        found: dict[str, object] = {}
        for problem in problems:
            inner = "".join(f"[{key}]" for key in problem["loc"] if isinstance(key, int))
            wanted = problem["msg"].removeprefix("Input should be ")
            wanted = "text of whole characters" if problem["type"] == "json_invalid" else wanted
            expected.setdefault(inner, []).append(WORDS.get(wanted, wanted))
            found[inner] = problem["input"] if inner else raw
        for inner, wanted_ones in expected.items():
            hint = "" if inner else self._rewritten(annotation, raw, path)
            text = f"must be {' or '.join(wanted_ones)}, found {shown(found[inner])}{hint}"
            self._wrong(path + inner, text)

    def _create(self, cls: type[Any], values: Mapping[str, Any], path: str) -> Any:
        try:
            return cls(**values)
        except OptionError as error:
            self._refuse(error.problems, path)
        return None

    def _refuse(self, problems: Iterable[tuple[str, str, object]], path: str) -> None:
        for name, expected, found in problems:
            self._wrong(_join(path, name), f"must be {expected}, found {shown(found)}")

    def _wrong(self, path: str, text: str) -> None:
        self.mistakes.append(Mistake(path, text))


def create(family: type[Component], name: str, options: Mapping[str, Any]) -> Any:
    """The member `name` of a family, with options as YAML has them. ConfigError lists every mistake."""
    reader = Reader()
    component = reader.component(family, {"type": name, **options}, name)
    if reader.mistakes:
        raise ConfigError(f"{family.registry.kind} {name}", reader.mistakes)
    return component


@functools.cache
def _adapter(annotation: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(annotation, config=pydantic.ConfigDict(strict=True, allow_inf_nan=False))


@functools.cache
def _types(cls: Any) -> dict[str, Any]:
    """The options of a dataclass, and more, with their types."""
    return get_type_hints(cls)


@functools.cache
def _paths(cls: Any) -> dict[str, Any]:
    """The options that name files, with their types and marks."""
    marked = get_type_hints(cls, include_extras=True)
    return {
        field.name: marked[field.name] for field in dataclasses.fields(cls) if has_paths(marked[field.name])
    }


def to_plain(value: Any) -> Any:
    """The inverse of reading: plain YAML values, defaults included."""
    if isinstance(value, Component):
        options = {name: to_plain(option) for name, option in value.options().items()}
        return {"type": value.type_name, **options} if options else value.type_name
    if dataclasses.is_dataclass(value):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def shown(value: object) -> str:
    """A value as its user wrote it, short enough for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = f"[{', '.join(map(shown, value))}]" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _same(raw: object, default: object) -> bool:
    """Whether a plain value is an option's default."""
    return type(raw) is type(default) and isinstance(raw, str | int | float | None) and raw == default


def _kind(cls: type[Any]) -> str | None:
    """A component's kind; None for another dataclass."""
    return cls.registry.kind if issubclass(cls, Component) else None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)
