"""Files that are written whole or not at all."""

import errno
import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
import pytest
from PIL import Image

from nnfs_cli.cli.output import csv_output
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import named_by_user, open_to_append, replacing, write_new
from nnfs_cli.core.os_errors import WriteError, reason

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


@POSIX
def test_a_new_file_has_the_permissions_of_the_one_that_it_replaces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    for mode in (0o640, 0o755, 0o606):
        path.chmod(mode)
        with replacing(path) as file:
            file.write(b"new")
        assert path.stat().st_mode & 0o777 == mode


@POSIX
def test_a_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o444)
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # root may write everywhere
    with pytest.raises(WriteError, match="file: the file is write-protected"), replacing(path):
        pytest.fail("it was opened")
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"old")]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder beside `run`, with a file which nobody may write over."""
    (tmp_path / "run").mkdir()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "file").write_bytes(b"theirs")
    return folder


@POSIX
@pytest.mark.parametrize("at", ["run", "run/a", "run/a/b"])
def test_a_link_in_a_file_s_place_is_replaced_and_what_it_names_stays(elsewhere: Path, at: str) -> None:
    run = elsewhere.parent / "run"
    path = elsewhere.parent / at / "file"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(elsewhere / "file")
    with replacing(path, inside=run) as file:
        file.write(b"ours")
    assert (path.read_bytes(), (elsewhere / "file").read_bytes()) == (b"ours", b"theirs")
    assert not path.is_symlink()


@POSIX
@pytest.mark.parametrize(("link", "path"), [("a", "a/file"), ("a", "a/b/file"), ("a/b", "a/b/file")])
def test_a_link_in_a_folder_s_place_is_refused(elsewhere: Path, link: str, path: str) -> None:
    run = elsewhere.parent / "run"
    (run / link).parent.mkdir(exist_ok=True)
    (run / link).symlink_to(elsewhere)
    with pytest.raises(WriteError, match=r"file: .* is a link to .*; remove the link$"):
        replacing(run / path, inside=run).__enter__()
    assert [(each.name, each.read_bytes()) for each in elsewhere.iterdir()] == [("file", b"theirs")]


@POSIX
@pytest.mark.parametrize("moment", ["mkdir", "open"])
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    run = elsewhere.parent / "run"
    call: Callable[..., Any] = getattr(os, moment)

    def swap(path: Any, *args: Any, **options: Any) -> Any:
        """Do it, and put a link where the folder is."""
        done = call(path, *args, **options)
        if path == "plots" and (run / "plots").is_dir():
            (run / "plots").rename(run / "moved")
            (run / "plots").symlink_to(elsewhere)
        return done

    monkeypatch.setattr(os, moment, swap)
    if moment == "mkdir":
        with pytest.raises(WriteError, match="is a link to"):
            replacing(run / "plots" / "file", inside=run).__enter__()
    else:  # it is open already: the file comes into the true folder
        with replacing(run / "plots" / "file", inside=run) as file:
            file.write(b"ours")
        assert (run / "moved" / "file").read_bytes() == b"ours"
    assert [(each.name, each.read_bytes()) for each in elsewhere.iterdir()] == [("file", b"theirs")]


@POSIX
def test_what_grows_is_no_link(elsewhere: Path) -> None:
    path = elsewhere.parent / "run" / "epochs.csv"
    path.symlink_to(elsewhere / "file")
    with pytest.raises(WriteError, match=r"epochs.csv: there is a symbolic link"):
        open_to_append(path)
    with pytest.raises(WriteError, match="File exists"):
        write_new(path, b"ours")
    assert (elsewhere / "file").read_bytes() == b"theirs"


@POSIX
@pytest.mark.parametrize("target", ["elsewhere/file", "elsewhere/new"])
def test_a_link_that_the_user_names_is_followed(elsewhere: Path, target: str) -> None:
    link = elsewhere.parent / "link"
    link.symlink_to(target)  # relative, as people write them
    with named_by_user(link) as file:
        file.write(b"ours")
    assert link.is_symlink()
    assert (elsewhere.parent / target).read_bytes() == b"ours"
    link.unlink()
    link.symlink_to("link")
    with pytest.raises(WriteError, match="symbolic link"):
        named_by_user(link).__enter__()


@POSIX
def test_a_device_and_a_pipe_are_written_to_and_stay(tmp_path: Path) -> None:
    with named_by_user(Path(os.devnull)) as file:
        file.write(b"nothing")
    assert Path(os.devnull).is_char_device()
    os.mkfifo(tmp_path / "pipe")
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    with csv_output(tmp_path / "pipe") as rows:
        rows.writerow(["a", 1])
    reader.join()
    assert heard == [b"a,1\n"]
    assert (tmp_path / "pipe").is_fifo()


@POSIX
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_name_keeps_the_order(tmp_path: Path, name: str) -> None:
    if not Path(name).exists():
        name = "/dev/stdout"
    code = (
        "from pathlib import Path; from nnfs_cli.core.files import named_by_user\n"
        f"print('before')\nwith named_by_user(Path({name!r})) as file: file.write(b'rows\\n')\nprint('after')"
    )
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], stdout=out, check=True, timeout=60)
    assert (tmp_path / "out").read_text() == "before\nrows\nafter\n"


@pytest.mark.parametrize(
    "write",
    [
        lambda file: file.write(b"x" * 100),
        lambda file: np.save(file, np.zeros(100)),
        lambda file: np.savez(file, a=np.zeros(100)),
        lambda file: Image.new("L", (9, 9)).save(file, format="png"),
        lambda file: Image.new("L", (9, 9)).save(file, format="gif", save_all=True),
    ],
    ids=["bytes", "npy", "npz", "png", "gif"],
)
def test_whoever_writes_a_full_disk_is_told_with_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[BinaryIO], object]
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr("os.write", full)
    with (
        pytest.raises(WriteError, match=r"^cannot write .*file: no space is left on the disk$"),
        replacing(tmp_path / "file") as file,
    ):
        write(file)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("file", b"old")]


def test_a_full_disk_does_not_hide_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.write", full)
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as file:
        raise KeyboardInterrupt(file.write(b"few bytes, which wait"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space is left on the disk"),
        (errno.EACCES, "Permission denied"),
        (errno.EIO, "the disk failed (input/output error)"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EISDIR, "it is a folder, not a file"),
    ],
)
def test_the_reason_of_an_error_is_in_plain_words(code: int, words: str) -> None:
    assert reason(OSError(code, os.strerror(code))) == words


def test_an_error_without_a_number_has_a_reason_too() -> None:
    assert reason(OSError("odd")) == "odd"
    assert reason(OSError()) == "OSError"


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
