"""Reports: the page of a run, without a browser."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import load_run
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.report.arrays import Block
from nnfs_cli.report.highlight import highlight
from nnfs_cli.report.html import aligned, table
from nnfs_cli.report.page import script_json
from nnfs_cli.runs.directory import RunDirectory
from tests import browser
from tests.aged import aged
from tests.conftest import Nnfs


def embedded(page: str, name: str) -> str:
    found = re.search(rf'<script type="[\w/]+" id="{name}">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return found[1]


def array(page: str, reference: dict[str, Any]) -> Any:
    block = zlib.decompress(base64.b64decode(embedded(page, "arrays")))
    count = int(np.prod(reference["shape"]))
    read = np.frombuffer(block, f"<{reference['dtype']}", count, reference["offset"])
    return read.reshape(reference["shape"])


def test_a_report_holds_the_weights_to_the_bit_and_asks_for_no_other_file(nnfs: Nnfs) -> None:
    assert nnfs("train", "blobs.yaml", "--id", "a", "-q").status == 0
    outcome = nnfs("report", "a")
    assert outcome.out.strip() == str(Path("runs/a/report.html"))
    page = Path("runs/a/report.html").read_text(encoding="utf-8")
    content = json.loads(embedded(page, "content"))
    weights = np.load("runs/a/weights.npz")
    for each in content["weights"]:
        np.testing.assert_array_equal(array(page, each["values"]), weights[each["name"]])
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "default-src 'none'" in page


def test_a_report_goes_where_it_is_told_to_from_python_too(nnfs: Nnfs) -> None:
    nnfs("train", "cubic.yaml", "--id", "a", "-q")
    assert nnfs("report", "a", "--output", "b.html").status == 0
    assert Path("b.html").is_file()
    assert not Path("runs/a/report.html").exists()
    outcome = nnfs("report", "a", "--output", "missing/b.html")
    assert outcome.status == 2
    assert "there is no folder" in outcome.err
    assert "is a folder" in nnfs("report", "a", "--output", "runs").err
    assert "no run 'b'" in nnfs("report", "b").err
    assert load_run("a").report("c.html") == Path("c.html")
    with pytest.raises(NnfsError, match="is a folder"):
        load_run("a").report("runs")


def test_no_name_can_break_out_of_the_page(nnfs: Nnfs) -> None:
    evil = "</script><script>alert(1)</script>"
    rows = [f'{i},"{evil}"' if i % 2 else f"{i},<b>&\"'" for i in range(40)]
    Path("t.csv").write_text(
        f'"<i>{evil}",target\n' + "\n".join(rows).replace("<b>&\"'", '"<b>&""\'"') + "\n"
    )
    Path("t.yaml").write_text(
        "dataset: {type: csv, path: t.csv, target: target, test: 0.2}\n"
        "layers: [{type: dense, units: 2}]\nloss: cross_entropy\n"
        "optimizer: {type: sgd, learning_rate: 0.1}\ntraining: {epochs: 1}\n"
    )
    assert nnfs("train", "t.yaml", "--id", "a", "-q").status == 0
    assert nnfs("report", "a").status == 0
    page = Path("runs/a/report.html").read_text(encoding="utf-8")
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<b>&" not in page
    assert evil in json.loads(embedded(page, "content"))["classes"]


def test_a_diverged_run_and_one_that_only_began_have_a_report(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "a", "-q", "--set", "optimizer.learning_rate=1e9").status == 3
    assert nnfs("report", "a").status == 0
    assert "diverged" in Path("runs/a/report.html").read_text(encoding="utf-8")
    nnfs("train", "cubic.yaml", "--id", "b", "-q")
    for name in ("weights.npz", "predictions.npz", "epochs.csv", "steps.csv", "preparation.json"):
        Path("runs/b", name).unlink()
    aged(Path("runs/b"))
    Path("runs/b/summary.json").write_text('{"id": "b", "status": "running"}')
    assert nnfs("report", "b").status == 0


def test_a_run_of_an_earlier_version_shows_rows_if_its_data_are_there_and_the_same(nnfs: Nnfs) -> None:
    lines = "a,b,t\n" + "\n".join(f"{i},{i * i % 7},{'yes' if i % 3 else 'no'}" for i in range(60)) + "\n"
    Path("t.csv").write_text(lines)
    nnfs("init", "t.csv", "--target", "t")
    assert nnfs("train", "t.yaml", "--id", "a", "-q", "--set", "training.epochs=1").status == 0
    kept = dict(np.load(aged(Path("runs/a")) / "predictions.npz"))
    arrays = {name: each for name, each in kept.items() if not name.startswith("example_")}
    np.savez("runs/a/predictions.npz", **arrays)
    assert nnfs("report", "a").err == ""
    page = Path("runs/a/report.html").read_text(encoding="utf-8")
    shown = json.loads(embedded(page, "content"))["examples"]
    np.testing.assert_array_equal(array(page, shown["rows"]), kept["example_row"])
    Path("t.csv").write_text(lines.replace("1,1,yes", "1,2,yes"))
    assert "data have changed" in nnfs("report", "a").err
    Path("t.csv").unlink()
    outcome = nnfs("report", "a")
    assert outcome.status == 0
    assert "no rows are shown" in outcome.err


def test_arrays_keep_their_bits_and_stand_once() -> None:
    block = Block()
    numbers = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    first = block.add(np.arange(5, dtype=np.uint8)), block.add(numbers), block.add(numbers.copy())
    assert first[1] == first[2]
    content = zlib.decompress(base64.b64decode(block.text()))
    read = np.frombuffer(content, np.float32, 12, first[1]["offset"]).reshape(3, 4)
    np.testing.assert_array_equal(read, numbers)


def test_numbers_of_a_column_have_the_same_decimals() -> None:
    assert aligned([0.762, 0.857142, 1.0]) == ["0.762", "0.857", "1.000"]
    assert aligned([1, 1135]) == ["1", "1,135"]
    assert aligned([None, float("nan"), -2.5]) == ["undefined", "undefined", "\u22122.500"]
    assert "<b>" not in table(["<b>", "n"], [["<b>", 1.0]])


def test_yaml_keeps_its_text_under_its_colors() -> None:
    text = 'name: "a: <b>"  # no: 5\nlayers:\n- {type: dense, units: 64, bias: true}\n日本: [1e-3, -2.5]\n'
    plain = re.sub(r"<[^>]+>", "", highlight(text))
    assert plain == text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert '<span class="y-key">units</span>' in highlight(text)
    assert '<span class="y-number">1e-3</span>' in highlight(text)


def test_json_cannot_end_its_script_element() -> None:
    assert "<" not in script_json({"a": "</script><!--"})
    assert json.loads(script_json({"a": "</script>\u2028"})) == {"a": "</script>\u2028"}


def test_a_runs_json_files_are_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(NnfsError, match="must be a mapping"):
        RunDirectory(tmp_path).json("a.json")


def test_a_missing_browser_skips_loudly_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "CHROMIUM", Path("missing/chromium"))
    monkeypatch.delenv("NNFS_REQUIRE_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="install Debian's package chromium"):
        browser.need_chromium()
    monkeypatch.setenv("NNFS_REQUIRE_BROWSER", "1")
    with pytest.raises(pytest.fail.Exception, match="missing/chromium is missing"):
        browser.need_chromium()


def test_open_shows_the_page_and_says_if_there_is_no_browser(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch
) -> None:
    nnfs("train", "cubic.yaml", "--id", "a", "-q")
    opened: list[str] = []

    def show(address: str) -> bool:
        opened.append(address)
        return len(opened) == 1

    monkeypatch.setattr("webbrowser.open", show)
    assert nnfs("report", "a", "--open").err == ""
    assert opened == [Path("runs/a/report.html").absolute().as_uri()]
    assert "no browser was found" in nnfs("report", "a", "--open").err
