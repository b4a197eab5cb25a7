"""Studies on the workers of a Dask scheduler: every trial ends once, though a worker is killed half-way."""

import json
import os
import signal
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from nnfs_cli.core.errors import InterruptionError, NnfsError
from nnfs_cli.jobs.study import RunEnd
from nnfs_cli.jobs.study_dask import DaskWorkers
from nnfs_cli.jobs.study_start import reopened
from tests.test_studies import BASE, GRID, HALVED, conducted, conductor, rows, trials

LONG = BASE.replace("epochs: 5, ", "epochs: 150, checkpoint_every: 0.05, ")


def press_ctrl_c_at_each_end(ends: Iterable[RunEnd]) -> None:
    for _ in ends:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Dask's own, of what its killed worker leaves
def test_a_killed_worker_changes_no_table_and_ctrl_c_leaves_all_resumable(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    whole = conducted(tmp_path, GRID, name="whole", base=LONG)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        killed = conductor(tmp_path, GRID, "killed", LONG)
        ends = []
        for end in killed.conduct(DaskWorkers(address)):
            ends.append(end.run.name)
            if len(ends) == 2:
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        assert sorted(ends) == sorted(row["run"] for row in rows(whole / "runs.csv"))
        assert trials(killed.study.path) == trials(whole)

        stopped = conductor(tmp_path, GRID, "stopped", LONG)
        with pytest.raises(InterruptionError, match="--resume"):
            press_ctrl_c_at_each_end(stopped.conduct(DaskWorkers(address)))
        statuses = [
            json.loads(file.read_text())["status"] for file in stopped.study.path.glob("t*/summary.json")
        ]
        assert set(statuses) <= {"completed", "interrupted"}
        list(reopened(stopped.study.path).conduct(DaskWorkers(address)))
        assert trials(stopped.study.path) == trials(whole)

        halved = conducted(tmp_path, HALVED, DaskWorkers(address), "halved")
    assert trials(halved) == trials(conducted(tmp_path, HALVED, name="halved-here"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_without_workers_is_told_and_one_that_is_gone_is_one_clear_error(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    said: list[str] = []
    with distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=None) as cluster:
        new = conductor(tmp_path, GRID, base=LONG)
        ends = new.conduct(DaskWorkers(cluster.scheduler_address, said.append))
        threading.Timer(2.0, cluster.close).start()
        with pytest.raises(NnfsError, match=r"scheduler at .* is gone; .*--resume"):
            list(ends)
    assert said[0].startswith("no worker is at tcp://")


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnfs_cli.jobs.study_dask.PATIENCE", 0.5)
    with pytest.raises(NnfsError, match=r"no scheduler answers at tcp://127\.0\.0\.1:9"):
        conducted(tmp_path, GRID, DaskWorkers("tcp://127.0.0.1:9"))
