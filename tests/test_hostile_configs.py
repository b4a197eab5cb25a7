"""Configs that would do harm: bombs, odd values, odd encodings, files without an end. Each gets one message."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.config.dialect import MOST_LEVELS, load
from nnfs_cli.config.load import load_config, parse_config
from nnfs_cli.core.errors import MOST_LISTED, ConfigError, NnfsError
from tests.conftest import Nnfs
from tests.toys import CUBIC

TENFOLD = [f"&a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 7)]
MERGED = [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 7)]
BOMBS = {
    "aliases": f"x: [&a0 [{', '.join('y' * 10)}], {', '.join(TENFOLD)}]\nname: *a6\n",
    "merges": "a0: &a0 {b: 1, c: 2}\n" + "\n".join(MERGED),
    "a long text": f"a: &a {'x' * 400}\nb: [&b [{'*a, ' * 50}], &c [{'*b, ' * 50}], [{'*c, ' * 50}]]",
    "levels": "x: " + "[" * 500,
    "levels of mappings": "x: " + "{a: " * 500,
    "levels of blocks": "\n".join(f"{' ' * i}a:" for i in range(500)),
    "blanks": f"{CUBIC}\nregularizer: 'a{' ' * 900_000}!'\n",
    "digits": f"seed: {'1' * 900_000}",
    "hexadecimal digits": f"seed: 0x{'f' * 900_000}",
    "keys": "\n".join(f"k{i}: 1" for i in range(30_000)),
    "numbers": f"x: [{'1,' * 400_000}]",
    "mistakes": f"{CUBIC}\nmetrics: [{'a,' * 20_000}]".replace("metrics: [rmse, r2]", ""),
    "tags": f"%TAG !e! tag:{'x' * 2500}\n---\n[{'!e!y 1,' * 300}]",
    "many long tags": f"%TAG !e! tag:{'x' * 400_000}\n---\n[{'!e!y 1,' * 50_000}]",
    "a long key": f"? {'x' * 900_000}\n: 1",
}


BOMB_CASES = [
    pytest.param(name, marks=[pytest.mark.slow] if len(BOMBS[name]) > 5000 else []) for name in BOMBS
]


@pytest.mark.parametrize("name", BOMB_CASES)
def test_no_config_grows_beyond_its_bounds(name: str) -> None:
    is_small = len(BOMBS[name]) < 5000
    if is_small:  # it takes ten times as long when it is measured
        tracemalloc.start()
    try:
        with pytest.raises(ConfigError) as caught:
            parse_config(BOMBS[name], "t.yaml")
        assert not is_small or tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 60_000
    assert len(str(caught.value).splitlines()) <= MOST_LISTED + 2


def test_what_is_bounded_is_far_beyond_use() -> None:
    levels = MOST_LEVELS - 1
    assert load("[" * levels + "]" * levels)
    assert len(load(f"x: [{', '.join(f'column_{i}' for i in range(4000))}]")["x"]) == 4000
    assert load("a: &a [1, 2]\nb: [*a, *a]\nc: {<<: {d: *a}}")["c"] == {"d": [1, 2]}
    blocks = (levels - 2) // 3
    deep = "{type: residual, layers: [" * blocks + "tanh" + "]}" * blocks
    config = parse_config(CUBIC.replace("tanh", deep), "t.yaml")
    assert parse_config(config.to_yaml(), "t.yaml").to_yaml() == config.to_yaml()


@pytest.mark.parametrize(
    "text",
    [
        "2024-13-45", "!!timestamp x", "!!timestamp 2024-01-01", "!!int x", "!!float x", "!!bool maybe", "0x_", "0b_",
        "1" * 4301, "0x" + "f" * 4301, "!!python/object:os.system x", "!!python/name:os.system", "!!binary aGk=", "!!set {a}",
        "!!omap [a: 1]", "!!map x", "!!seq x", "!!map [1]", "!!str {a: 1}", "!!null {a: 1}", "{[1]: 2}", "{{a: 1}: 2}",
        "!foo 3", "-.inf", ".nan", "1e999", "*x", "&x [*x]", "&x {a: *x}", "&x {<<: *x}", "!!int [1]", "!!float {}", "!!int",
        '"\\UFFFFFFFF"', '"\\U00110000"', '"\\ud800"', "'", '"', "[", "{", "@", "`", "%", "? x", "a: b: c", "<<: 1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["file", "--set"])
def test_an_odd_value_is_a_mistake(text: str, where: str) -> None:
    in_file = where == "file"
    config = CUBIC.replace("seed: 3", f"seed: {text}") if in_file else CUBIC
    with pytest.raises(ConfigError):
        parse_config(config, "t.yaml", () if in_file else [f"seed={text}"])


@pytest.mark.parametrize(
    "text", [f"%YAML 1.{'1' * 5000}\n--- a", "%YAML 9.9\n--- a", "a: 1\n---\nb: 2", "\x00", "a\x1bb"]
)
def test_an_odd_document_is_a_mistake(text: str) -> None:
    with pytest.raises(ConfigError, match="not YAML: "):
        parse_config(text, "t.yaml")


def test_overrides_as_deep_as_the_command_line_allows_are_mistakes() -> None:
    for key in ("x", "seed", "training.epochs", "layers.0.units", "regularizer", "metrics"):
        with pytest.raises(ConfigError):
            parse_config(CUBIC, "t.yaml", [f"{key}{'.a' * 60_000}=1"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_config_may_begin_with_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    text = CUBIC.replace("name: cubic", "name: größe")
    (tmp_path / "t.yaml").write_bytes(text.encode(encoding))
    assert load_config(tmp_path / "t.yaml").name == "größe"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("name: größe".encode("latin-1"), "t.yaml: not UTF-8 text, see line 1; save it as UTF-8"),
        (b"seed: 1\nname: \xff", "t.yaml: not UTF-8 text, see line 2"),
        ("name: größe".encode("utf-16-le"), "not UTF-8 text"),
        (CUBIC.encode("utf-32"), "not YAML: unacceptable character"),
        (b"\xff\xfe", "must be a mapping of keys"),
        (b"\xff\xfea", "not UTF-8 text"),
        (b"name: a\x00b", "not YAML: unacceptable character"),
        (b"#" * 1_000_001, "no config: larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_text_is_told(content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_bytes(content)
    with pytest.raises(NnfsError, match=told):
        load_config(tmp_path / "t.yaml")


def test_what_is_no_file_is_told_at_once(nnfs: Nnfs) -> None:
    Path("link.yaml").symlink_to("nowhere.yaml")
    Path("loop.yaml").symlink_to("loop.yaml")
    for name, told in {
        "link.yaml": "a link to what is not there",
        "loop.yaml": "a link to what is not there",
        "/": "is a folder",
        ".": "is a folder",
        "": "is a folder",
        "x" * 5000: "File name too long",
    }.items():
        outcome = nnfs("train", name)
        assert outcome.status == 2
        assert told in outcome.err
    if not hasattr(os, "mkfifo"):  # Windows has neither pipes nor devices among its files
        return
    os.mkfifo("pipe.yaml")
    devices = {"/dev/zero": "larger than 1 MB", "/dev/null": "found nothing", "pipe.yaml": "found nothing"}
    for name, told in devices.items():
        assert told in nnfs("train", name).err


@pytest.mark.parametrize("dataset", ["{type: npy, x: '', y: ''}", "{type: csv, path: '', target: y}"])
def test_a_path_that_is_needed_is_not_empty(dataset: str) -> None:
    config = parse_config(CUBIC, "t.yaml", [f"dataset={dataset}"])
    with pytest.raises(NnfsError, match=r"dataset\.\w+: names no file"):
        config.dataset.load(np.random.default_rng(0))
