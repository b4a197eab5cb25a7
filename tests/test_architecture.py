"""Rules of the code's structure that no linter checks."""

import ast
import re
from pathlib import Path

import pytest

from tests.toys import ROOT

PACKAGE = ROOT / "nnfs_cli"
FAMILIES = [
    "layers",
    "losses",
    "optimizers",
    "datasets",
    "metrics",
    "initializers",
    "schedules",
    "regularizers",
]
MODULES = sorted(PACKAGE.rglob("*.py"))
SHARED = ("base.py", "chain.py", "convolution.py", "layout.py", "published.py")
"""The modules that the members of a family may share."""

MEMBERS = [
    path
    for family in FAMILIES
    for path in sorted((PACKAGE / family).glob("*.py"))
    if path.name not in ("__init__.py", *SHARED)
]


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MEMBERS, ids=name)
def test_a_member_imports_nothing_of_its_family_but_the_base(path: Path) -> None:
    family = f"nnfs_cli.{path.parent.name}."
    imported = re.findall(rf"from ({re.escape(family)}\w+) import", path.read_text())
    shared = {f"{family}{name.removesuffix('.py')}" for name in SHARED}
    assert f"{family}base" in imported
    assert set(imported) <= shared


@pytest.mark.parametrize("path", MEMBERS, ids=name)
def test_a_member_registers_one_component_under_its_files_name(path: Path) -> None:
    assert re.findall(r'\.register\("(\w+)"\)', path.read_text()) == [path.stem]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_opens_with_its_purpose_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_code_uses_the_global_random_generator_or_swallows_every_error(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"np\.random\.(seed|rand|randn|randint|choice|shuffle|permutation|normal)\b", text)
    assert not re.search(r"except( Base)?( Exception)?:\s*(pass|continue|return)", text)
    boundary = name(path) == "config/plugins.py"  # a plugin may raise anything; one function catches it
    assert len(re.findall(r"except \(?Exception\b", text)) == boundary


def test_the_changelog_knows_the_version() -> None:
    version = re.search(r'__version__ = "(.+)"', (PACKAGE / "version.py").read_text())
    assert version is not None
    assert f"## {version[1]}" in (ROOT / "CHANGELOG.md").read_text()


def test_few_modules_stand_beside_the_rooms() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == {"__init__", "__main__", "version"}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_jobs_know_what_makes_it_fast(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    if room not in ("speed", "jobs") and path.name != "moved.py":
        assert "nnfs_cli.speed" not in path.read_text()
