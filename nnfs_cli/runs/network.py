"""A run's network."""

from nnfs_cli.engine.network import Network
from nnfs_cli.runs.directory import RunDirectory


def network_of(run: RunDirectory) -> Network | None:
    """A run's network with the weights that it saved; with zeros if it has saved none yet.

    None if the run never read its data, and so knows no shapes.
    """
    if not run.has("preparation.json"):
        return None
    config = run.config()
    network = Network(config.layers, run.preparation().input_shape, config.dtype)
    if run.has("weights.npz"):
        network.params.load(run.arrays("weights.npz"), str(run.path / "weights.npz"))
    return network
