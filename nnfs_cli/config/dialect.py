"""The YAML of configs: the core schema of YAML 1.2, merge keys, and no key twice.

So `010` is ten, `1e-3` is a number, and `no`, `1:30`, `1_000` and `2024-01-31` are texts.
https://yaml.org/spec/1.2.2/#103-core-schema
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml

RESOLVERS: list[tuple[str, str, list[str]]] = [
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", list("-+.")),
    ("merge", r"<<", ["<"]),
]
"""What a plain scalar is: the tag, what matches it, and its first characters. Anything else is text."""
TAG = "tag:yaml.org,2002:"
LINE_BREAKS = frozenset("\r\x85\u2028\u2029")


class _Loader(yaml.SafeLoader):
    """Reads the core schema."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012  none of YAML 1.1's


class _Dumper(yaml.SafeDumper):
    """Quotes each text that YAML 1.1 or 1.2 would take for something else, for every reader's sake."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """A text; quotes and escapes keep line breaks that other styles of YAML would change."""
    style = '"' if LINE_BREAKS.intersection(text) else None
    return dumper.represent_scalar(f"{TAG}str", text, style)


_Dumper.add_representer(str, _text)
for _tag, _pattern, _first in RESOLVERS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"{TAG}{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def load(text: str) -> Any:
    """The plain values of a YAML text. yaml.YAMLError if it is none."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506  _Loader is a SafeLoader
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None


def dump(content: Any) -> str:
    """Plain values as YAML. Loading it gives the same values."""
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=100
    )


def dump_inline(content: Any) -> str:
    """Plain values as YAML on one line, to stand behind a key or in a list."""
    listed: str = yaml.dump(
        [content], Dumper=_Dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    )
    return listed.strip()[1:-1]


def load_scalar(text: str) -> Any:
    """A single value, as in `key=value`: a list, mapping or text in YAML's brackets or quotes, or else a
    number, a truth value, nothing, or the text as it stands.
    """
    text = text.strip()
    if text.startswith(("[", "{", '"', "'")):
        return load(text)
    resolved = any(re.fullmatch(pattern, text) for tag, pattern, _ in RESOLVERS if tag != "merge")
    return load(text) if resolved else text


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == f"{TAG}merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(None, None, "a key must be a plain word", key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(None, None, f"key {key!r} is given twice", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    try:
        return int(text, base)
    except ValueError:  # an explicit tag !!int, or thousands of digits
        raise yaml.MarkedYAMLError(None, None, f"no integer: {text[:40]}", node.start_mark) from None


def _real(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node)
    try:
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise yaml.MarkedYAMLError(None, None, f"no number: {text[:40]}", node.start_mark) from None


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node) in ("true", "True", "TRUE")


_Loader.add_constructor(f"{TAG}map", _mapping)
_Loader.add_constructor(f"{TAG}int", _integer)
_Loader.add_constructor(f"{TAG}float", _real)
_Loader.add_constructor(f"{TAG}bool", _truth)
