"""A Dask scheduler's workers, here or on other machines, train a study's runs in folders that all share."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from nnfs_cli.core.errors import InterruptionError, NnfsError
from nnfs_cli.core.interrupts import StopRequest
from nnfs_cli.jobs.study_run import RunTask, train_task
from nnfs_cli.jobs.study_workers import POLL, STOPPING, Workers
from nnfs_cli.studies.results import Outcome

PATIENCE = 10.0
"""Seconds to wait for the scheduler."""
LOOK_SECONDS = 1.0
"""How often a run that trains looks whether it shall stop."""
_ONE_AT_A_TIME = threading.Lock()
"""Held while a run trains: plugins and BLAS belong to a process, and a worker may have several threads."""


class DaskWorkers(Workers):
    """The workers of a Dask scheduler. They must see the study's folder and the data under the same paths.

    A worker that dies is replaced by another, which goes on from its run's checkpoint.

    address: of the scheduler, as `tcp://host:8786`.
    say: called with what is waited for, and with what is done next when a signal asks to stop.
    """

    def __init__(self, address: str, say: Callable[[str], None] = lambda _: None) -> None:
        self._address, self._say = address, say
        self._client: Any = None
        self._stop = StopRequest(lambda: say(STOPPING))

    def __enter__(self) -> "DaskWorkers":
        try:
            import distributed
        except ModuleNotFoundError as error:
            raise NnfsError("--dask needs Dask: `pip install 'nnfs-cli[study]'`") from error
        try:
            self._client = distributed.Client(self._address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise NnfsError(f"--dask: no scheduler answers at {self._address}: {error}") from None
        if not self._client.scheduler_info()["workers"]:
            self._say(f"no worker is at {self._address} yet; waiting for one (`dask worker {self._address}`)")
        self._event = distributed.Event(client=self._client)
        self._stop.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.__exit__()
        if self._client is not None:
            self._client.close()

    def outcomes(self, tasks: Sequence[RunTask]) -> Iterator[Outcome]:
        import distributed
        from distributed.client import CancelledError

        client: Any = self._client
        waiting = {client.submit(_work, task, self._event.name, pure=False): task for task in tasks}
        while waiting:
            try:
                done = distributed.wait(list(waiting), timeout=POLL, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                done = set()
            except (CancelledError, OSError) as error:
                raise self._lost() from error
            if self._stop.requested:
                self._end(waiting)
                raise InterruptionError("interrupted")
            for future in done:
                task = waiting.pop(future)
                try:
                    yield future.result()
                except distributed.KilledWorker:
                    yield Outcome(task.name, "failed", "its worker process died several times")
                except CancelledError as error:
                    raise self._lost() from error

    def _lost(self) -> NnfsError:
        return NnfsError(
            f"--dask: the scheduler at {self._address} is gone; runs that it had begun may go on and save; "
            f"`nnfs study --resume STUDY` continues with another"
        )

    def _end(self, waiting: dict[Any, RunTask]) -> None:
        """Let those that train save their runs; others do not begin."""
        import distributed

        self._event.set()
        distributed.wait(list(waiting))


def _work(task: RunTask, event: str) -> Outcome:
    """Train a run in a worker of Dask, until the event of this name is set."""
    import distributed

    stops, due = distributed.Event(event), 0.0

    def stop() -> bool:
        nonlocal due
        if time.monotonic() < due:
            return False
        due = time.monotonic() + LOOK_SECONDS
        return bool(stops.is_set())

    with _ONE_AT_A_TIME:
        if stop():
            raise InterruptionError("interrupted")
        return train_task(task, stop)
