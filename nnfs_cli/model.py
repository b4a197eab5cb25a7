"""The model: a trained network with all that it takes to answer for raw rows."""

import copy
from collections.abc import Mapping

from nnfs_cli.config import ExperimentConfig
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import Array
from nnfs_cli.core.preparation import Preparation
from nnfs_cli.network import Network
from nnfs_cli.sharing import Crew
from nnfs_cli.threads import choose_threads, use_threads

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
        self.threads = choose_threads(self.network, self.network.rows_at_a_time, config.training.threads)

    def outputs(self, x: Array, batch_size: int | None = None) -> Array:
        """What the network says of raw rows x (N, ...) in the targets' own terms and units.

        (N, K) probabilities, or scores of a loss that knows none; or (N, M) real values.
        """
        if x.shape[1:] != self.preparation.input_shape:
            raise NnfsError(f"rows must have shape {self.preparation.input_shape}, found {x.shape[1:]}")
        batch_size = min(batch_size or len(x) or 1, self.network.rows_at_a_time)
        pieces = [x[start : start + batch_size] for start in range(0, len(x), batch_size)]
        worth_helpers = self.network.has_images and len(pieces) >= PIECES_WORTH_A_HELPER * self.threads
        crew = Crew(self.threads if worth_helpers else 1, {"answer": lambda who: answer(who)})
        processes = crew.size  # `answer` must not hold the crew, which holds it: x would outlive this call
        shape = (*self.network.output_shape, len(x))
        z = crew.empty(shape, self.network.dtype).T  # with rows innermost, softmax is fast
        write = self.preparation.inputs.into(x.dtype, self.network.dtype)

        def answer(who: int) -> None:
            for i in range(who, len(pieces), processes):
                workspace = self.network.workspace(len(pieces[i]))
                write(pieces[i], workspace.x)
                workspace.infer()
                z[i * batch_size : (i + 1) * batch_size] = workspace.y

        with use_threads(self.threads, self.network):
            crew.run("answer")
        crew.dismiss()
        y = self.loss.predict(z)
        return y if self.preparation.targets.is_identity else self.preparation.targets.undo(y)

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
