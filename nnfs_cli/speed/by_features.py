"""Shares: a network of dense layers whose features are shared out among processes."""

import copy
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from multiprocessing.process import BaseProcess

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.interrupts import Uninterrupted
from nnfs_cli.core.params import FlatParams, Param, Statistic
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.step import Passes, part
from nnfs_cli.engine.steps import Steps
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.optimizers.base import Optimizer, vectors
from nnfs_cli.schedules.base import Clock, Schedule
from nnfs_cli.speed.crew import Crew, can_share
from nnfs_cli.speed.dense_part import SharedDense


class Shares:
    """Trains a network with several processes, each of which keeps some features of every layer.

    A share is a network of its own. All have the same rows. The first dense layer gives each of them some
    of its features, and those each keeps, with the parameters that belong to them, up to the last dense
    layer, whose outputs all know, and the loss. `SharedDense` brings together what a layer needs of other
    features. Each process steps down its own parameters, which no other ever asks for: what crosses from
    core to core are activations, not weights.

    Between `take` and `collect` the shares know better than the whole network how training stands.

    size: how many processes.
    """

    def __init__(self, config: ExperimentConfig, whole: Steps, size: int) -> None:
        self.size = size
        self._whole = whole
        self._rows_per_step = config.training.batch_size * config.training.accumulate
        self._crew = Crew(size, {"take": self._take, "fetch": self._fetch, "hand_in": self._hand_in})
        self._shares = _shares(config, whole, self._crew)
        self._order = self._crew.empty(whole.passes.order.shape, np.intp)
        self._rates = self._crew.empty((math.ceil(len(self._order) / self._rows_per_step),), np.float64)
        for share in self._shares:
            share.steps.descent.schedule = Told(self._rates)
            share.steps.passes.order = self._order
            share.steps.passes.keeps_outputs = share is self._shares[0]
        self._shares[0].steps.passes.outputs = whole.passes.outputs
        # The first share is this process's own: what it has may be seen without being handed in.
        self._parcels = [self._shares[0].state] + [
            {name: self._crew.empty(array.shape, array.dtype) for name, array in share.state.items()}
            for share in self._shares[1:]
        ]
        self._are_ahead = False
        self._seconds_a_step = 0.0
        self._one_at_a_time = threading.RLock()  # since a network is looked at from other threads, too

    @property
    def helpers(self) -> list[BaseProcess]:
        """The processes beside this one, once there are any."""
        return self._crew.helpers if self._crew.is_leader else []

    def steps_in(self, seconds: float) -> int:
        """About how many steps that is, at the pace of the last ones."""
        return max(int(seconds / self._seconds_a_step), 1) if self._seconds_a_step else 1

    def take(self, position: int, count: int, clock: Clock) -> None:
        """So many steps, the first at `clock` on the rows from `position` of the epoch's order.

        HelperError where a helper has ended: then what the shares knew is lost.
        """
        with self._one_at_a_time:
            self._require_helpers()
            if not self._are_ahead:
                self._spread()
            started = time.perf_counter()
            rows = slice(position, position + count * self._rows_per_step)
            self._order[rows] = self._whole.passes.order[rows]
            steps = range(clock.step, clock.step + count)
            clocks = (Clock(step, clock.steps_per_epoch, clock.epochs) for step in steps)
            places = np.arange(steps.start, steps.stop) % len(self._rates)
            self._rates[places] = [self._whole.descent.learning_rate(each) for each in clocks]
            self._are_ahead = True
            self._crew.run("take", position, count, clock.step)
            self._seconds_a_step = (time.perf_counter() - started) / count

    def collect(self) -> None:
        """Bring the whole network, and its optimizer, to where the shares are.

        NnfsError where they were stopped in the middle of a step.
        """
        with self._one_at_a_time, Uninterrupted():
            if self._are_ahead:
                self._require_helpers()
                # Whoever wants to look at the whole may want all cores for that, as evaluation does.
                self._crew.run("hand_in", more_soon=False)
                for whole, share in self._counterparts():
                    whole[...] = share
                self._are_ahead = False

    def rest(self) -> None:
        """Leave what the shares know to the whole network, and let the helpers go until they are needed."""
        with self._one_at_a_time:
            if self.helpers:
                self.collect()
            self._crew.dismiss()

    def forget(self) -> None:
        """Go on from what the whole network is given by others, whatever the shares have come to."""
        with self._one_at_a_time:
            self._are_ahead = False
            self._crew.dismiss()

    def _require_helpers(self) -> None:
        """Helpers hired anew would not know how training stands."""
        if self._are_ahead and not self.helpers:
            raise NnfsError("training was stopped in the middle of a step; go on from a saved state")

    def _spread(self) -> None:
        """Give the shares what the whole network and its optimizer are."""
        for whole, share in self._counterparts():
            share[...] = whole
        self._crew.run("fetch")

    def _take(self, who: int, position: int, count: int, step: int) -> None:
        """A process's part of `take`."""
        steps, rows = self._shares[who].steps, len(self._order)
        for i in range(count):
            start = position + i * self._rows_per_step
            steps.take(slice(start, min(start + self._rows_per_step, rows)), Clock(step + i, 1, 1))

    def _fetch(self, who: int) -> None:
        """A process's own state, from its parcel."""
        for name, array in self._shares[who].state.items():
            array[...] = self._parcels[who][name]

    def _hand_in(self, who: int) -> None:
        """A process's own state, to its parcel."""
        for name, array in self._shares[who].state.items():
            self._parcels[who][name][...] = array

    def _counterparts(self) -> Iterator[tuple[Array, Array]]:
        """All that training changes: as the whole has it, and as a parcel has a part of that; views."""
        whole = self._whole.passes.network.params
        for share, parcel in zip(self._shares, self._parcels, strict=True):
            own = share.steps.passes.network.params
            for name, array in _state(self._whole).items():
                if name not in parcel:
                    continue  # of a schedule, which the shares need not know
                mine = parcel[name]
                if name == "statistics":
                    views = [(whole.statistic_views(array), own.statistic_views(mine))]
                elif array.shape == mine.shape:
                    yield array, mine  # what an optimizer counts
                    continue
                else:
                    pairs = zip(vectors(array), vectors(mine), strict=True)
                    views = [(whole.views(vector), own.views(part)) for vector, part in pairs]
                for theirs, ours in views:
                    for key, place in share.places.items():
                        if key in ours:
                            yield theirs[key][place], ours[key]


