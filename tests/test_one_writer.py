"""A run has one writer. Others are refused, and readers see whether it is alive."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from nnfs_cli.config.load import parse_config
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.resume import resume
from nnfs_cli.jobs.train import train_run, what_is_kept
from nnfs_cli.runs.directory import RunDirectory, all_runs
from nnfs_cli.runs.listed import all_lines
from nnfs_cli.runs.lock import WRITER, Writer, status_now
from nnfs_cli.training.experiment import Experiment
from tests.conftest import Nnfs
from tests.test_commands import same_numbers
from tests.toys import CUBIC, ROOT

HOLD = """
import signal, sys, os
from pathlib import Path
from nnfs_cli.runs.directory import RunDirectory

with RunDirectory(Path(sys.argv[1])).writing():
    fork = os.fork()
    if fork:
        print(fork, flush=True)
    signal.pause()
"""
"""A program that holds the lock of a run, with a fork of itself, until it is killed."""


@contextmanager
def held(run: Path) -> Iterator[tuple[int, Callable[[], None]]]:
    """Let another process, that has a fork, write `run`: its number, and what kills it but not its fork."""
    command = [sys.executable, "-c", HOLD, str(run)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        fork = int(process.stdout.readline())
        try:
            yield process.pid, process.kill
        finally:
            process.kill()
            os.kill(fork, signal.SIGKILL)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def listed_status(root: Path) -> list[str]:
    return [line["status"] for line in all_lines(root)[0]]


def status(run: str) -> str:
    return str(RunDirectory(Path("runs") / run).summary()["status"])


def test_a_second_writer_is_refused_and_touches_nothing_until_the_first_is_gone(nnfs: Nnfs) -> None:
    assert nnfs("train", "cubic.yaml", "--id", "a", "-q").status == 0
    run = RunDirectory(Path("runs/a"))
    run.write_json("summary.json", {**run.summary(), "status": "running"})
    assert status("a") == "died"
    assert "died: the process is gone; `nnfs resume RUN` continues a" in nnfs("runs").out
    with held(run.path.absolute()) as (pid, kill):
        before = contents(run.path)
        refused = nnfs("resume", "a", "--epochs", "9")
        assert refused.status == 2
        assert refused.err.startswith(f"nnfs: runs/a is being trained by process {pid} on ")
        with (
            pytest.raises(NnfsError, match=f"is being trained by process {pid} on .* since 2"),
            run.writing(),
        ):
            pytest.fail("there are two writers")
        assert status("a") == "running"
        assert contents(run.path) == before
        kill()
        while status("a") == "running":  # the system needs a moment
            pass
        assert (status("a"), contents(run.path)) == ("died", before)
        assert nnfs("resume", "a", "--epochs", "6", "-q").status == 0  # the fork has no lock
    assert status("a") == "completed"
    assert not run.has(WRITER)


def test_a_writer_may_write_again_within_its_block_but_no_other_object_may(tmp_path: Path) -> None:
    run, other = (
        RunDirectory.create(tmp_path, parse_config(CUBIC, "cubic.yaml"), "a"),
        RunDirectory(tmp_path / "a"),
    )
    for _ in range(2):
        with run.writing(), run.writing(), pytest.raises(NnfsError, match=f"by process {os.getpid()} "):
            other.writing().__enter__()
        with other.writing(), pytest.raises(NnfsError, match="is being trained"):
            run.writing().__enter__()


def test_a_run_is_its_makers_from_the_start(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, parse_config(CUBIC, "cubic.yaml"), "a")
    assert listed_status(tmp_path) == ["running"]
    with pytest.raises(NnfsError, match="is being trained"):
        RunDirectory(run.path).writing().__enter__()
    del run  # as if its training had never begun
    with RunDirectory(tmp_path / "a").writing():
        pass
    assert listed_status(tmp_path) == ["died"]


def test_fifty_runs_of_one_second_get_fifty_folders_and_an_id_is_given_once(tmp_path: Path) -> None:
    config = parse_config(CUBIC, "cubic.yaml")
    begin = threading.Barrier(25)

    def make(run_id: str | None) -> str:
        begin.wait()
        try:
            return RunDirectory.create(tmp_path, config, run_id).id
        except NnfsError as error:
            return str(error)

    with ThreadPoolExecutor(25) as pool:
        assert len(set(pool.map(make, [None] * 50))) == 50
        named = list(pool.map(make, ["one"] * 25))
    assert len(list(all_runs(tmp_path))) == 51
    assert named.count("one") == 1
    assert sum("never overwrites another" in text for text in named) == 24


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        "{}",
        '{"pid": 1e999, "host": 1, "since": 1, "born": 1}',
        '{"pid": -1, "host": "h", "since": "", "born": NaN}',
        "[" * 9999,
    ],
)
def test_a_record_of_the_writer_that_nobody_can_read_is_no_writer(tmp_path: Path, record: str) -> None:
    (tmp_path / WRITER).write_text(record)
    assert Writer.of(tmp_path) is None or "h" in str(Writer.of(tmp_path))
    (tmp_path / "summary.json").write_text('{"status": "running"}')
    run = RunDirectory(tmp_path)
    with run.writing():
        assert run.summary()["status"] == "running"
    assert run.summary()["status"] == "died"


def test_a_process_of_the_same_number_is_not_the_writer_but_one_of_another_host_may_be() -> None:
    me = Writer.of_this_process()
    assert me.may_live
    assert not replace(me, born=me.born - 60).may_live
    assert not replace(me, pid=2**40).may_live
    assert not replace(me, pid=-1).may_live
    assert replace(me, pid=2**40, host="elsewhere").may_live
    assert json.loads(json.dumps(asdict(me)))["pid"] == os.getpid()


def test_what_is_kept_between_the_two_renames_of_a_checkpoint_is_the_former_one(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, parse_config(CUBIC, "cubic.yaml"), "a")
    assert "starts anew" in what_is_kept(run)
    next(iter(train_run(Experiment(run.config()), run)))
    (run.path / "checkpoint.npz").rename(run.path / "checkpoint.previous.npz")
    assert "continues from the last checkpoint" in what_is_kept(run)
    assert resume(run).checkpoint.name == "checkpoint.previous.npz"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_folder_that_could_not_be_begun_leaves_its_name_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    config = parse_config(CUBIC, "cubic.yaml")

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "write_json", fail)
        with pytest.raises((NnfsError, KeyboardInterrupt)):
            RunDirectory.create(tmp_path, config, "a")
    assert not list(tmp_path.iterdir())
    with RunDirectory.create(tmp_path, config, "a").writing():
        assert (tmp_path / "a" / "config.yaml").is_file()


def test_a_fork_that_ends_while_its_parent_trains_changes_nothing(tmp_path: Path) -> None:
    experiment = Experiment(parse_config(CUBIC, "cubic.yaml"))
    runs = [RunDirectory.create(tmp_path, experiment.config, name) for name in ("whole", "forked")]
    for run in runs:
        training = train_run(Experiment(experiment.config), run)
        assert isinstance(training, Generator)
        for _ in range(3):
            next(training)
        if run is runs[1]:
            if (fork := os.fork()) == 0:
                training.close()  # as when the fork ends
                os._exit(0)
            assert os.waitpid(fork, 0) == (fork, 0)
            assert status_now(run.path, "running") == "running"
        for _ in training:
            pass
    assert all(run.summary()["status"] == "completed" for run in runs)
    assert same_numbers(runs[0].path, runs[1].path)
