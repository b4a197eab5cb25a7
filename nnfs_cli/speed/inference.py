"""Inference by several threads or worker processes. Their number changes no bit of the outputs."""

from collections import deque
from collections.abc import Iterator, Sequence
from threading import Thread

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas, usable_cores
from nnfs_cli.engine.inference import Fill, infer
from nnfs_cli.engine.network import Network, zero_outputs
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.plan import MOST_ASKED_FOR, IntOrAuto, workers_for
from nnfs_cli.speed.workers import Workers, shared

WORTH_A_THREAD = 2**25
"""Multiply-adds of all rows per thread. To start a thread takes as long as half of them."""

WORTH_SHARING = 2**22
"""Multiply-adds of a batch. In smaller batches threads wait too often for the interpreter's lock."""

BATCHES_WORTH_A_WORKER = 8
"""Batches per worker process. To start the workers takes as long as one or two batches."""


class ThreadInference:
    """Computes a network's outputs with several threads.

    Each thread has a network of its own, which uses the same parameters. Threads take batches from a common
    queue, so that none waits for a thread whose core is taken away. Processes would not be faster: in a
    whole batch, NumPy's calls are long and release the interpreter's lock.
    """

    def __init__(self, network: Network, threads: IntOrAuto) -> None:
        self._networks, self._threads = [network], threads

    def __call__(self, fill: Fill, batches: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) of n rows. A thread's error is raised here after all threads have ended."""
        z, queue, errors = zero_outputs(self._networks[0], n), deque(batches), list[BaseException]()
        error_state = np.geterr()

        def work(network: Network) -> None:
            """Compute batches until the queue is empty."""
            try:  # in some systems each thread has its own settings of BLAS and NumPy
                with limit_blas(1), np.errstate(**error_state):
                    infer(network, fill, _drain(queue), z)
            except BaseException as error:
                errors.append(error)
                queue.clear()

        first, *others = self._networks_for(self.count(batches))
        threads = [Thread(target=work, args=(network,), name="nnfs thread") for network in others]
        with limit_blas(1):  # from before the first thread starts until the last one has ended
            try:
                for thread in threads:
                    thread.start()
                work(first)
            finally:
                queue.clear()
                for thread in threads:
                    if thread.ident is not None:  # else it was never started
                        thread.join()
        if errors:
            raise errors[0]
        return z

    def count(self, batches: Sequence[slice]) -> int:
        """The number of threads: by a rule over sizes, or as the option says; at most one per batch."""
        if len(batches) < 2:
            return 1
        if self._threads != "auto":
            return min(self._threads, len(batches), MOST_ASKED_FOR)
        per_row: int = self._networks[0].params.value.size  # multiply-adds, if each parameter is used once
        if batches[0].stop * per_row < WORTH_SHARING:
            return 1
        worth: int = batches[-1].stop * per_row // WORTH_A_THREAD
        return max(min(worth, usable_cores(), len(batches)), 1)

    def _networks_for(self, threads: int) -> list[Network]:
        """A network for each thread. They are made at the first call and kept."""
        while len(self._networks) < threads:
            self._networks.append(FastNetwork(self._networks[0]))
        return self._networks[:threads]


class ProcessInference:
    """Computes the outputs of a network of images with worker processes, which each call starts and ends."""

    def __init__(self, network: Network, threads: IntOrAuto) -> None:
        self._network, self._threads = network, threads

    def __call__(self, fill: Fill, batches: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) of n rows."""
        network, z = self._network, shared((*self._network.output_shape, n), self._network.dtype).T

        def work(rank: int, size: int) -> None:
            infer(network, fill, batches[rank::size], z)

        workers = Workers(self.count(batches), {"infer": work})
        workers.run("infer")
        workers.end()
        return z

    def count(self, batches: Sequence[slice]) -> int:
        """The number of processes: as many as cores, or as the option says; fewer for few batches."""
        return max(workers_for(len(batches) // BATCHES_WORTH_A_WORKER, self._threads), 1)


def _drain(queue: deque[slice]) -> Iterator[slice]:
    """Take batches from a queue that threads share, until it is empty."""
    while True:
        try:
            batch = queue.popleft()
        except IndexError:
            return
        yield batch
