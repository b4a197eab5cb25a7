"""Files that are written whole or not at all."""

import errno
import gzip
import os
from pathlib import Path
from typing import NoReturn

import pytest

from nnfs_cli.cli.output import csv_output
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import replacing

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions and links are POSIX's")


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_appears_at_the_end_and_replaces_an_older_one(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    for old, new in ((None, b"first"), (b"first", b"second")):
        with replacing(path, durable=durable) as file:
            file.write(new)
            assert (path.read_bytes() if path.exists() else None) == old
        assert path.read_bytes() == new
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_an_error_leaves_the_older_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(error, match="stop"), replacing(path) as file:
        raise error(f"stop after {file.write(b'half')} bytes")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@POSIX
def test_a_link_that_someone_planted_is_never_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
    (tmp_path / ".guessed.part").symlink_to(tmp_path / "theirs")
    with pytest.raises(NnfsError, match="file: File exists"), replacing(tmp_path / "file"):
        pytest.fail("it was opened")
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "file").exists()


@POSIX
def test_a_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    for private in (True, False):
        with replacing(tmp_path / f"{private}", private=private):
            pass
    assert (tmp_path / "True").stat().st_mode & 0o077 == 0
    (tmp_path / "plain").touch()
    assert (tmp_path / "False").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_missing_folder_and_a_folder_in_the_way_are_told_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(NnfsError, match=r"^cannot write .*file: there is no folder .*nowhere$"):
        replacing(tmp_path / "nowhere" / "file").__enter__()
    (tmp_path / "folder").mkdir()
    with pytest.raises(NnfsError, match=r"^cannot write .*folder: "), replacing(tmp_path / "folder"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_folder_that_is_not_writable_is_told_with_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:  # for all users but root
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(NnfsError, match=r"^cannot write .*file: Permission denied$"):
        replacing(tmp_path / "file").__enter__()


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz"])
def test_a_commands_csv_is_text_compressed_by_its_name(tmp_path: Path, name: str) -> None:
    with csv_output(tmp_path / name) as rows:
        rows.writerow(["é", 1])
    content = (tmp_path / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    assert content == "é,1\n".encode()
    with pytest.raises(NnfsError, match="stop"), csv_output(tmp_path / name):
        raise NnfsError("stop")
    assert [path.name for path in tmp_path.iterdir()] == [name]
