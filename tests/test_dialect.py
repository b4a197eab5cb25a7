"""The YAML of configs: YAML 1.2's core schema, written as it is read."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnfs_cli.config.dialect import dump, dump_inline, load, load_scalar
from nnfs_cli.config.load import load_config, parse_config
from nnfs_cli.config.reader import to_plain
from nnfs_cli.config.slips import quoted_override
from nnfs_cli.core.errors import ConfigError
from nnfs_cli.runs.directory import RunDirectory
from tests.toys import CUBIC

ODD = [
    "1e5", "010", "1:30", "no", "yes", "on", "off", "~", "null", "", " x", "x ", "=", "<<", "2024-01-01", "1_000",
    ".inf", ".nan", "0x1F", "0o17", "1.", "+1", ".5", "1e-3", "1.e5", "true", "True", "tRUE", "- a", "a: b", "a #b",
    "#x", "% Silica", "@a", "*x", "&a", "!x", "|", ">", "[", "[kg]", "{", "{a}", "'", '"', "a,b", "? x", "---", "...",
    "\n", "a\n", "\na", "\t", "a\r\nb", "\x00", "\x07", "\x85", "\u2028", "\ufeff", "\x7f", "été", "实验", "😀",
    "\ud800", "  " * 60 + "a", "word " * 50,
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(ODD),
    st.tuples(st.sampled_from(ODD), st.sampled_from(ODD)).map("".join),
    st.text(max_size=12),
    st.text("e1.0_:-+ \n\t'\"#,[]{}\\é😀", max_size=12),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.none(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)


@given(VALUES)
@settings(max_examples=150)
def test_what_is_written_reads_back_as_itself_here_and_in_yaml_1_1(content: Any) -> None:
    text = dump(content)
    assert load(text) == content
    assert dump(load(text)) == text
    assert yaml.safe_load(text) == content, "users' scripts read config.yaml with PyYAML"
    assert load(text.encode().decode()) == content
    assert load(f"key: {dump_inline(content)}") == {"key": content}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10), ("0o17", 15), ("0x1F", 31), ("+1", 1), ("-3", -3), ("1e5", 1e5), ("1E-3", 1e-3), ("1.", 1.0),
        (".5", 0.5), ("-.INF", float("-inf")), ("1.e5", 1e5), ("true", True), ("FALSE", False), ("~", None),
        ("Null", None), ("", None), ("no", "no"), ("on", "on"), ("1:30", "1:30"), ("1_000", "1_000"), ("y", "y"),
        ("2024-01-01", "2024-01-01"), ("=", "="), ("0b11", "0b11"), ("1,5", "1,5"), (".", "."), ("1e", "1e"),
        ("nULL", "nULL"), ("0o8", "0o8"),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    for found in (load(f"a: {text}")["a"], load_scalar(text)):
        assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 5000,
        "!!int x",
        "!!float x",
        "!!timestamp 2024-99-99",
        "!!binary x",
        "!!set {a}",
        "!foo 3",
        "&a [*a]",
    ],
)
def test_what_is_no_value_of_a_config_is_a_mistake_with_its_place(text: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2, column \d+: not YAML: "):
        parse_config(f"a: 1\nseed: {text}", "t.yaml")


WHOLE = TEXTS.filter(lambda text: "\ud800" not in text)
"""Half of a character is refused as a text."""


def test_half_of_a_character_is_told() -> None:
    with pytest.raises(ConfigError, match="name: must be text of whole characters"):
        parse_config(CUBIC.replace("name: cubic", 'name: "\\ud800"'), "t.yaml")


@given(target=WHOLE, features=st.lists(WHOLE, max_size=2), classes=st.lists(WHOLE, min_size=2, max_size=2))
@settings(max_examples=30)
def test_a_resolved_config_keeps_every_text(target: str, features: list[str], classes: list[str]) -> None:
    assume(classes[0] != classes[1])
    idx = {"type": "idx", "train_images": "a", "train_labels": "b", "classes": classes}
    for dataset in ({"type": "csv", "path": "t.csv", "target": target, "features": features}, idx):
        options = {**yaml.safe_load(CUBIC), "dataset": dataset}
        config = parse_config(dump(options), "t.yaml", needs_data=False)
        read = to_plain(config.dataset)
        assert {key: read[key] for key in dataset} == dataset
        assert parse_config(config.to_yaml(), "t.yaml", needs_data=False).to_yaml() == config.to_yaml()


@pytest.mark.parametrize("name", ["1e5", "010", "no", "null", "1.5", "2024-01-31", "0x1F"])
def test_a_config_named_like_a_number_makes_a_run_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.yaml").write_text(CUBIC.replace("name: cubic\n", "").replace("epochs: 5", "epochs: 1"))
    run = RunDirectory.create(Path("runs"), load_config(Path(f"{name}.yaml")))
    assert run.config().name == name
    assert run.config().to_yaml() == load_config(Path(f"{name}.yaml")).to_yaml()


CSV_CONFIG = CUBIC.replace("{type: cubic, validation: 40}", "{type: csv, path: t.csv, target: y}")


@pytest.mark.parametrize(
    "text",
    [
        "% Silica",
        "#x",
        "Item #3",
        "@a",
        "`a`",
        "x: y",
        "- a",
        "*x",
        "&a",
        "!x",
        "| a",
        "no",
        "1:30",
        "a]",
        "=",
        "<<",
    ],
)
def test_an_override_takes_a_text_as_it_stands(text: str) -> None:
    config = parse_config(CSV_CONFIG, "t.yaml", [f"dataset.target={text}"], needs_data=False)
    assert config.dataset.options()["target"] == text


@given(WHOLE)
@settings(max_examples=30)
def test_an_override_quoted_as_the_message_says_sets_the_text(text: str) -> None:
    told = quoted_override("dataset.target", text)
    (override,) = shlex.split(told.removeprefix("--set "))
    config = parse_config(CSV_CONFIG, "t.yaml", [override], needs_data=False)
    assert config.dataset.options()["target"] == text.strip()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("dataset.target=1e2", "found 100.0; for a text, write --set 'dataset.target=\"1e2\"'"),
        ("dataset.target=", "found nothing; for a text, write --set 'dataset.target=\"\"'"),
        ("dataset.target=[", "; if it is a text, quote it: --set 'dataset.target=\"[\"'"),
        ("name=010", "found 10; for a text, write --set 'name=\"010\"'"),
        ("training.epochs=1.5", "training.epochs: must be an integer, found 1.5\n"),
    ],
)
def test_a_value_that_should_be_quoted_is_told(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(CSV_CONFIG, "t.yaml", [override], needs_data=False)
    assert message in f"{caught.value}\n"


def test_an_empty_override_means_nothing() -> None:
    config = parse_config(f"{CUBIC}regularizer: l2\n", "t.yaml", ["regularizer="])
    assert config.regularizer is None
