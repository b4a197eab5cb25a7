"""Files are written by core/files.py alone: whole or not at all, and never through a link that someone planted."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_architecture import MODULES, name, tree_of

WRITING_MODE = re.compile(r"[rwaxbt+]*[wax+][rwaxbt+]*")
METHODS = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "touch", "unlink", "rmdir", "rmtree", "renames"),
    *("symlink_to", "hardlink_to", "symlink", "truncate", "ftruncate", "copyfile", "copy2"),
    *("copytree", "mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory", "tofile"),
    *("savetxt", "savez_compressed", "to_csv", "to_parquet", "to_pickle", "FileLock"),
}
"""Calls that write, make, move or remove files, whatever they are called on."""
OF_MODULES = {"os.open", "os.replace", "os.rename", "os.remove", "os.link", "shutil.move"}
"""Such calls of a module: elsewhere these names mean something else."""
INTO_FILES = {"save", "savez", "savefig", "print_png"}
"""Calls that may be given a path, or an open file: then their first argument is one of these names."""
OPEN_FILES = {"file", "content", "buffer"}

ALLOWED = {
    "config/find.py": {"os.open"},  # to read
    "config/trust.py": {"mkdir", "touch", "unlink"},  # empty notes in the user's own folder
    "core/files.py": {"mkdir", "os.open", "unlink"},
    "core/folders.py": {"mkdir", "os.open", "os.replace", "unlink"},
    "runs/directory.py": {"mkdir", "rmtree"},  # a new run's folder; removed if it cannot begin
    "runs/lock.py": {"FileLock", "unlink"},
    "runs/leftovers.py": {"unlink"},  # what killed processes left
    "runs/growing.py": {"ftruncate"},
    "studies/directory.py": {"mkdir", "rmtree"},  # a new study's folder; a run that never had a checkpoint
    "sources/cache.py": {"rmdir", "unlink"},
    "sources/download.py": {"mkdir", "open", "replace", "unlink"},  # in the cache folder
    "sources/lock.py": {"open"},
    "sources/published_files.py": {"unlink"},
    "sources/table_cache.py": {"unlink"},
}


def writing_calls(tree: ast.AST) -> Iterator[str]:
    """The calls in a module that write files by themselves."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        owner = called.value if isinstance(called, ast.Attribute) else None
        of = owner.id if isinstance(owner, ast.Name) else ""
        first = node.args[0] if node.args else None
        renames = last in ("replace", "rename") and owner and len(node.args) == 1 and not node.keywords
        into_file = last in INTO_FILES and of in ("np", "figure", "canvas", "image", "first")
        if f"{of}.{last}" in OF_MODULES:
            yield f"{of}.{last}"
        elif (
            last in METHODS
            or (last in ("open", "memmap") and any(map(_is_writing_mode, ast.walk(node))))
            or (renames and not isinstance(first, ast.Constant))  # pandas renames a column to a text
            or (into_file and getattr(first, "id", "") not in OPEN_FILES)
        ):
            yield last


def _is_writing_mode(node: ast.AST) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and WRITING_MODE.fullmatch(text) is not None


def test_no_module_writes_files_on_its_own() -> None:
    trees = {name(path): tree_of(path) for path in MODULES}
    found = {module: set(writing_calls(tree)) for module, tree in trees.items()}
    assert {module: calls for module, calls in found.items() if calls} == ALLOWED


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("open(path, 'w')", "open"),
        ("path.open(mode='r+b' if start else 'wb')", "open"),
        ("path.write_text('a')", "write_text"),
        ("part.replace(path)", "replace"),
        ("os.replace(part, path)", "os.replace"),
        ("np.save(path, x)", "save"),
        ("figure.savefig(folder / name, format=kind)", "savefig"),
    ],
)
def test_a_call_that_writes_is_noticed(code: str, call: str) -> None:
    assert list(writing_calls(ast.parse(code))) == [call]


@pytest.mark.parametrize(
    "code", ["open(path)", "path.open('rb')", "text.replace('a', 'b')", "np.save(file, x)", "names.remove(a)"]
)
def test_a_call_that_does_not_write_is_not_taken_for_one(code: str) -> None:
    assert not list(writing_calls(ast.parse(code)))
