"""The commit of a folder's repository, read from its files as git writes them."""

import os
from pathlib import Path

import pytest

from nnfs_cli.core.git import commit_of

COMMIT, OTHER = "a1" * 20, "b2" * 20


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository on the branch `main`, with a folder `configs`."""
    (tmp_path / "configs").mkdir()
    heads = tmp_path / ".git/refs/heads"
    heads.mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (heads / "main").write_text(f"{COMMIT}\n")
    return tmp_path


def test_it_is_found_from_a_folder_below(repository: Path) -> None:
    assert commit_of(repository / "configs") == COMMIT


def test_it_may_be_packed_or_be_checked_out_by_itself(repository: Path) -> None:
    (repository / ".git/refs/heads/main").unlink()
    packed = f"# pack-refs with: peeled\n{OTHER} refs/heads/main2\n{COMMIT} refs/heads/main\n^{OTHER}\n"
    (repository / ".git/packed-refs").write_text(packed)
    assert commit_of(repository) == COMMIT
    (repository / ".git/HEAD").write_text(OTHER)
    assert commit_of(repository) == OTHER


def test_it_may_be_that_of_a_worktree(repository: Path) -> None:
    own = repository / ".git/worktrees/tree"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (repository / ".git/refs/heads/side").write_text(OTHER)
    tree = repository / "configs/tree"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {own}\n")
    assert commit_of(tree) == OTHER


@pytest.mark.parametrize(
    "head",
    [
        "",
        "ref:",
        "ref: refs/heads/new",
        "ref: refs/../../secret",
        "ref: /secret",
        "ref: refs/heads/\0",
        "xyz",
        "a1" * 19,
    ],
)
def test_there_may_be_none(repository: Path, head: str) -> None:
    (repository / "secret").write_text(COMMIT)
    (repository / ".git/HEAD").write_text(head)
    assert commit_of(repository) == ""


def test_pipes_circles_and_missing_files_are_none(repository: Path) -> None:
    (repository / ".git/refs/heads/main").write_text("ref: refs/heads/main")
    assert commit_of(repository) == ""
    (repository / ".git/HEAD").unlink()
    assert commit_of(repository) == ""
    os.mkfifo(repository / ".git/HEAD")
    assert commit_of(repository) == ""
    assert commit_of(repository / "nowhere") == ""
