"""What the command line prints: in every encoding, at every width, with every name, in every terminal."""

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table as RichTable
from rich.text import Text

from nnfs_cli.cli.app import main
from nnfs_cli.cli.completion import complete_config
from nnfs_cli.cli.scores import show_evaluation
from nnfs_cli.cli.screen import Screen, Table, wrap
from nnfs_cli.core.spelling import ACTING, printable, printable_name, typed
from nnfs_cli.runs.directory import RunDirectory
from tests.aged import aged
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

HOSTILE = "[/red]\x1b]8;;http://x\x1b\\\x9b31m\u202e"
CLASSES = ["猫", "🐈", "naïve", "[red]b[/red]", "esc\x1b[31mX", "line\nbreak", "\u202ertl"]
TABLE = "données_猫.csv"
CONFIG = f"""
dataset: {{type: csv, path: {TABLE}, target: '\x63lass', standardize: true, test: 0.2}}
layers: [{{type: dense, units: {len(CLASSES)}}}]
loss: cross_entropy
optimizer: {{type: sgd, learning_rate: 0.1}}
training: {{epochs: 1}}
"""
COMMANDS = [
    ("train", "odd.yaml", "--dry-run"),
    ("train", "odd.yaml"),
    ("evaluate", "odd"),
    ("evaluate", "猫"),
    ("predict", "odd", TABLE, "--proba"),
    ("predict", "odd", "猫.csv"),
    ("runs",),
    ("data", "describe", "odd.yaml"),
    ("components", "layer"),
    ("components", "loss", "cross_entropy"),
    ("gradcheck", "odd.yaml"),
    ("schema",),
    ("--help",),
    ("train", "猫\x1b[31m.yaml"),
    ("train", "odd.yaml", "--set", "loss=猫\x1b[2J"),
]
MORE = [
    ("train", "odd.yaml", "--set", "\x9b31m=1"),
    ("runs", "--json"),
    ("explain", "odd.yaml"),
    ("explain", "odd"),
    ("doctor", "odd.yaml"),
    ("lr-find", "odd.yaml"),
    ("plot", "odd", "--plot", "loss\x1b[2J"),
    ("report", "odd"),
    ("resume", "odd"),
    ("init", "猫\u202e.csv", "--target", "\x1b]8;;http://x\x1b\\"),
    ("init", TABLE, "--target", "\x9b31m"),
    ("data", "describe", "odd.yaml", "--json"),
    ("train", "--\x1b[31m"),
    ("tr\u202eain",),
    ("train", "odd.yaml", "\x9d8;;x\x07", "[/red]"),
    ("explain", "odd.yaml", "--format", "\x1b[2J"),
]
Bytes = Callable[..., tuple[bytes, bytes]]


@pytest.fixture
def odd(nnfs: Nnfs) -> None:
    """A run whose file, columns and classes have names that few streams can spell."""
    rows = [f'{k * 0.1},{-k},"{CLASSES[k % 7]}"\n' for k in range(70)]
    text = "身長,größe\x1b[2J [m],class\n" + "".join(rows)
    Path(TABLE).write_text(text, encoding="utf-8", newline="")
    Path("odd.yaml").write_text(CONFIG, encoding="utf-8")
    assert nnfs("train", "odd.yaml", "--id", "odd", "-q").status == 0


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Bytes:
    """Run the command line with standard streams of an encoding, and return what they got."""

    def run(encoding: str, *arguments: str) -> tuple[bytes, bytes]:
        streams = [io.BytesIO(), io.BytesIO()]
        for name, stream in zip(("stdout", "stderr"), streams, strict=True):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(stream, encoding=encoding, write_through=True))
        monkeypatch.setattr("sys.argv", ["nnfs", *arguments])
        with contextlib.suppress(SystemExit):
            main()
        sys.stdout.flush()
        return streams[0].getvalue(), streams[1].getvalue()

    return run


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_every_command_prints_in_every_encoding_and_no_name_acts(encoding: str, printed: Bytes) -> None:
    for command in COMMANDS:
        out, err = printed(encoding, *command)
        assert not ACTING.search(err.decode(encoding)), command
        if command[0] == "predict":  # data for programs
            out.decode()
        else:
            assert not ACTING.search(out.decode(encoding)), command


@pytest.mark.slow
@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("command", MORE, ids=lambda command: command[0].encode("unicode_escape").decode())
def test_no_name_acts_whatever_prints_it(command: tuple[str, ...], printed: Bytes) -> None:
    for text in printed("utf-8", *command):
        assert not ACTING.search(text.decode())


