"""The YAML of configs: the core schema of YAML 1.2, merge keys, no key twice, and bounds.

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

MOST_BYTES = 1_000_000
"""The size of a text, and of what its aliases stand for."""
BYTES_OF_A_VALUE = 20
"""What each value counts besides its letters."""
TOO_LARGE = (
    f"more than {MOST_BYTES / 1e6:.0f} MB, where each value counts {BYTES_OF_A_VALUE} bytes more than its "
    "letters, and each alias as what it stands for"
)
MOST_LEVELS = 100
"""How deep lists and mappings may stand within each other."""
MOST_DIGITS = 100
"""Digits of an integer."""


class _Loader(yaml.SafeLoader):
    """Reads the core schema."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012  none of YAML 1.1's

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._level = self._size = 0
        self._sizes: dict[yaml.Node, int] = {}  # of what an alias can stand for

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """The next node of the tree, which stays within the bounds: an alias counts as what it stands for."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        before = self._size
        self._level += 1
        if self._level > MOST_LEVELS:
            raise _at(event, f"more than {MOST_LEVELS} levels deep")
        node: Any = super().compose_node(parent, index)
        self._level -= 1
        if isinstance(event, yaml.AliasEvent):
            if node not in self._sizes:
                raise _at(event, f"*{event.anchor} stands for what it is a part of")
            self._size += self._sizes[node]
        else:
            letters = len(getattr(event, "value", "")) + len(getattr(event, "tag", None) or "")
            self._size += BYTES_OF_A_VALUE + letters
            if getattr(event, "anchor", None) is not None:
                self._sizes[node] = self._size - before
        if self._size > MOST_BYTES:
            raise _at(event, TOO_LARGE)
        return node  # type: ignore[no-any-return]


def _at(place: Any, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, problem, place.start_mark)


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
    if len(text) > MOST_BYTES:
        raise yaml.YAMLError(TOO_LARGE)
    try:
        return yaml.load(text, _Loader)  # noqa: S506  it is a SafeLoader
    except (ValueError, OverflowError):  # PyYAML's own, for an escape such as \\UFFFFFFFF
        raise yaml.YAMLError("an escape, or the %YAML line, has an impossible number") from None


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


def value_or_text(text: str) -> Any:
    """The same; what is not YAML is the text as it stands."""
    try:
        return load_scalar(text)
    except yaml.YAMLError:
        return text


def _mapping(loader: _Loader, node: yaml.Node) -> dict[Any, Any]:
    if not isinstance(node, yaml.MappingNode):  # an explicit tag !!map
        raise _at(node, "no mapping")
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == f"{TAG}merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _at(key_node, "a key must be a plain word")
        if key in seen:
            raise _at(key_node, f"key {key!r} is given twice")
        seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = loader.construct_scalar(node)
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    if len(text) > MOST_DIGITS:
        raise _at(node, f"an integer of {len(text):,} digits; there may be {MOST_DIGITS}")
    try:
        return int(text, base)
    except ValueError:  # an explicit tag !!int
        raise _at(node, f"no integer: {text}") from None


def _real(loader: _Loader, node: yaml.ScalarNode) -> float:
    text = loader.construct_scalar(node)
    try:
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    except ValueError:
        raise _at(node, f"no number: {text[:40]}") from None


def _truth(loader: _Loader, node: yaml.ScalarNode) -> bool:
    return loader.construct_scalar(node) in ("true", "True", "TRUE")


_Loader.yaml_constructors = {  # dates, sets and others that YAML 1.1 has are no values of a config
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.removeprefix(TAG) in ("null", "str", "seq")
}
_Loader.add_constructor(f"{TAG}map", _mapping)
_Loader.add_constructor(f"{TAG}int", _integer)
_Loader.add_constructor(f"{TAG}float", _real)
_Loader.add_constructor(f"{TAG}bool", _truth)
