"""The experiment: all parts that a config describes, built and ready to train, with their state."""

import copy
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import number_from
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import FlatParams
from nnfs_cli.engine.batch import convert
from nnfs_cli.engine.descent import Descent
from nnfs_cli.engine.network import Network
from nnfs_cli.engine.protocol import Engine
from nnfs_cli.engine.step import PlainEngine
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Split
from nnfs_cli.schedules.base import Clock
from nnfs_cli.training.checks import channels_last_warning, check_descent, check_fit, last_batch_note
from nnfs_cli.training.defined import has_meaning, undefined_notes
from nnfs_cli.training.loading import seeds
from nnfs_cli.training.memory import require_room
from nnfs_cli.training.resolving import resolved
from nnfs_cli.training.state import Mark, Progress, check_state, load_state, state_of
from nnfs_cli.training.warm_start import preparation_note, start_from, training_data


class Experiment:
    """A config's data, network, loss, metrics and optimizer, built from one seed.

    fitted: an earlier run's preparation of the data. Without it, one is fitted to the training rows.
    engine: computes the steps: a PlainEngine until `use_engine` replaces it.
    moves: how often it went to another state. A running `train` then continues from there.
    said: the notes of this training's epochs so far, of which each is said once.
    pause: the step after which `train` gives a report in any case, for who wants to look at it.
    preparation: how raw rows become the network's inputs, and its outputs predictions.
    sound: the step at which losses and parameters were last checked, and found sound.
    mark: the state at some sound step, from which later steps can be taken again; None before the first.

    Raises NnfsError if the parts do not fit together: layers that cannot take their inputs' shapes, a last
    layer of the wrong width, a loss or metric for another kind of target.
    """

    engine: Engine
    progress: Progress

    def __init__(self, config: ExperimentConfig, fitted: Preparation | None = None) -> None:
        init_seed, shuffle_seed, _, layer_seed, augment_seed = seeds(config.seed)
        self.moves = self.pause = self.sound = 0
        self.mark: Mark | None = None
        self.said: set[str] = set()
        data = training_data(config, fitted)
        config, said = resolved(config, data)
        self.config, training = config, config.training
        self.preparation = data.preparation
        self.data = convert(data, config.dtype)
        self.loss = config.loss
        self.network = self._build_network()
        check_fit(config, self.network, self.data, trains=fitted is None)
        require_room(config, self.network, self.data)
        self.metrics = {
            metric.type_name: metric
            for metric in config.metrics
            if has_meaning(metric, self.loss, self.network, self.data)  # earlier runs may have others
        }
        last_batch = last_batch_note(config, self.network, self.data)
        self._note(said, last_batch, *undefined_notes(config, self.data, self.data.splits))
        self.network.initialize(np.random.default_rng(init_seed))
        if config.warm_start and fitted is None:
            self.warm_start()
        self.network.use_draws(Draws(layer_seed))
        self.shuffle_rng = np.random.default_rng(shuffle_seed)
        self.before_shuffle: tuple[int, Mapping[str, Any]] | None = None  # (step, state of shuffle_rng)
        self.descent = descent_of(config, self.network.params)
        check_descent(self.descent)
        plain = PlainEngine(
            self.network,
            self.loss,
            self.data,
            self.descent,
            batch_size=training.batch_size,
            accumulate=training.accumulate,
            augment_draws=Draws(augment_seed),
        )
        self.progress = Progress(plain.order, plain.outputs)
        self.use_engine(plain)

    def __repr__(self) -> str:
        network, data = repr(self.network).strip("<>"), repr(self.data).strip("<>")
        done = f"{self.progress.epoch} of {self.config.training.epochs} epochs trained"
        return f"<Experiment {self.config.name}: {network}; {data}; {done}>"

    def _build_network(self) -> Network:
        """The network, not initialized yet. A warning about channels is added to the data's notes."""
        config, warning = self.config, channels_last_warning(self.config, self.data)
        try:
            network = Network(copy.deepcopy(config.layers), self.data.input_shape, config.dtype)
        except NnfsError as error:
            raise NnfsError(f"{config.name}: {error}{warning and f'; {warning}'}") from None
        self._note(warning)
        return network

    def _note(self, *sentences: str) -> None:
        """Add sentences to the data's notes; those that are empty do not count."""
        self.data = replace(self.data, notes=(*self.data.notes, *filter(None, sentences)))

    def warm_start(self) -> None:
        """Start from the weights that the config names."""
        config = self.config
        said = start_from(config.weights_file, self.network.params, redraw=config.redraw)
        self._note(*said, preparation_note(config))

    def use_engine(self, engine: Engine) -> None:
        """Let this engine compute all further steps and outputs."""
        engine.order[...], engine.outputs[...] = self.progress.order, self.progress.outputs
        self.engine = engine
        self.progress.order, self.progress.outputs = engine.order, engine.outputs

    def split(self, name: str) -> Split:
        """The split of this name. If there is none, raises NnfsError with the names of all splits."""
        if name not in self.data.splits:
            raise NnfsError(f"no {name} split in this data; it has {', '.join(self.data.splits)}")
        return self.data.splits[name]

    def scores(self, z: Array, split: Split, rows: Array) -> dict[str, float]:
        """The loss and all metrics of outputs z (N, M) for the rows of a split with these numbers (N,)."""
        loss = number_from(self.loss, "value", self.loss.value(z, split.t[rows]))
        return {"loss": loss, **self.metric_scores(z, split, rows)}

    def metric_scores(self, z: Array, split: Split, rows: Array) -> dict[str, float]:
        """All metrics of outputs z (N, M) for these rows; a regression's in the targets' own units.

        Not-a-number has no rank: where a prediction is not a number, no score is one.
        """
        if not self.metrics:
            return {}
        p, t = self.predictions(z), split.targets[rows]
        if np.isnan(p).any():
            return dict.fromkeys(self.metrics, math.nan)
        return {name: number_from(metric, "a call", metric(p, t)) for name, metric in self.metrics.items()}

    def predictions(self, z: Array) -> Array:
        """The predictions (N, M) of outputs z: probabilities, or real values in their own units, float64."""
        p = self.loss.predict(z)
        return p if self.data.classes else self.data.targets.undo(p)

    def in_raw_units(self, x: Array) -> Array:
        """Rows x (N, ...) of a split, before normalization."""
        return self.preparation.inputs.undo(x) if self.data.inputs.is_identity else x

    def clock(self, step: int) -> Clock:
        """How far training is at a step; `step` counts the steps before it."""
        return Clock(step, self.steps_per_epoch, self.config.training.epochs)

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step of this epoch; `step` counts the steps before it."""
        return self.descent.learning_rate(self.clock(step)) * 0.5**self.progress.rollbacks

    def learning_rates(self) -> list[float]:
        """The learning rates of this epoch's remaining steps."""
        done = self.progress.step
        left = math.ceil((len(self.progress.order) - self.progress.position) / self._rows_per_step)
        if self.descent.schedule.is_steady(self.clock(done)):
            return [self.learning_rate(done)] * left
        return [self.learning_rate(step) for step in range(done, done + left)]

    def take_step(self, learning_rate: float) -> slice:
        """Train on the epoch's next rows, as `train` does. The result names them, as a slice of the order."""
        progress = self.progress
        here = slice(progress.position, min(progress.position + self._rows_per_step, len(progress.order)))
        self.engine.step(here, progress.step, learning_rate)
        progress.step += 1
        progress.position = here.stop
        return here

    @cached_property
    def _rows_per_step(self) -> int:
        return self.config.training.batch_size * self.config.training.accumulate

    @cached_property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.progress.order) / self._rows_per_step)

    def shuffle(self) -> None:
        """Draw the order of rows for a new epoch. Before its first step, further calls draw it again."""
        if self.before_shuffle is not None and self.before_shuffle[0] == self.progress.step:
            self.shuffle_rng.bit_generator.state = self.before_shuffle[1]
        else:  # one assignment before anything is drawn: wherever Ctrl-C stops this, `shuffle_state` is right
            self.before_shuffle = self.progress.step, self.shuffle_rng.bit_generator.state
        self.progress.order[...] = self.shuffle_rng.permutation(self.data.splits["train"].rows)

    @property
    def shuffle_state(self) -> Mapping[str, Any]:
        """The state of `shuffle_rng` to save: before an epoch's first step, its state before the shuffle."""
        if self.before_shuffle is not None and self.before_shuffle[0] == self.progress.step:
            return self.before_shuffle[1]
        return self.shuffle_rng.bit_generator.state

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, the budget is used up, or patience has run out."""
        all_epochs = self.progress.epoch >= self.config.training.epochs
        return all_epochs or self.out_of_budget or (self.progress.position == 0 and self.out_of_patience)

    @property
    def out_of_budget(self) -> bool:
        """Whether `training.budget` is used up. An epoch whose steps are all done is scored before that."""
        budget, progress = self.config.training.budget, self.progress
        if budget is None or progress.position == len(progress.order):
            return False
        if budget.steps is not None and progress.step >= budget.steps:
            return True
        may_end = progress.position == 0 or progress.step % self.config.training.log_every == 0
        return may_end and budget.seconds is not None and progress.seconds >= budget.seconds

    @property
    def planned_rows(self) -> int:
        """How many rows all steps train on, if neither patience nor a budget of seconds ends them before."""
        rows, training = len(self.progress.order), self.config.training
        if training.budget is None or training.budget.steps is None:
            return training.epochs * rows
        epochs, steps = divmod(training.budget.steps, self.steps_per_epoch)
        return min(training.epochs * rows, epochs * rows + steps * self._rows_per_step)

    @property
    def out_of_patience(self) -> bool:
        """Whether the monitored value was no better for `training.patience` epochs."""
        return 0 < self.config.training.patience <= self.progress.epochs_since_best

    def use_best(self) -> None:
        """Load the best epoch's weights; without a validation split, the moving average if there is one."""
        if self.progress.best_params is not None:
            self.network.params.restore(self.progress.best_params)
        elif self.descent.average is not None:
            self.network.params.value[...] = self.descent.average

    def state(self) -> dict[str, Array]:
        """All that the remaining training depends on, by name. Call it between two steps."""
        goes_back = self.config.training.on_divergence == "rollback" and self.mark is not None
        return {**self.own_state(), **(self.mark.arrays() if self.mark is not None and goes_back else {})}

    def own_state(self) -> dict[str, Array]:
        """The state without that of the mark."""
        order_rng = np.array(json.dumps(self.shuffle_state))
        return {**state_of(self.progress, self.network.params, self.descent), "shuffle_rng": order_rng}

    def load_state(self, state: Mapping[str, Array], source: str) -> None:
        """Continue from a `state()` that a file, `source`, holds. NnfsError if it is another experiment's."""
        check_state(self.own_state(), state, source)
        self.restore(state)
        self.said.clear()
        self.mark, self.sound = Mark.of_arrays(state), self.progress.step

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go back to an `own_state()` of this experiment."""
        self.before_shuffle = None
        self.shuffle_rng.bit_generator.state = json.loads(str(state["shuffle_rng"]))
        load_state(self.progress, self.network.params, self.descent, state)
        self.moves += 1

    def close_epoch(self, value: float) -> None:
        """Count the epoch as done, and give the schedule its monitored value, negated if larger is better."""
        self.descent.schedule.observe(value)
        self.progress.epoch += 1
        self.progress.position = 0


def descent_of(config: ExperimentConfig, params: FlatParams) -> Descent:
    """What moves the parameters by the config's optimizer, schedule, regularizer and limits."""
    training = config.training
    return Descent(
        params,
        copy.deepcopy(config.optimizer),
        copy.deepcopy(config.schedule),
        copy.deepcopy(config.regularizer),
        clip_norm=training.clip_norm,
        clip_value=training.clip_value,
        ema=training.ema,
    )