@pytest.mark.usefixtures("odd")
def test_a_summary_from_someone_else_is_shown_as_it_is(printed: Bytes) -> None:
    file = aged(Path("runs/odd")) / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**summary, "status": HOSTILE, "scores": {"test": {HOSTILE: 1.0}}}))
    out = printed("utf-8", "runs")[0].decode()
    assert not ACTING.search(out)
    assert "[/red]\\x1b]8" in out.replace("\n", "")


def test_whatever_is_printed_passes_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    table = RichTable(title=HOSTILE)
    table.add_column(Text(HOSTILE))
    table.add_row(Text(HOSTILE, "bold red"))
    for printed in (
        HOSTILE,
        Text(HOSTILE),
        Text.assemble("a ", (HOSTILE, "red")),
        Group(HOSTILE),
        table,
        Panel(HOSTILE),
    ):
        screen, shown = terminal(monkeypatch)
        screen.print(printed)
        with Live(printed, console=screen, auto_refresh=False) as live:
            live.refresh()
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\t]", "", shown.getvalue())
        assert not ACTING.search(text), repr(text)


def test_completion_offers_no_name_that_would_act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a\x1b[31m.yaml", "a\n.yaml", "a.yaml"):
        Path(name).touch()
    assert complete_config("a") == ["a.yaml"]


@pytest.mark.usefixtures("odd")
def test_predictions_are_utf_8_on_every_standard_output(printed: Bytes, nnfs: Nnfs) -> None:
    of_file = nnfs("predict", "odd", TABLE, "-o", "out.csv")
    assert of_file.status == 0
    for encoding in ("ascii", "cp1252", "utf-16"):
        assert printed(encoding, "predict", "odd", TABLE)[0] == Path("out.csv").read_bytes()


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("columns", [20, 40, 60, 80, 140])
def test_no_table_is_wider_than_the_screen_and_no_name_or_verdict_is_cut(
    columns: int, printed: Bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen(width=columns)
    for module in ("screen", "console", "scores", "runs_table", "data_tables", "verdicts"):
        monkeypatch.setattr(f"nnfs_cli.cli.{module}.out", screen)
    for command in (
        ("data", "describe", "odd.yaml"),
        ("evaluate", "odd"),
        ("runs",),
        ("gradcheck", "odd.yaml", "--verbose"),
    ):
        lines = printed("utf-8", *command)[0].decode().splitlines()
        boxed = [line for line in lines if line[:1] in ("┃", "│")]
        assert boxed or columns < 40
        assert max(map(cell_len, boxed), default=0) <= columns
        assert "…" not in "".join(lines)
        if command[0] == "gradcheck" and columns >= 40:
            assert any("pass" in line for line in boxed)
            assert any(line.startswith("pass  layer 0") for line in lines)
        if command == ("data", "describe", "odd.yaml") and columns >= 40:
            assert any("größe\\x1b[2J [m]" in line for line in boxed)


def test_a_table_leaves_out_columns_by_priority_and_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="t")
    table.add_column("name")
    table.add_column("kept", justify="right")
    table.add_column("last", justify="right", drop=1)
    table.add_column("first", justify="right", drop=2)
    table.add_row("n" * 20, "1.234567", "2.0", "3.0")
    for width, words in ((50, "name kept last first"), (49, "name kept last"), (36, "name kept")):
        Screen(width=width).print(table)
        shown = capsys.readouterr().out
        assert re.findall(r"\w+", shown.splitlines()[2]) == words.split()
        assert "1.234567" in shown
        assert ("no room for: " in shown) == (width < 50)
        assert "…" not in shown


@pytest.mark.parametrize("width", range(12, 70, 3))
def test_no_number_is_broken_at_any_width(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = ["0.344134", "[0.905,", "0.951]", "-2.7e-11", "27,100"]
    table = Table(title="t")
    for name in ("score", "a", "difference"):
        table.add_column(name)
    table.add_column("p", justify="right", drop=1)
    table.add_row("a long name of words", " ".join(numbers[:3]), " ".join(numbers[3:]), "0.01")
    Screen(width=width).print(table)
    lines = capsys.readouterr().out.splitlines()
    assert all(any(number in re.split(r"[\s│]+", line) for line in lines) for number in numbers)
    assert max(map(cell_len, lines[1:])) <= width or width < 30


def test_a_title_is_a_line_of_its_own_however_narrow_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a title that is wider than its table")
    table.add_column("x")
    table.add_row("1")
    Screen(width=60).print(table)
    assert capsys.readouterr().out.splitlines()[0].strip() == "a title that is wider than its table"


@pytest.mark.parametrize(
    ("classes", "title"), [(3, "confusion"), (20, "confusion"), (300, "the most frequent")]
)
def test_a_confusion_matrix_that_is_too_wide_becomes_a_list_of_mistakes(
    classes: int, title: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = [f"the class of number {k}" for k in range(classes)]
    counts = [[3 * (i == j) + (j == i + 1) for j in range(classes)] for i in range(classes)]
    scores = [{"name": name, "precision": 1, "recall": 1, "f1": 1, "support": 1} for name in names]
    record = {"split": "test", "rows": 9, "scores": {}, "confusion": counts, "classes": scores}
    show_evaluation(record, RunDirectory(tmp_path))
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith(title) for line in lines)
    assert all(cell_len(line) <= 140 for line in lines[:-1])
    assert any(names[1] in line for line in lines)


@settings(max_examples=50)
@given(st.text())
def test_no_text_acts_once_it_is_printable(text: str) -> None:
    shown = printable_name(text)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)
    shown.encode()
    if text.isprintable():
        assert printable(text) == text


@settings(max_examples=50)
@given(st.lists(st.text("ab/-猫", min_size=1)), st.integers(1, 30), st.integers(0, 3))
def test_wrapping_breaks_between_words_alone(words: list[str], width: int, indent: int) -> None:
    line = " " * indent + " ".join(words)
    wrapped = wrap(line, width)
    assert wrapped.split() == words
    assert all(cell_len(each) <= width or len(each.split()) == 1 for each in wrapped.split("\n"))
    assert all(each.startswith(" " * indent) for each in wrapped.split("\n") if words)


def test_a_terminal_without_control_sequences_has_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "40")
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    assert Screen(file=shown).width == 40


def terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[Screen, io.StringIO]:
    """A screen on a terminal 40 columns wide, and what it shows."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    return Screen(file=shown, width=40), shown


@pytest.mark.parametrize(
    ("environment", "live", "colors"),
    [
        ({}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"CI": "1"}, False, True),
    ],
)
def test_a_bar_is_for_terminals_that_can_overwrite_it(
    environment: dict[str, str], live: bool, colors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, shown = terminal(monkeypatch, **environment)
    assert screen.is_live == live
    screen.print("bold", style="bold")
    assert ("\x1b" in shown.getvalue()) == colors


def test_prose_is_wrapped_in_a_terminal_and_a_line_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "task: classification, since the target 'kind' holds texts [bold]of a kind[/bold] " + "x" * 50
    screen, shown = terminal(monkeypatch)
    screen.print(sentence)
    assert shown.getvalue().split() == sentence.split()
    assert all(len(line) <= 40 or line == "x" * 50 for line in shown.getvalue().splitlines())
    piped = io.StringIO()
    Screen(file=piped, width=40).print(sentence)
    assert piped.getvalue() == f"{sentence}\n"


@pytest.mark.usefixtures("nnfs")
@pytest.mark.parametrize(
    ("term", "live", "columns"), [("xterm", True, 60), ("xterm", True, 200), ("dumb", False, 80)]
)
def test_training_in_a_real_terminal(term: str, live: bool, columns: int) -> None:
    pty = pytest.importorskip("pty", reason="Windows has none", exc_type=ImportError)
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": term, "COLUMNS": str(columns), "LINES": "30"}
    for name in ("CI", "NO_COLOR"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "nnfs_cli", "train", "cubic.yaml", "--set", "training.epochs=2"]
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # Linux raises it where the child has ended
        while read := os.read(ours, 65536):
            shown += read
    os.close(ours)
    assert child.wait() == 0
    assert (b"\x1b[?25l" in shown) == live
    assert (b"\x1b" in shown) == live
    assert b"epoch 2/2" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "└" in plain
    beside = any("samples/s" in line and "loss   ── " in line for line in plain.splitlines())
    assert beside == (live and columns == 200)


def test_the_screen_is_the_one_place_that_prints() -> None:
    for path in sorted((ROOT / "nnfs_cli").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.name != "screen.py":
            assert not re.search(
                r"rich\.(table|console import .*Console)|\bprint\(", text.replace(".print(", "")
            ), path


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_a_command_that_is_shown_is_what_a_shell_takes(words: list[str]) -> None:
    assert shlex.split(typed("plot", *words)) == ["nnfs", "plot", *words]


def test_no_name_in_a_command_that_is_shown_acts_in_a_shell(nnfs: Nnfs) -> None:
    (folder := Path("my runs; touch owned")).mkdir()
    Path("c.yaml").write_text(CUBIC)
    assert nnfs("train", "c.yaml", "--runs", str(folder), "--id", "one").status == 0
    assert f"`{typed('resume', folder / 'one')} --epochs N`" in nnfs("resume", f"{folder}/one").err
    assert nnfs("new", "my config").out.endswith(f"train it: {typed('train', 'my config.yaml')}\n")
