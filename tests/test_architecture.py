"""Rules of the code's structure that no linter checks."""

import ast
import re
from functools import cache
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


@cache
def tree_of(path: Path) -> ast.Module:
    """A module, parsed once for all tests."""
    return ast.parse(path.read_text(encoding="utf-8"))


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
    assert ast.get_docstring(tree_of(path))
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


RUNS_CODE = {
    "config/plugins.py": {"importlib", "exec_module"},  # a plugin's own import
    "jobs/engine.py": {"importlib"},  # the rest of importlib: modules of nnfs by name, and its files
    "plots/__init__.py": {"importlib"},
    "__init__.py": {"importlib"},
    "core/component.py": {"importlib", "pkgutil"},
    "core/callables.py": {"importlib"},
    "core/moved.py": {"importlib", "exec_module"},
    "config/trust.py": {"importlib"},
    "report/page.py": {"importlib"},
    "speed/workers.py": {"multiprocessing"},
    "speed/worker_errors.py": {"pickle"},  # between a process and its own forks
    "speed/all_reduce.py": {"multiprocessing"},
    "sources/ahead.py": {"concurrent"},  # threads alone
    "jobs/study_workers.py": {"concurrent", "multiprocessing"},  # this program's own processes
    "cli/report.py": {"webbrowser"},  # --open
    "config/dialect.py": {"yaml.load"},  # by a SafeLoader: see below
}
"""What may run code or start programs, by module: all that there is."""
MODULES_THAT_RUN = {
    "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "jsonpickle", "joblib", "shelve", "marshal", "dbm",
    "subprocess", "multiprocessing", "concurrent", "pty", "webbrowser", "importlib", "imp", "runpy", "pkgutil",
    "zipimport", "builtins", "code", "codeop", "ctypes", "cffi", "posix", "_posixsubprocess", "pdb", "timeit",
    "asyncio", "nt", "_winapi", "cProfile", "profile", "trace", "doctest", "pydoc", "distutils", "venv",
    "site", "_frozen_importlib", "_frozen_importlib_external",
}  # fmt: skip
NAMES_THAT_RUN = {
    "eval", "exec", "compile", "__import__", "__builtins__", "breakpoint", "execfile", "exec_module", "load_module",
    "getoutput", "popen", "posix_spawn", "posix_spawnp", "startfile", "read_pickle", "to_pickle", "literal_eval",
    "FunctionType", "CodeType", "create_subprocess_exec", "create_subprocess_shell", "load_library", "extractall",
    "unpack_archive",
    "unsafe_load", "unsafe_load_all", "full_load", "full_load_all", "UnsafeLoader", "FullLoader", "CLoader",
    *(f"{way}{kind}" for way in ("exec", "spawn") for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
}  # fmt: skip


def what_runs(tree: ast.AST) -> set[str]:
    """What in a module may run code or start programs, however it is called there."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found |= {root for each in names if (root := each.name.partition(".")[0]) in MODULES_THAT_RUN}
                found |= {f"os as {each.asname}" for each in names if each.name == "os" and each.asname}
                found |= {f"yaml as {each.asname}" for each in names if each.name == "yaml" and each.asname}
            case ast.ImportFrom(module=str(module), names=names):
                found |= {module.partition(".")[0]} & MODULES_THAT_RUN
                found |= {each.name for each in names} & (NAMES_THAT_RUN - {"compile"} | MODULES_THAT_RUN)
                found |= {f"from {module}" for each in names if module == "yaml" and "oad" in each.name}
                found |= {
                    f"os.{each.name}" for each in names if module == "os" and each.name in ("system", "*")
                }
            case ast.Name(id=str(name)) if name in NAMES_THAT_RUN:
                found.add(name)
            case ast.Attribute(value=ast.Name(id="os"), attr="system"):
                found.add("os.system")
            case ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "load_all" | "Loader" as attr):
                found.add(f"yaml.{attr}")
            case ast.Attribute(attr=attr) if attr in NAMES_THAT_RUN - {"compile"}:  # re.compile
                found.add(attr)
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(attr)), *_]) if (
                attr in NAMES_THAT_RUN | {"system"}
            ):
                found.add(attr)
            case ast.Call(
                func=ast.Attribute(attr="load" | "save" | "read_array" | "write_array"), args=[_, _, _, *_]
            ):
                found.add("allow_pickle by its place")
            case ast.keyword(arg="shell"):
                found.add("shell=")
            case ast.keyword(arg="allow_pickle", value=value) if ast.unparse(value) != "False":
                found.add("allow_pickle=")
    return found


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_runs_code_or_programs_but_for_those_named(path: Path) -> None:
    found = what_runs(tree_of(path))
    debugger = {"breakpoint"} & found  # speaks of it
    assert found - debugger == RUNS_CODE.get(name(path), set())


@pytest.mark.parametrize(
    "hidden",
    [
        "e = eval",
        "import builtins as b",
        "from os import system as s",
        "import os as o",
        "from os import popen",
        "import pickle as json",
        "from importlib import import_module as i",
        "getattr(object, 'exec')",
        "import subprocess.x",
        "def f(): from _pickle import loads",
        "run('ls', shell=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "from yaml import load",
        "import yaml as y",
        "yaml.unsafe_load(text)",
        "np.load(file, allow_pickle=True)",
        "np.load(file, allow_pickle=flag)",
        "pd.read_pickle(file)",
        "__builtins__['ev' + 'al']",
        "__import__('os')",
        "x.exec_module(m)",
        "from os import *",
        "from types import FunctionType as F",
        "asyncio.create_subprocess_shell(text)",
        "np.load(file, None, True)",
        "archive.extractall()",
    ],
)
def test_an_alias_hides_none_of_it(hidden: str) -> None:
    assert what_runs(ast.parse(hidden))


NETWORK = {
    "requests", "urllib3", "socket", "ssl", "http", "httpx", "aiohttp", "ftplib", "smtplib", "imaplib", "poplib",
    "telnetlib", "nntplib", "xmlrpc", "socketserver", "request", "robotparser",
}  # fmt: skip
REACHES_OUT = {
    "sources/https.py": {"requests", "urllib3"},
    "runs/lock.py": {"socket"},  # the host's name
}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_one_module_alone_reaches_the_network(path: Path) -> None:
    nodes = list(ast.walk(tree_of(path)))
    imported = [each.name for node in nodes if isinstance(node, ast.Import) for each in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            imported += [
                node.module,
                *(f"urllib.{each.name}" for each in node.names if node.module == "urllib"),
            ]
    roots = {text.removeprefix("urllib.").partition(".")[0] for text in imported}
    assert roots & NETWORK == REACHES_OUT.get(name(path), set())
    assert not any(text == "urllib" for text in imported)


def test_yaml_is_read_by_a_safe_loader_and_arrays_without_pickle() -> None:
    tree = ast.parse((PACKAGE / "config/dialect.py").read_text())
    loads = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "yaml.load"
    ]
    assert [ast.unparse(call.args[1]) for call in loads] == ["_Loader"] * len(loads)
    (loader,) = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == "_Loader")
    assert [ast.unparse(base) for base in loader.bases] == ["yaml.SafeLoader"]
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load", "np.savez"):
                assert "allow_pickle" in {keyword.arg for keyword in node.keywords}, (path, node.lineno)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_jobs_know_what_makes_it_fast(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    if room not in ("speed", "jobs") and path.name != "moved.py":
        assert "nnfs_cli.speed" not in path.read_text()
