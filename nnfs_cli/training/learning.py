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
    """A sentence on layers that cannot learn, if there are any, and one for each layer of equal units."""
    unreached = _unreached(experiment)
    network = experiment.network
    notes = [_sentence(network, unreached)] if unreached else []
    dense = [
        (n, layer) for n, layer in zip(network.names, network.layers, strict=True) if type(layer) is Dense
    ]
    for name, layer in dense[:-1]:  # the last one's units are outputs
        if name not in unreached and _has_equal_units(layer.W.value):
            notes.append(
                f"all units of {name} are equal and stay so, as if it had only one: "
                f"choose an `init` whose numbers differ"
            )
    return notes


def _unreached(experiment: Experiment) -> list[str]:
    """The names of layers whose weights have gradients of zero for all rows, though the outputs' are not."""
    reached: set[str] = set()
    has_error = False
    for network, dz in _backward(experiment):
        has_error = has_error or bool(dz.any())
        weighted = {key.split("/")[0]: False for key, param in network.params.named.items() if param.decay}
        reached |= {key.split("/")[0] for key, param in network.params.named.items() if param.grad.any()}
        unreached = [name for name in weighted if name not in reached]
        if not unreached:
            return []
    return unreached if has_error else []


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


def _has_equal_units(W: Array) -> bool:
    return W.shape[1] > 1 and bool(np.ptp(W, axis=1).max() == 0.0)
