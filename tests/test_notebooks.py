"""The notebooks: each is what its source gives, and runs in a clean kernel."""

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

from tests.toys import ROOT

SOURCES = sorted((ROOT / "notebooks").glob("*.py"))


def cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def kinds(notebook: Any) -> list[list[list[str]]]:
    """What each cell shows: texts, tables and pictures, but not their content."""
    return [
        [sorted(output.get("data", {output.output_type: ""})) for output in cell.get("outputs", ())]
        for cell in notebook.cells
    ]


def name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_notebook_is_what_its_source_says(source: Path) -> None:
    notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    assert cells(notebook) == cells(jupytext.read(source))
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_notebooks_outputs_are_small_and_name_no_machine(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert len(text) < 700_000
    pictures = re.compile(r'"image/png": ".*?"|base64,[^"\\]*')
    for word in (tempfile.gettempdir(), str(Path.home()), str(ROOT)):
        assert json.dumps(word)[1:-1] not in pictures.sub("", text)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES, ids=name)
def test_a_notebook_runs_in_a_clean_kernel_and_shows_what_it_showed(source: Path, tmp_path: Path) -> None:
    notebook = jupytext.read(source)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV_")}
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute(env=environment | {"PYTHONPATH": str(ROOT)})
    assert kinds(notebook) == kinds(nbformat.read(source.with_suffix(".ipynb"), as_version=4))
