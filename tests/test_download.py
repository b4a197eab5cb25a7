"""Downloads from a local server that fails in all ways that real mirrors do."""

import gzip
import hashlib
import io
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.cli.downloads import DownloadView
from nnfs_cli.cli.screen import Screen
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.datasets import fashion_mnist, mnist
from nnfs_cli.sources import download, https
from nnfs_cli.sources.cache import cache_folder
from nnfs_cli.sources.download import DownloadError, Transfer, fetch, listener
from nnfs_cli.sources.lock import locked
from nnfs_cli.sources.published_files import PublishedFiles
from tests.conftest import Nnfs
from tests.mirror import (
    Mirror,
    Trouble,
    breaks_off,
    drips,
    drips_headers,
    endless,
    garbage,
    redirects,
    running_mirror,
    status,
)
from tests.toys import ROOT, write_idx

CONTENT = np.random.default_rng(1).bytes(400_000)
NOWHERE = "http://127.0.0.1:9/"
"""The discard port, on which no server listens."""


def is_real(path: Path) -> bool:
    return path.read_bytes() == CONTENT


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "WAITS", (0.01, 0.02))
    monkeypatch.setattr(https, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(https, "READ_SECONDS", 0.3)
    monkeypatch.setattr(https, "SCHEME", "http://")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with running_mirror(file=CONTENT) as running:
        yield running


@pytest.fixture
def other() -> Iterator[Mirror]:
    with running_mirror(file=CONTENT) as running:
        yield running


def get(tmp_path: Path, *mirrors: Mirror) -> Path:
    """Fetch `file`; its path, after checking that only the lock is beside it."""
    destination = tmp_path / "folder" / "file"
    fetch("file", [mirror.url for mirror in mirrors], destination, is_real, len(CONTENT))
    assert is_real(destination)
    assert {path.name for path in destination.parent.iterdir()} == {"file", ".lock"}
    return destination


def parts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "folder").glob(".file.*.part"))


def test_a_file_comes_whole_and_is_not_asked_for_again(tmp_path: Path, mirror: Mirror) -> None:
    get(tmp_path, mirror)
    get(tmp_path, mirror)
    assert mirror.asked == [""]


@pytest.mark.parametrize("stalls", [False, True])
def test_what_broke_off_is_resumed_where_it_ended(tmp_path: Path, mirror: Mirror, stalls: bool) -> None:
    mirror.troubles = [breaks_off(200_000, stalls=stalls)]
    get(tmp_path, mirror)
    first, second = mirror.asked
    assert first == ""
    held = int(second.removeprefix("bytes=").removesuffix("-"))
    assert 100_000 < held <= 200_000


def test_a_server_that_ignores_ranges_is_read_from_the_start(tmp_path: Path, mirror: Mirror) -> None:
    mirror.ranges, mirror.troubles = False, [breaks_off(200_000)]
    get(tmp_path, mirror)
    assert mirror.asked[1].startswith("bytes=")


def test_as_long_as_a_file_comes_further_the_tries_count_anew(tmp_path: Path, mirror: Mirror) -> None:
    mirror.ranges = False
    mirror.troubles = [breaks_off(share) for share in (80_000, 150_000, 220_000, 290_000, 360_000)]
    get(tmp_path, mirror)
    assert len(mirror.asked) == 6


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(tmp_path: Path, mirror: Mirror, code: int) -> None:
    mirror.troubles = [status(code), status(code)]
    get(tmp_path, mirror)
    assert len(mirror.asked) == 3


