"""The model: a trained network with all that it takes to answer for raw rows."""

import copy
from collections.abc import Callable, Mapping, Sequence

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.blas_threads import use_threads
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.engine.inference import Bring, choose_team, infer, infer_together, pieces_of
from nnfs_cli.engine.network import Network, Workspace
from nnfs_cli.engine.step import room_for_outputs
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.speed.crew import Crew
from nnfs_cli.speed.plan import choose_threads

PIECES_WORTH_A_HELPER = 8
"""Batches for each process, from which on several are started to answer: that takes as long as one or two."""


class Model:
    """Answers for rows as they come, of which it needs to know nothing but how they were prepared.

    weights: the network's parameters by name; `source` is what messages call them.
    """

    def __init__(
        self, config: ExperimentConfig, preparation: Preparation, weights: Mapping[str, Array], source: str
    ) -> None:
        self.preparation, self.loss = preparation, config.loss
        self.network = Network(copy.deepcopy(config.layers), preparation.input_shape, config.dtype)
        self.network.params.load(weights, source)
        self._wish = config.training.threads

    def outputs(self, x: Array, batch_size: int | None = None) -> Array:
        """What the network says of raw rows x (N, ...) in the targets' own terms and units.

        (N, K) probabilities, or scores of a loss that knows none; or (N, M) real values.
        """
        if x.shape[1:] != self.preparation.input_shape:
            raise NnfsError(f"rows must have shape {self.preparation.input_shape}, found {x.shape[1:]}")
        pieces = self.pieces(len(x), batch_size)
        write = self.preparation.inputs.into(x.dtype, self.network.dtype)

        def bring(workspace: Workspace) -> Callable[[slice], None]:
            return lambda piece: write(x[piece], workspace.x)

        answer = self._by_processes if self.network.has_images else self._by_threads
        z = answer(bring, pieces, len(x))
        y = self.loss.predict(z)
        return y if self.preparation.targets.is_identity else self.preparation.targets.undo(y)

    def pieces(self, n: int, batch_size: int | None = None) -> list[slice]:
        """n rows in pieces that go through the network together; `batch_size` may ask for smaller ones."""
        return pieces_of(n, min(batch_size or n or 1, self.network.rows_at_a_time))

    def workers(self, pieces: Sequence[slice]) -> int:
        """How many threads, or for images processes, are to answer for pieces of rows."""
        if not self.network.has_images:
            return choose_team(self.network, pieces, self._wish)
        processes = choose_threads(self.network, self.network.rows_at_a_time, self._wish)
        return processes if len(pieces) >= PIECES_WORTH_A_HELPER * processes else 1

    def _by_threads(self, bring: Bring, pieces: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) of a network without images."""
        z = room_for_outputs(None, self.network, n)
        infer_together(self.network.team(self.workers(pieces)), bring, pieces, z)
        return z

    def _by_processes(self, bring: Bring, pieces: Sequence[slice], n: int) -> Array:
        """The outputs z (n, M) of a network of images."""
        network = self.network
        crew = Crew(self.workers(pieces), {"answer": lambda who: infer(network, bring, pieces[who::size], z)})
        size = crew.size  # the task must not hold the crew, which holds it: the rows would outlive this call
        z = room_for_outputs(crew, network, n)
        with use_threads(1, network):
            crew.run("answer")
        crew.dismiss()
        return z

    @property
    def target_names(self) -> list[str]:
        """The targets' own names, or `prediction` where they have none."""
        width = 1 if self.preparation.classes else self.network.output_shape[0]
        if len(self.preparation.target_names) == width:
            return list(self.preparation.target_names)
        return ["prediction"] if width == 1 else [f"prediction_{m + 1}" for m in range(width)]

    @property
    def gives_probabilities(self) -> bool:
        """Whether outputs for classes are probabilities."""
        return self.loss.expects_logits or self.network.layers[-1].gives_probabilities

    def answers(self, outputs: Array) -> Array:
        """The classes' names (N,) of `outputs`, or the real values (N, M) that they are."""
        return self.preparation.labels[outputs.argmax(axis=1)] if self.preparation.classes else outputs
