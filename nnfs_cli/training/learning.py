"""Whether a network can learn: layers that no gradient reaches, and units that stay equal."""

import copy
from collections.abc import Iterator

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.core.draws import Draws
from nnfs_cli.engine.batch import Batch
from nnfs_cli.engine.network import Network
from nnfs_cli.layers.dense import Dense
from nnfs_cli.preprocessing.description import sampled_rows
from nnfs_cli.training.experiment import Experiment

ROWS, ROWS_AT_A_TIME = 1024, 64
"""Rows to compute gradients of. Where a network learns, the first few show it."""


def learning_notes(experiment: Experiment) -> list[str]:
    """Sentences on layers that no gradient reaches, and on layers whose units stay equal."""
    unreached = _unreached(experiment)
    notes = [_sentence(experiment.network, unreached)] if unreached else []
    return notes + [
        f"all units of {name} are equal, and stay so, as if it had one: choose an `init` whose numbers differ"
        for name in _with_equal_units(experiment.network)
        if name not in unreached
    ]


def _unreached(experiment: Experiment) -> list[str]:
    """The names of layers whose weights have gradients of zero for all rows, though the outputs' are not."""
    named = experiment.network.params.named
    unreached = dict.fromkeys(_layer_of(key) for key, param in named.items() if param.decay)
    has_error = False
    for network, dz in _backward(experiment):
        has_error = has_error or bool(dz.any())
        for key, param in network.params.named.items():
            if param.grad.any():
                unreached.pop(_layer_of(key), None)
        if not unreached:
            break
    return list(unreached) if has_error else []


def _layer_of(key: str) -> str:
    """`0_dense` of `0_dense/W`."""
    return key.split("/")[0]


def _with_equal_units(network: Network) -> list[str]:
    """The names of dense layers, but for the last one, all of whose units have the same weights."""
    dense = [
        (name, each) for name, each in zip(network.names, network.layers, strict=True) if type(each) is Dense
    ]
    return [name for name, each in dense[:-1] if _are_equal(each.W.value)]


def _are_equal(W: Array) -> bool:
    """Whether W (D, M) has several columns, all of them equal."""
    return W.shape[1] > 1 and bool(np.ptp(W, axis=1).max() == 0.0)


def _backward(experiment: Experiment) -> Iterator[tuple[Network, Array]]:
    """A network of the same parameters with their gradients, and the gradient of the loss to its outputs, for
    some training rows after the other. What training itself works on stays as it is.
    """
    data, trained = experiment.data, experiment.network
    network = Network(copy.deepcopy(experiment.config.layers), data.input_shape, trained.dtype)
    network.use_draws(Draws(0))
    network.params.share(trained.params, own_grad=True)
    network.params.move(statistics=trained.params.statistics.copy())
    split = data.splits["train"]
    rows = sampled_rows(split, ROWS)
    for here in slices(len(rows), ROWS_AT_A_TIME):
        batch = Batch(split, data.inputs, network.workspace(here.stop - here.start))
        batch.fill(rows[here])
        workspace = batch.workspace
        workspace.forward()
        experiment.loss.gradient(workspace.y, batch.t, workspace.dy)
        workspace.backward()
        yield network, workspace.dy


def _sentence(network: Network, unreached: list[str]) -> str:
    zeros = [name for name, param in network.params.named.items() if param.decay and not param.value.any()]
    if zeros:
        why = f"{', '.join(zeros)} {'hold' if zeros[1:] else 'holds'} only zeros; choose another `init`"
    else:
        why = (
            "the units after it are dead or saturated for every row; try a smaller "
            "optimizer.learning_rate, another `init`, or leaky_relu"
        )
    return f"all gradients of {', '.join(unreached)} are zero, so that nothing is learned there: {why}"