@pytest.mark.parametrize("trouble", [status(404), status(403), garbage])
def test_what_will_not_get_better_makes_the_next_mirror_be_asked_at_once(
    tmp_path: Path, mirror: Mirror, other: Mirror, trouble: Trouble
) -> None:
    mirror.troubles = [trouble]
    get(tmp_path, mirror, other)
    assert (mirror.asked, other.asked) == ([""], [""])


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (endless, "sends more than 400,000 bytes, which the file cannot have"),
        (drips, "too slow: less than 65,536 bytes in 0.3 seconds"),
        (drips_headers, "no answer for 0.3 seconds"),
        (redirects("ftp://elsewhere/file"), "leads to ftp://elsewhere/file, which is not http://"),
        (redirects("/file"), "redirects more than 5 times"),
    ],
)
def test_a_mirror_that_never_ends_or_leads_elsewhere_is_given_up_for_the_next(
    tmp_path: Path, mirror: Mirror, other: Mirror, trouble: Trouble, said: str
) -> None:
    mirror.troubles, other.troubles = [trouble] * 20, [status(404)]
    with pytest.raises(DownloadError, match=re.escape(said)):
        get(tmp_path, mirror, other)
    assert sum(part.stat().st_size for part in parts(tmp_path)) <= len(CONTENT)
    get(tmp_path, mirror, other)
    assert other.asked == ["", ""]


