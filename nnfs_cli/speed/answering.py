"""Outputs for many rows, by several threads or worker processes. Their number changes no bit."""

from collections import deque
from collections.abc import Iterator, Sequence
from threading import Thread

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import limit_blas, usable_cores
from nnfs_cli.engine.inference import Bring, infer
from nnfs_cli.engine.network import Network, room_for_outputs
from nnfs_cli.speed.forms import FastNetwork
from nnfs_cli.speed.plan import Wish
from nnfs_cli.speed.workers import Workers, shared

WORTH_A_THREAD = 2**25
"""Multiply-adds of all rows for each thread: to start one takes as long as half of them."""

WORTH_SHARING = 2**22
"""Multiply-adds of a piece: in smaller ones, threads wait for the interpreter's lock from call to call."""

PIECES_WORTH_A_WORKER = 8
"""Pieces for each process, from which on several are started to answer: that takes as long as one or two."""


class Threads:
    """Answers with as many threads as the work is worth.

    Each thread has a network of its own, which sees the same parameters, and takes the next piece when it
    is done with one, so that nobody waits for a thread whose core is taken away. Processes would gain
    nothing: a call on a whole piece is long, and leaves the interpreter's lock to others.
    """

    def __init__(self, network: Network, wish: Wish) -> None:
        self._networks, self._wish = [network], wish

    def __call__(self, bring: Bring, pieces: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) for pieces of n rows. Raises what a thread raised, when all have ended."""
        z, left, errors = room_for_outputs(self._networks[0], n), deque(pieces), list[BaseException]()
        error_state = np.geterr()

        def take_part(network: Network) -> None:
            """A thread's part. How BLAS and NumPy are to behave may have to be said in each thread anew."""
            try:
                with limit_blas(1), np.errstate(**error_state):
                    infer(network, bring, _taken(left), z)
            except BaseException as error:
                errors.append(error)
                left.clear()

        own, *others = self._team(self.count(pieces))
        threads = [Thread(target=take_part, args=(network,), name="nnfs thread") for network in others]
        with limit_blas(1):  # before the first of them begins, to the end of the last
            try:
                for thread in threads:
                    thread.start()
                take_part(own)
            finally:
                left.clear()
                for thread in threads:
                    if thread.ident is not None:  # else it was never started
                        thread.join()
        if errors:
            raise errors[0]
        return z

    def count(self, pieces: Sequence[slice]) -> int:
        """How many threads are to answer: by a fixed rule, or as asked for; at most one a piece."""
        if len(pieces) < 2:
            return 1
        if self._wish != "auto":
            return min(self._wish, len(pieces))
        per_row: int = self._networks[0].params.value.size  # multiply-adds, where each parameter is used once
        if pieces[0].stop * per_row < WORTH_SHARING:
            return 1
        worth: int = pieces[-1].stop * per_row // WORTH_A_THREAD
        return max(min(worth, usable_cores(), len(pieces)), 1)

    def _team(self, size: int) -> list[Network]:
        """A network for each thread; twins are made once and kept."""
        while len(self._networks) < size:
            self._networks.append(FastNetwork(self._networks[0]))
        return self._networks[:size]


class Processes:
    """Answers for images with worker processes, which begin for the occasion."""

    def __init__(self, network: Network, wish: Wish) -> None:
        self._network, self._wish = network, wish

    def __call__(self, bring: Bring, pieces: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) for pieces of n rows."""
        network, z = self._network, shared((*self._network.output_shape, n), self._network.dtype).T

        def answer(who: int, size: int) -> None:
            infer(network, bring, pieces[who::size], z)

        workers = Workers(self.count(pieces), {"answer": answer})
        workers.run("answer")
        workers.end()
        return z

    def count(self, pieces: Sequence[slice]) -> int:
        """How many processes are to answer."""
        most = usable_cores() if self._wish == "auto" else self._wish
        return max(min(len(pieces) // PIECES_WORTH_A_WORKER, most), 1)


def _taken(pieces: deque[slice]) -> Iterator[slice]:
    """Pieces, each of which nobody else takes, until none are left."""
    while True:
        try:
            piece = pieces.popleft()
        except IndexError:
            return
        yield piece
