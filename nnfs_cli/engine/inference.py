"""Inference: a network's outputs for many rows, a piece at a time, by one thread or several."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Thread
from typing import Literal, TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.blas_threads import usable_cores, use_threads
from nnfs_cli.engine.network import Network, Workspace

WORTH_A_THREAD = 2**25
"""Multiply-adds of all rows for each thread: to start one takes as long as half of them."""

WORTH_SHARING = 2**22
"""Multiply-adds of a piece: in smaller ones, threads wait for the interpreter's lock from call to call."""

Bring: TypeAlias = Callable[[Workspace], Callable[[slice], None]]
"""Makes for a workspace what brings a piece of the rows into its input."""


def pieces_of(n: int, size: int) -> list[slice]:
    """0 to n in pieces of `size`, and what is left."""
    return list(slices(n, size))


def choose_team(network: Network, pieces: Sequence[slice], wish: int | Literal["auto"]) -> int:
    """How many threads are to answer: `wish`, or by a fixed rule what the work is worth, up to the cores.

    Never more than there are pieces; and one for images, which processes share.
    """
    if network.has_images or len(pieces) < 2:
        return 1
    threads = _worth(network, pieces) if wish == "auto" else wish
    return min(threads, len(pieces))


def _worth(network: Network, pieces: Sequence[slice]) -> int:
    """How many threads the work is worth, up to the cores."""
    per_row: int = network.params.value.size  # multiply-adds, but for layers that use a parameter many times
    if pieces[0].stop * per_row < WORTH_SHARING:
        return 1
    worth: int = pieces[-1].stop * per_row // WORTH_A_THREAD
    return min(max(worth, 1), usable_cores())


def infer(network: Network, bring: Bring, pieces: Iterable[slice], z: Array) -> None:
    """Write the outputs for pieces of the rows into z (N, M)."""
    into: dict[int, Callable[[slice], None]] = {}
    for piece in pieces:
        n = piece.stop - piece.start
        workspace = network.workspace(n)
        if n not in into:
            into[n] = bring(workspace)
        into[n](piece)
        workspace.infer()
        z[piece] = workspace.y


def infer_together(team: Sequence[Network], bring: Bring, pieces: Iterable[slice], z: Array) -> None:
    """The same by as many threads as a team has networks; z is the same to the bit, however many they are.

    Each takes the next piece when it is done with one, so that nobody waits for a thread whose core is
    taken away. Processes would gain nothing: a call on a whole piece is long, and leaves the
    interpreter's lock to others. Raises what one of them raised, when all have ended.
    """
    left, errors = deque(pieces), list[BaseException]()
    error_state = np.geterr()

    def take_part(network: Network) -> None:
        """A thread's part. How BLAS and NumPy are to behave may have to be said in each thread anew."""
        try:
            with use_threads(1, network), np.errstate(**error_state):
                infer(network, bring, _taken(left), z)
        except BaseException as error:
            errors.append(error)
            left.clear()

    helpers = [Thread(target=take_part, args=(network,), name="nnfs helper") for network in team[1:]]
    with use_threads(1, team[0]):  # before the first of them begins, to the end of the last
        try:
            for helper in helpers:
                helper.start()
            take_part(team[0])
        finally:
            left.clear()
            for helper in helpers:
                if helper.ident is not None:  # else it was never started
                    helper.join()
    if errors:
        raise errors[0]


def _taken(pieces: deque[slice]) -> Iterator[slice]:
    """Pieces, each of which nobody else takes, until none are left."""
    while True:
        try:
            piece = pieces.popleft()
        except IndexError:
            return
        yield piece