class Told(Schedule):
    """The rates that the leader writes down for the steps to come, by their own schedule.

    rates: of as many steps as an epoch has, each in its step's place.
    """

    warmup = 0.0

    def __init__(self, rates: Array) -> None:
        self.rates = rates

    def rate(self, base: float, clock: Clock) -> float:
        return float(self.rates[clock.step % len(self.rates)])


class Share:
    """What one process has of a network.

    steps: of its own network, which is a part of the whole one.
    places: what it has of each parameter and statistic, by name.
    """

    def __init__(self, steps: Steps, places: Mapping[str, tuple[slice, ...]]) -> None:
        self.steps, self.places = steps, places

    @property
    def state(self) -> dict[str, Array]:
        """All that its later steps depend on, by name."""
        return _state(self.steps)


def may_share_features(network: Network, config: ExperimentConfig) -> bool:
    """Whether several processes can each keep some features of every layer, here and now.

    What there is between dense layers, the optimizer and the regularizer must treat each feature by
    itself, and nothing before the first dense layer may want a gradient.
    """
    dense, layers = _dense(network), network.layers
    return (
        can_share()
        and (config.regularizer is None or config.regularizer.by_number)
        and not config.training.clip_norm
        and len(dense) > 1
        and not any(layer.params() for layer in layers[: dense[0]])
        and all(
            type(layer) is Dense or _is_by_feature(layer, math.prod(shape))
            for layer, shape in zip(layers, network.shapes, strict=False)
        )
        and _is_by_number(config.optimizer)
    )


def most_shares(network: Network) -> int:
    """How many there can be: each needs a feature of every layer."""
    dense = _dense(network)
    return min(math.prod(shape) for shape in network.shapes[dense[0] + 1 : dense[-1] + 1])


def _is_by_number(optimizer: Optimizer) -> bool:
    """Whether it steps by numbers, and has a number for each, (..., P), in whatever it has not for all."""
    if not optimizer.by_number:
        return False
    small, large = (FlatParams({"W": Param((2, n), Zeros())}, {}, np.float64) for n in (2, 3))
    shapes = []
    for params in (small, large):
        one = copy.deepcopy(optimizer)
        one.build(params)
        shapes.append({name: array.shape for name, array in one.state().items()})
    ends = small.value.shape, large.value.shape
    return shapes[0].keys() == shapes[1].keys() and all(
        shape == other or (shape[:-1] == other[:-1] and (shape[-1:], other[-1:]) == ends)
        for shape, other in ((shape, shapes[1][name]) for name, shape in shapes[0].items())
    )


def _is_by_feature(layer: Layer, features: int) -> bool:
    """Whether it treats each feature by itself, and has a number for each in whatever it has."""
    arrays: list[Param | Statistic] = [*layer.params().values(), *layer.statistics().values()]
    return layer.by_feature and all(array.shape == (features,) for array in arrays)


def _dense(network: Network) -> list[int]:
    """Where dense layers stand."""
    return [i for i, layer in enumerate(network.layers) if type(layer) is Dense]


def _shares(config: ExperimentConfig, whole: Steps, crew: Crew) -> list[Share]:
    """Everybody's share, for these to keep in memory of their own."""
    network, rows = whole.passes.network, min(config.training.batch_size, len(whole.passes.order))
    first, *others, last = _dense(network)
    units = [math.prod(shape) for shape in network.shapes[1:]]
    products = {i: crew.meeting(crew.size * rows * units[i], network.dtype) for i in (*others, last)}
    gradients = {i: crew.meeting(rows * units[i], network.dtype) for i in others}

    def share(who: int) -> Share:
        layers = copy.deepcopy(list(config.layers))
        places: dict[str, tuple[slice, ...]] = {}
        for i, (name, layer) in enumerate(zip(network.names, network.layers, strict=True)):
            mine = part(who, crew.size, 0, units[i]) if first <= i < last else slice(0, units[i])
            places |= {f"{name}/{key}": (mine,) for key in (*layer.params(), *layer.statistics())}
            if i == first and isinstance(layer, Dense):
                layers[i] = replace(layer, units=mine.stop - mine.start)
                places[f"{name}/W"] = slice(None), mine
            elif i in products and isinstance(layer, Dense):
                layers[i] = SharedDense(layer, who, mine, products[i], gradients.get(i))
                places[f"{name}/W"] = (part(who, crew.size, 0, units[i - 1]),)
        return Share(_steps(config, whole, layers), places)

    return [share(who) for who in range(crew.size)]


def _steps(config: ExperimentConfig, whole: Steps, layers: Sequence[Layer]) -> Steps:
    """Steps of a network of these layers on the same rows."""
    passes = whole.passes
    network = Network(layers, passes.data.input_shape, passes.network.dtype)
    return Steps(Passes(network, passes.loss, passes.data, 1, passes.augment_rng), config)


def _state(steps: Steps) -> dict[str, Array]:
    params = steps.passes.network.params
    return {"params": params.value, "statistics": params.statistics, **steps.descent.state()}
