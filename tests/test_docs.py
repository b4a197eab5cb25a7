"""The documentation: every command and config in it runs, every picture is made, every equation is the code's."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import equations
import gallery
import pytest
import reference
import yaml
from PIL import Image

from nnfs_cli import plots
from nnfs_cli.config.catalog import REGISTRIES, options_in
from nnfs_cli.config.experiment import ExperimentConfig, TrainingConfig
from nnfs_cli.config.load import load_config
from nnfs_cli.doctor.examine import choose
from nnfs_cli.plots import study
from tests.browser import need_chromium
from tests.conftest import Nnfs
from tests.pages import PAGES, Block, blocks, in_kind, name
from tests.readers_files import FILES
from tests.toys import ROOT

MATHEMATICS = sorted((ROOT / "docs" / "mathematics").glob("*.md"))
RUNNABLE = [page for page in PAGES if any(block.language == "console" for block in blocks(page))]
QUICK = {"docs/howto/table.md", "docs/howto/add-a-layer.md"}
"""Pages that the fast suite runs; the slow one runs all."""

INSTALLING = {"python3 -m venv .venv", ". .venv/bin/activate", "pip install ."}
"""Commands that `make train` runs in their like; they would change the environment of the tests."""

BASE = """
dataset: {type: blobs}
layers: [{type: dense, units: 10}]
loss: cross_entropy
optimizer: sgd
training: {epochs: 1}
"""
"""What a part of a config stands in."""


@pytest.mark.parametrize(
    ("page", "block"),
    [(page, block) for page in PAGES for block in blocks(page) if block.language == "yaml"],
    ids=lambda part: name(part) if isinstance(part, Path) else part.title or "block",
)
def test_every_config_in_the_docs_is_valid(page: Path, block: Block, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    own = tmp_path / "own_page.yaml"
    own.write_text(yaml.safe_dump({**yaml.safe_load(BASE), **yaml.safe_load(block.text)}, sort_keys=False))
    assert load_config(own)


@pytest.mark.parametrize("page", [page for page in RUNNABLE if name(page) in QUICK], ids=name)
def test_every_command_of_a_quick_page_runs(page: Path, nnfs: Nnfs, tmp_path: Path) -> None:
    run_page(page, nnfs, tmp_path, leave_out=r"mnist|kaggle")


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_every_command_in_the_docs_runs_and_answers_as_the_page_shows(
    page: Path, nnfs: Nnfs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda *_: True)
    run_page(page, nnfs, tmp_path)


def run_page(page: Path, nnfs: Nnfs, folder: Path, leave_out: str = "$^") -> None:
    """Run the commands of a page one after the other, in a folder with the files that the page shows."""
    write_files(page, folder)
    for block in (block for block in blocks(page) if block.language == "console"):
        for command, shown in block.commands():
            if command in INSTALLING or re.search(leave_out, command):
                continue
            answer = run(command, block, nnfs)
            for line in shown:
                assert line == "..." or in_kind(line) in answer, f"{command}\n{line}\n{answer}"


def run(command: str, block: Block, nnfs: Nnfs) -> str:
    """What a command prints, in kind; it must end with the status that the page says."""
    words = shlex.split(command)
    if words[0] == "make":
        words.insert(1, "--dry-run")
    training = words[:2] == ["nnfs", "train"] and "--dry-run" not in words
    if words[0] == "nnfs" and "|" not in words:
        status, out, err = nnfs(*words[1:], *(block.short if training else []))
    else:
        shell = f'nnfs() {{ "{sys.executable}" -m nnfs_cli "$@"; }}; {command}'
        line = words if words[0] == "make" else ["bash", "-euo", "pipefail", "-c", shell]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        where = ROOT if words[0] == "make" else None
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment, cwd=where)
        status, out, err = done.returncode, done.stdout, done.stderr
    assert status == block.status, f"{command}: {out}{err}"
    return "\n".join(in_kind(line) for line in f"{out}\n{err}".splitlines())


def write_files(page: Path, folder: Path) -> None:
    """Put into a folder what the page shows as a file, and what a reader has."""
    for block in blocks(page):
        if block.title:
            (folder / block.title).write_text(block.text)
    text = page.read_text()
    for mentioned, write in FILES.items():
        if mentioned in text:
            write(folder)


def test_a_block_that_shows_output_is_compared_in_kind() -> None:
    assert in_kind("loss   0.25  in 1,000 rows") == in_kind("loss 3e-05 in 7 rows") == "loss # in # rows"
    assert in_kind("loss 1") != in_kind("mse 1")


def test_every_command_that_is_not_run_is_in_the_docs() -> None:
    console = [block for page in PAGES for block in blocks(page) if block.language == "console"]
    assert {command for block in console for command, _ in block.commands()} > INSTALLING


def test_all_code_in_the_docs_is_of_a_kind_that_is_run_or_says_that_it_is_text() -> None:
    found = {block.language for page in PAGES for block in blocks(page)}
    assert found <= {"console", "yaml", "python", "text", "math"}
    for page in PAGES:
        assert not re.search(r"^    (nnfs|make|py|pip) ", page.read_text(), re.MULTILINE), page


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    made = {ROOT / "docs" / uri for uri in reference.PAGES}
    for target in re.findall(
        r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    ):
        if not target.startswith("https://"):
            path = (page.parent / target).resolve()
            assert path.exists() or path in made, f"{page}: {target}"


@pytest.mark.parametrize("page", MATHEMATICS, ids=name)
def test_a_page_of_mathematics_ends_each_derivation_with_what_the_component_states(page: Path) -> None:
    assert equations.written(page.read_text()) == page.read_text(), "run `python docs/making/equations.py`"


@pytest.mark.parametrize(
    ("kind", "member"),
    [(each.kind, member) for each in REGISTRIES if each.kind in equations.FAMILIES for member in each],
)
def test_every_layer_loss_and_optimizer_has_a_derivation(kind: str, member: str) -> None:
    text = "\n".join(page.read_text() for page in MATHEMATICS)
    (section,) = (
        re.findall(rf"^## {member}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        if kind == "layer"
        else [text.partition(f"# {kind.capitalize()}")[2]]
    )
    if kind == "optimizer":
        assert f"<!-- update: optimizer {member} -->" in text
        return
    between = re.findall(
        rf"<!-- forward: {kind} {member} -->\n```math\n.*?\n```\n(.*?)<!-- backward: {kind} {member} -->",
        text,
        re.DOTALL,
    )
    assert len(between) == 1
    assert section
    assert len(between[0].split()) > 8, "the derivation, in words and equations"


def test_the_reference_has_every_option_with_its_range_and_default() -> None:
    pages = reference.pages()
    assert set(pages) == set(reference.PAGES)
    for registry in REGISTRIES:
        text = pages[f"reference/{reference.plural(registry.kind)}.md"]
        for member in registry:
            section = text.partition(f"\n## {member}\n")[2].partition("\n## ")[0]
            for option, kind, default in options_in(registry[member]):
                assert (
                    f"| `{option}` | {reference.cell(kind)} | {reference.cell(default) or 'empty'} | "
                    in section
                )
    for cls in (ExperimentConfig, TrainingConfig):
        for option, _, _ in options_in(cls):
            assert re.search(
                rf"^\| `{option}` \| .* \| .* \| \S.* \|$", pages["reference/config.md"], re.MULTILINE
            )


def test_the_reference_has_every_command(nnfs: Nnfs) -> None:
    page = reference.pages()["reference/commands.md"]
    for command in re.findall(r"^│ ([a-z][a-z-]+) ", nnfs("--help").out, re.MULTILINE):
        assert f"\n## nnfs {command}\n" in page
        assert f"](#nnfs-{command})" in page


def test_every_picture_in_the_docs_is_one_that_the_gallery_makes_and_is_small() -> None:
    shown = {
        Path(target).name
        for page in PAGES
        for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text())
    }
    files = {path.name: path.stat().st_size for path in (ROOT / "docs" / "pictures").iterdir()}
    assert shown == set(gallery.PICTURES) == set(files)
    assert sum(files.values()) < 2_000_000


@pytest.mark.parametrize(
    ("page", "names"), [("plots.md", plots.NAMES), ("study.md", study.NAMES), ("doctor.md", choose())]
)
def test_a_page_lists_every_plot_and_every_check(page: str, names: Sequence[str]) -> None:
    rows = re.findall(r"^\| (`.*`) \|", (ROOT / "docs" / "howto" / page).read_text(), re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(rows))) == sorted(names)


@pytest.mark.slow
@pytest.mark.browser
def test_the_gallery_makes_every_picture(tmp_path: Path) -> None:
    gallery.make(tmp_path)
    for picture, source in gallery.PICTURES.items():
        if source.endswith(".html"):
            need_chromium()
        with Image.open(tmp_path / picture) as image, Image.open(gallery.FOLDER / picture) as kept:
            assert image.size == kept.size, "run `make gallery`"


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_read_without_a_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        text = page.read_text()
        assert not re.search(r'<(script|img|link|iframe)[^>]*(src|href)="?(https?:)?//', text), page
        assert "arithmatex" not in text, page