def test_a_mirror_that_takes_too_long_as_a_whole_is_given_up_however_far_it_got(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LONGEST_SECONDS", -1.0)
    with pytest.raises(DownloadError, match="takes too long as a whole"):
        get(tmp_path, mirror)


def test_nothing_is_asked_of_a_mirror_without_https(
    tmp_path: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "SCHEME", "https://")
    with pytest.raises(DownloadError, match="which is not https://"):
        get(tmp_path, mirror)
    assert mirror.asked == []


def test_a_link_in_place_of_a_part_is_not_written_through(tmp_path: Path, mirror: Mirror) -> None:
    part = interrupted(tmp_path, mirror)
    part.unlink()
    (tmp_path / "precious").write_bytes(b"precious")
    part.symlink_to(tmp_path / "precious")
    get(tmp_path, mirror)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_mirrors_do_not_mix_their_parts(tmp_path: Path, mirror: Mirror, other: Mirror) -> None:
    mirror.troubles = [breaks_off(200_000), *[status(503)] * 3]
    get(tmp_path, mirror, other)
    assert other.asked == [""]


def interrupted(tmp_path: Path, mirror: Mirror) -> Path:
    """The partial file that an interrupted download leaves."""
    mirror.troubles = [breaks_off(200_000), *[status(503)] * 3]
    with pytest.raises(DownloadError):
        get(tmp_path, mirror)
    mirror.asked.clear()
    mirror.troubles.clear()
    (part,) = parts(tmp_path)
    return part


def test_a_later_download_goes_on_with_an_earlier_ones_part(tmp_path: Path, mirror: Mirror) -> None:
    held = interrupted(tmp_path, mirror).stat().st_size
    get(tmp_path, mirror)
    assert mirror.asked == [f"bytes={held}-"]


@pytest.mark.parametrize("left", [b"older content", CONTENT + b"and more"])
def test_a_part_of_what_has_changed_since_is_thrown_away(tmp_path: Path, mirror: Mirror, left: bytes) -> None:
    interrupted(tmp_path, mirror).write_bytes(left)
    get(tmp_path, mirror)
    assert mirror.asked == [f"bytes={len(left)}-", ""]


def test_a_part_that_is_whole_only_needs_its_name(tmp_path: Path, mirror: Mirror) -> None:
    interrupted(tmp_path, mirror).write_bytes(CONTENT)
    get(tmp_path, mirror)
    assert mirror.asked == [f"bytes={len(CONTENT)}-"]


def test_when_no_mirror_delivers_each_ones_answer_is_told_and_no_file_is_left(
    tmp_path: Path, mirror: Mirror
) -> None:
    with (
        running_mirror(file=CONTENT) as absent,
        running_mirror(file=CONTENT) as wrong,
        running_mirror(file=CONTENT) as stalling,
        running_mirror(file=CONTENT) as busy,
    ):
        mirror.troubles = [breaks_off(200_000)] + [breaks_off(0)] * 9
        absent.files.clear()
        wrong.troubles = [garbage]
        stalling.troubles = [breaks_off(0, stalls=True)] * 9
        busy.troubles = [status(503)] * 9
        urls = [each.url for each in (mirror, absent, wrong, stalling, busy)]
        with pytest.raises(DownloadError) as caught:
            fetch("file", [*urls, NOWHERE], tmp_path / "folder" / "file", is_real, len(CONTENT))
    answers = [answer.partition("file: ")[2] for answer in caught.value.failures]
    assert [answer.partition("file: ")[0] for answer in caught.value.failures] == [*urls, NOWHERE]
    assert answers == [
        "broke off",
        "answers 404 Not Found",
        "serves something else: its checksum is wrong",
        "too slow: less than 65,536 bytes in 0.3 seconds",
        "answers 503 Service Unavailable",
        "no connection",
    ]
    assert not (tmp_path / "folder" / "file").exists()


def test_two_at_once_fetch_a_file_once(tmp_path: Path, mirror: Mirror) -> None:
    threads = [threading.Thread(target=get, args=(tmp_path, mirror)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    get(tmp_path, mirror)
    assert mirror.asked == [""]


def test_a_lock_is_held_until_it_is_left(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with locked(tmp_path / "lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(tmp_path / "lock"):
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_killed_download_leaves_no_file_frees_its_lock_and_is_resumed(
    tmp_path: Path, mirror: Mirror
) -> None:
    mirror.troubles = [breaks_off(200_000, stalls=True)]
    destination = tmp_path / "folder" / "file"
    program = (
        "import sys; from pathlib import Path; from nnfs_cli.sources import https;"
        "from nnfs_cli.sources.download import fetch; https.SCHEME = 'http://';"
        "fetch('file', [sys.argv[1]], Path(sys.argv[2]), lambda path: True, 10**6)"
    )
    command = [sys.executable, "-c", program, mirror.url, str(destination)]
    process = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 30
    while not any(part.stat().st_size for part in parts(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert not destination.exists()
    (part,) = parts(tmp_path)
    held = part.stat().st_size
    get(tmp_path, mirror)
    assert mirror.asked == ["", f"bytes={held}-"]


def test_a_listener_hears_of_every_step_up_to_the_last_byte(tmp_path: Path, mirror: Mirror) -> None:
    mirror.troubles = [breaks_off(200_000)]
    heard: list[Transfer] = []
    token = listener.set(heard.append)
    try:
        get(tmp_path, mirror)
    finally:
        listener.reset(token)
    assert heard[0] == Transfer("file", 0, len(CONTENT))
    assert heard[-1] == Transfer("file", len(CONTENT), len(CONTENT))
    assert [each.done for each in heard] == sorted(each.done for each in heard)
    assert [each for each in heard if each.done == each.total] == heard[-1:]


@pytest.mark.parametrize("terminal", [False, True])
def test_transfers_are_shown_as_lines_or_as_a_bar(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    view = DownloadView(Screen(file=shown, width=100))
    for transfer in (
        Transfer("a", 0, 2_000_000),
        Transfer("a", 10, 2_000_000),
        Transfer("a", 2_000_000, 2_000_000),
    ):
        view.show(transfer)
    view.show(Transfer("b", 500_000, None))
    view.close()
    if terminal:
        assert re.search(r"a.*2\.0/2\.0.*MB", shown.getvalue())
        assert "b" in shown.getvalue()
    else:
        assert shown.getvalue().splitlines() == [
            "nnfs: downloading a, 2.0 MB", "nnfs: downloaded a", "nnfs: downloading b, 0.5 MB of it already here",
        ]  # fmt: skip


def test_help_starts_without_what_downloads_need() -> None:
    program = (
        "import sys; sys.argv = ['nnfs', '--help']\nfrom nnfs_cli.cli.app import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"numpy", "requests", "rich.progress", "platformdirs"}


# Named sets


FAKE_NAMES = list(mnist.FILES.sha256)


@pytest.fixture
def fakes(tmp_path: Path) -> dict[str, bytes]:
    """Four small files with MNIST's names, gzipped."""
    rng, files = np.random.default_rng(2), {}
    for name, rows in zip(FAKE_NAMES, (60, 60, 20, 20), strict=True):
        array = rng.integers(0, 256, (rows, 28, 28)) if "images" in name else np.arange(rows) % 10
        write_idx(tmp_path / "fake.gz", array)
        files[f"{name}.gz"] = (tmp_path / "fake.gz").read_bytes()
    (tmp_path / "fake.gz").unlink()
    return files


@pytest.fixture
def fake_mirror(fakes: dict[str, bytes]) -> Iterator[Mirror]:
    with running_mirror(**fakes) as running:
        yield running


def faked(real: PublishedFiles, fakes: dict[str, bytes], *mirrors: str) -> PublishedFiles:
    """A named set with these files and mirrors instead of its own."""
    contents = {name: gzip.decompress(fakes[f"{name}.gz"]) for name in real.sha256}
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    sizes = {name: len(content) for name, content in contents.items()}
    return replace(real, mirrors=mirrors, sha256=sha256, sizes=sizes)


def put(folder: Path, fakes: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in fakes.items():
        (folder / name).write_bytes(content)


def train_fashion(nnfs: Nnfs, *overrides: str) -> tuple[int, str, str]:
    settings = [part for override in ("dataset.validation=10", *overrides) for part in ("--set", override)]
    return nnfs("train", str(ROOT / "configs" / "fashion-mnist.yaml"), "--dry-run", *settings)


def test_a_named_set_is_fetched_into_the_cache_and_that_is_shown(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, fakes: dict[str, bytes], fake_mirror: Mirror
) -> None:
    files = faked(fashion_mnist.FILES, fakes, NOWHERE, fake_mirror.url)
    monkeypatch.setattr(fashion_mnist.FashionMNIST, "files", files)
    status, out, err = train_fashion(nnfs)
    assert status == 0, err
    assert "rows: 50 train, 10 validation, 20 test" in out
    assert "Ankle boot" in fashion_mnist.CLASSES
    lines = [line for name in fakes for line in (f"downloading {name}, 0.0 MB", f"downloaded {name}")]
    assert err.splitlines() == [f"nnfs: {line}" for line in lines]
    assert {path.name for path in (cache_folder() / "fashion_mnist").iterdir()} == {*fakes, ".lock"}
    assert train_fashion(nnfs)[2] == ""
    assert len(fake_mirror.asked) == 4


@pytest.mark.usefixtures("nnfs")
def test_only_what_is_missing_is_fetched(fakes: dict[str, bytes], fake_mirror: Mirror) -> None:
    files = faked(mnist.FILES, fakes, fake_mirror.url)
    put(Path("data/mnist"), dict(list(fakes.items())[:1]))
    plain = Path("data/mnist") / FAKE_NAMES[1]
    plain.write_bytes(gzip.decompress(fakes[f"{FAKE_NAMES[1]}.gz"]))
    put(cache_folder() / "mnist", dict(list(fakes.items())[2:3]))
    x, t, x_test, t_test = files.arrays("data/mnist")
    assert [x.shape, t.shape, x_test.shape, t_test.shape] == [(60, 28, 28), (60,), (20, 28, 28), (20,)]
    assert x.dtype == np.uint8
    assert t.dtype == np.intp
    assert len(fake_mirror.asked) == 1


@pytest.mark.usefixtures("nnfs")
def test_a_folder_of_the_users_own_is_neither_completed_nor_replaced_by_a_download(
    fakes: dict[str, bytes], fake_mirror: Mirror
) -> None:
    put(cache_folder() / "mnist", fakes)
    put(Path("mine"), dict(list(fakes.items())[1:]))
    with pytest.raises(
        NnfsError, match=r"no train-images-idx3-ubyte\.gz in \S+mine; put MNIST's files there"
    ):
        faked(mnist.FILES, fakes, fake_mirror.url).arrays("mine")
    assert fake_mirror.asked == []


def test_offline_the_missing_files_their_places_and_the_mirrors_answers_are_told(
    nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, fakes: dict[str, bytes]
) -> None:
    with running_mirror() as empty:
        monkeypatch.setattr(
            fashion_mnist.FashionMNIST, "files", faked(fashion_mnist.FILES, fakes, empty.url, NOWHERE)
        )
        put(Path("data/fashion_mnist"), dict(list(fakes.items())[2:]))
        status, _, err = train_fashion(nnfs)
    first, second = list(fakes)[:2]
    assert status == 2
    assert err.splitlines() == [
        f"nnfs: dataset.path: no {first} and no {second} in {Path('data/fashion_mnist').absolute()} "
        f"or {cache_folder() / 'fashion_mnist'}; put Fashion-MNIST's files there, "
        f"or set dataset.path to the folder where they are; downloading failed:",
        f"  {empty.url}{first}: answers 404 Not Found",
        f"  {NOWHERE}{first}: no connection",
    ]


@pytest.mark.usefixtures("nnfs")
def test_a_cache_that_cannot_be_written_is_told_with_the_places_for_the_files(
    monkeypatch: pytest.MonkeyPatch, fakes: dict[str, bytes], fake_mirror: Mirror
) -> None:
    Path("file").touch()
    monkeypatch.setenv("NNFS_CACHE", "file")
    with pytest.raises(NnfsError, match=r"(?s)put MNIST's files there.*downloading failed:\n  .*file"):
        faked(mnist.FILES, fakes, fake_mirror.url).arrays("data/mnist")


def test_mnists_files_are_not_taken_for_those_of_fashion_mnist(nnfs: Nnfs) -> None:
    status, _, err = train_fashion(nnfs, f"dataset.path={ROOT / 'data' / 'mnist'}")
    assert status == 2
    assert "not Fashion-MNIST's train-images-idx3-ubyte: its SHA-256 is" in err


@pytest.mark.usefixtures("nnfs")
def test_a_mirrors_damaged_file_never_reaches_the_cache(fakes: dict[str, bytes], fake_mirror: Mirror) -> None:
    damaged = {name: content[:-9] for name, content in fakes.items()}
    with running_mirror(**damaged) as damaging:
        files = faked(mnist.FILES, fakes, damaging.url, fake_mirror.url)
        fake_mirror.troubles = [breaks_off(10)]
        assert len(files.arrays("data/mnist")) == 4
    for name, content in fakes.items():
        assert (cache_folder() / "mnist" / name).read_bytes() == content


@pytest.mark.usefixtures("nnfs")
def test_a_file_damaged_in_the_cache_is_fetched_again(fakes: dict[str, bytes], fake_mirror: Mirror) -> None:
    files, name = faked(mnist.FILES, fakes, fake_mirror.url), list(fakes)[1]
    put(cache_folder() / "mnist", {**fakes, name: fakes[name][:-9]})
    assert len(files.arrays("data/mnist")) == 4
    assert (cache_folder() / "mnist" / name).read_bytes() == fakes[name]
    assert len(fake_mirror.asked) == 1


@pytest.mark.usefixtures("nnfs")
@pytest.mark.parametrize("real", [mnist.FILES, fashion_mnist.FILES], ids=["mnist", "fashion_mnist"])
@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".gz", lambda content: gzip.compress(content, 1)),
        (".gz", lambda content: gzip.compress(content, 9, mtime=0)),
        (".gz", bytes),
        ("", bytes),
        ("", gzip.compress),
    ],
    ids=["fast", "small", "not compressed", "plain", "compressed without .gz"],
)
def test_a_sets_files_are_known_by_their_content_however_they_are_compressed(
    fakes: dict[str, bytes], real: PublishedFiles, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    Path("mine").mkdir()
    for name in real.sha256:
        content = gzip.decompress(fakes[f"{name}.gz"])
        (Path("mine") / f"{name}{suffix}").write_bytes(compress(content))
    path = Path("mine") / f"{name}{suffix}"
    path = path.rename(Path("mine") / path.name.replace("-idx", ".idx"))  # as some programs unpack it
    files = faked(real, fakes)
    assert [len(array) for array in files.arrays("mine")] == [60, 60, 20, 20]
    path.write_bytes(compress(content[:-1] + b"\x07"))
    with pytest.raises(NnfsError, match=rf"not \S+'s {name}: its SHA-256 is "):
        files.arrays("mine")


def test_the_names_and_checksums_of_the_four_files_are_told_apart() -> None:
    assert list(fashion_mnist.FILES.sha256) == list(mnist.FILES.sha256)
    assert not set(fashion_mnist.FILES.sha256.values()) & set(mnist.FILES.sha256.values())
    assert fashion_mnist.FILES.fingerprint != mnist.FILES.fingerprint
