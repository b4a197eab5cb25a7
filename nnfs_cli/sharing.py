"""Sharing: the rows of each batch split among processes that work on one set of parameters."""

import math
import mmap
import multiprocessing
import os
import signal
import sys
import time
import warnings
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array, Shape
from nnfs_cli.layers.chain import every_layer
from nnfs_cli.network import Network, Workspace

CAN_FORK = sys.platform.startswith("linux")
"""Elsewhere a process cannot safely begin as a copy of another: there every batch stays whole."""

LOOK_SECONDS = 3e-4
"""How long a process that waits for another looks out for it before it sleeps."""

CHECK_SECONDS = 1.0
"""How often a process that waits long makes sure that the others are still there."""


class Helper(NamedTuple):
    """A process, and the line on which it gets its orders."""

    process: BaseProcess
    line: Connection


class Order(NamedTuple):
    """What a helper is to do with its rows of a batch of n. `seed` is for layers that draw at random."""

    task: Literal["forward", "infer", "backward"]
    n: int
    seed: int = 0


class Crew:
    """A network, and helpers that compute their parts of its batches in processes of their own.

    Threads would wait for Python's lock between NumPy's calls, which are short here; a process has its
    core and cache to itself. A helper begins as a copy of this process. It shares the memory of the
    parameters, inputs and outputs, has a gradient of its own, and waits for the others only at the end
    of a pass and where a layer sums over the whole batch. All sums go in a fixed order: with the same
    number of processes a run repeats bit for bit.

    Only networks of images have helpers: for others BLAS has threads of its own.

    size: processes, this one included.   rows: of the largest batch that is to be shared.
    """

    def __init__(self, network: Network, size: int, rows: int) -> None:
        layers = list(every_layer(network.layers))
        apart = all(layer.sums_over_batch or not layer.mixes_rows for layer in layers)
        self.network = network
        self.size = size if CAN_FORK and apart and network.has_images else 1
        self._rows, self._leader = rows, os.getpid()
        self._workspaces: dict[int, SharedWorkspace] = {}
        self.helpers: list[Helper] = []
        self._meetings: list[Meeting] = []
        if self.size == 1:
            return
        params, dtype = network.params, network.dtype
        params.move(
            value=_shared(params.value.shape, dtype), statistics=_shared(params.statistics.shape, dtype)
        )
        self._grads = _shared((self.size, *params.grad.shape), dtype)
        self.x = _shared((rows, *network.shapes[0]), dtype)
        self.y, self.dy = (_shared((*network.output_shape, rows), dtype).T for _ in range(2))
        for layer in layers:
            if layer.sums_over_batch:
                room = sum(param.size for param in layer.params().values())
                meeting = Meeting(self.size, room, dtype, self._others_are_there)
                layer.whole_batch = meeting.total  # type: ignore[method-assign]
                self._meetings.append(meeting)
        weakref.finalize(self, _dismiss, self.helpers)

    def workspace(self, n: int) -> "Workspace | SharedWorkspace":
        """The arrays for batches of n rows; made once and kept."""
        if self.size == 1 or not self.size <= n <= self._rows:
            return self.network.workspace(n)
        if n not in self._workspaces:
            self._workspaces[n] = SharedWorkspace(self, n)
        return self._workspaces[n]

    def run(self, order: Order) -> None:
        """Carry out an order, everybody their part of it."""
        if not self.helpers:
            self._hire()
        try:
            for helper in self.helpers:
                helper.line.send(order)
            self._carry_out(order, 0)
            for helper in self.helpers:
                _receive(helper.line)
        except (EOFError, ConnectionError):
            _dismiss(self.helpers)
            raise NnfsError(
                "a helper process has ended, perhaps for want of memory; `training.threads: 1` does without"
            ) from None
        except BaseException:
            _dismiss(self.helpers)  # whoever goes on after this, starts with helpers that know what is asked
            raise

    def add_up_gradients(self) -> None:
        """Add the helpers' gradients to the network's."""
        for grad in self._grads[1:]:
            self.network.params.grad += grad

    def _others_are_there(self) -> bool:
        if os.getpid() != self._leader:
            return os.getppid() == self._leader
        return all(helper.process.is_alive() for helper in self.helpers)

    def _carry_out(self, order: Order, who: int) -> None:
        """Compute one's own rows of x into those of y, or of dy into one's own gradient."""
        rows = slice(order.n * who // self.size, order.n * (who + 1) // self.size)
        workspace = self.network.workspace(rows.stop - rows.start)
        for meeting in self._meetings:
            meeting.attend(who)
        if order.task == "backward":
            workspace.dy[...] = self.dy[rows]
            workspace.backward()
        else:
            workspace.x[...] = self.x[rows]
            workspace.forward() if order.task == "forward" else workspace.infer()
            self.y[rows] = workspace.y
        for meeting in self._meetings:
            meeting.leave()

    def _hire(self) -> None:
        context = multiprocessing.get_context("fork")
        for meeting in self._meetings:
            meeting.open(context)
        for who in range(1, self.size):
            here, there = context.Pipe()
            process = context.Process(target=self._help, args=(who, there), name="nnfs helper", daemon=True)
            self.helpers.append(Helper(process, here))
            with warnings.catch_warnings():
                # Threads are not copied, which is what this warns of; a helper waits for none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            there.close()

    def _help(self, who: int, orders: Connection) -> None:
        """A helper's life: it carries out orders until nobody is there to give any."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that gives orders
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        np.seterr(all="ignore")  # a loss that is no longer finite is noticed there, too
        _dismiss(self.helpers)
        params = self.network.params
        statistics = params.statistics
        params.move(grad=self._grads[who], statistics=np.empty_like(statistics))
        try:
            while True:
                order: Order = _receive(orders)
                params.statistics[...] = statistics
                self.network.use_rng(np.random.default_rng([order.seed, who]))
                self._carry_out(order, who)
                orders.send(None)
        except (EOFError, ConnectionError):
            return  # nobody is there any more


class SharedWorkspace:
    """What a workspace is for one network, for a crew: x, y and dy of whole batches of n rows."""

    def __init__(self, crew: Crew, n: int) -> None:
        self.x, self.y, self.dy = crew.x[:n], crew.y[:n], crew.dy[:n]
        self._crew, self._n = crew, n

    def forward(self) -> None:
        """y from x, as training computes it."""
        self._crew.run(Order("forward", self._n, int(self._crew.network.rng.integers(2**63))))

    def infer(self) -> None:
        """y from x, as evaluation computes it."""
        self._crew.run(Order("infer", self._n))

    def backward(self) -> None:
        """Every parameter's gradient, from dy and the activations of `forward`."""
        self._crew.run(Order("backward", self._n))
        self._crew.add_up_gradients()


class Meeting:
    """Where the processes that share a batch sum what each of them knows of it.

    While some still read what one sum is of, others may bring what is for the next: it lies in two
    places in turn.

    size: of the crew.   room: numbers that each may bring.   others_are_there: whether to go on waiting.
    """

    def __init__(
        self, size: int, room: int, dtype: npt.DTypeLike, others_are_there: Callable[[], bool]
    ) -> None:
        self._brought = _shared((2, size, room), dtype)
        self._others_are_there = others_are_there
        self._who: int | None = None

    def open(self, context: Any) -> None:
        """Get ready for processes about to begin."""
        size = self._brought.shape[1]
        self._turn = 0
        self._arrived = [[context.Semaphore(0) for _ in range(size)] for _ in range(size)]

    def attend(self, who: int) -> None:
        """From now on this process is one of those who share a batch."""
        self._who = who

    def leave(self) -> None:
        """From now on this process has its batches for itself."""
        self._who = None

    def total(self, sums: Array) -> Array:
        """The sum over all who attend, the same for all to the last bit; without a meeting, `sums`."""
        if self._who is None:
            return sums
        brought = self._brought[self._turn, :, : sums.size]
        self._turn = 1 - self._turn
        brought[self._who] = sums.ravel()
        others = [who for who in range(len(brought)) if who != self._who]
        for who in others:
            self._arrived[self._who][who].release()
        for who in others:
            self._wait_for(self._arrived[who][self._who])
        total: Array = brought.sum(axis=0)
        return total.reshape(sums.shape)

    def _wait_for(self, arrival: Any) -> None:
        while not arrival.acquire(timeout=CHECK_SECONDS):
            if not self._others_are_there():
                raise EOFError


def _receive(line: Connection) -> Any:
    """What comes next on the line. It mostly comes at once, and to be woken takes 0.1 ms: look first."""
    until = time.perf_counter() + LOOK_SECONDS
    while not line.poll() and time.perf_counter() < until:
        pass
    return line.recv()


def _shared(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """An array of zeros in memory that processes forked later have in common."""
    size = math.prod(shape)
    memory = mmap.mmap(-1, max(size, 1) * np.dtype(dtype).itemsize)
    return np.frombuffer(memory, dtype, size).reshape(shape)


def _dismiss(helpers: list[Helper]) -> None:
    """Close the lines on which helpers wait for orders; at the end of theirs they end, too."""
    while helpers:
        helpers.pop().line.close()
