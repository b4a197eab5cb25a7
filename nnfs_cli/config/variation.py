"""A config with some of its options varied: the keys are checked before anything is trained."""

import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.extending import is_within
from nnfs_cli.config.load import config_from
from nnfs_cli.config.overrides import as_spelled
from nnfs_cli.config.reader import shown, to_plain
from nnfs_cli.config.study import Space, StudyConfig
from nnfs_cli.config.values import Overrides
from nnfs_cli.core.component import Component
from nnfs_cli.core.errors import ConfigError, Mistake

MOST_TRIED = 1000
"""Choices of an option that are tried before a study."""

OWN = {
    r"seed": "write `study.seeds` instead",
    r"split_seed": "the study's runs share it, so that no test row takes part in choosing",
    r"name|plugins(\W.*)?": "it is the same in all runs of a study",
    r"study(\W.*)?": "a study does not vary itself",
    r"training(\.monitor)?": "values of different names cannot be compared; write `study.monitor`, and vary "
    "other options of `training` one by one",
}
"""Keys that no study varies, and why."""


def without_defaults(value: Any) -> Any:
    """Plain YAML values, as `to_plain` gives them, but for options that have their defaults.

    Then another `type` may be set in a component whose other options are left alone, as in a written config.
    """
    if isinstance(value, tuple):
        return [without_defaults(item) for item in value]
    if not dataclasses.is_dataclass(value):
        return to_plain(value)
    own = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    defaults = {field.name: field.default for field in dataclasses.fields(value)}
    plain = {name: without_defaults(each) for name, each in own.items() if not _same(each, defaults[name])}
    if isinstance(value, Component):
        return {"type": value.type_name, **plain} if plain else value.type_name
    return plain


def _same(value: object, default: object) -> bool:
    return type(value) is type(default) and value == default


class Variation:
    """Builds configs that differ from a study's config in some options.

    source: names the config in messages.
    base: the config without its study, as YAML gives it, without what has its default.
    """

    def __init__(self, config: ExperimentConfig, source: str) -> None:
        self.study, self.source = config.study or StudyConfig(), source
        self.base: Mapping[str, Any] = without_defaults(dataclasses.replace(config, study=None))

    def config(self, overrides: Overrides) -> ExperimentConfig:
        """The config with these options. ConfigError lists every mistake."""
        return config_from(self.base, self.source, overrides)

    def check(self) -> None:
        """Raise ConfigError unless every varied option has each of its choices, or ends, by itself."""
        mistakes = dict.fromkeys(self._overlaps())
        for key, space in self.study.spaces.items():
            mistakes |= dict.fromkeys(self._mistakes(key, space))
        if mistakes:
            raise ConfigError(self.source, list(mistakes))

    def _overlaps(self) -> Iterator[Mistake]:
        """A mistake for each varied option that another one, or a fold, would replace."""
        spelled = {key: as_spelled(key) for key in self.study.spaces}
        for key, one in spelled.items():
            if self.study.folds and is_within(one, ["dataset.validation"]):
                yield Mistake(f"study.vary.{key}", "cannot be varied: the folds set `dataset.validation`")
            others = [other for other, each in spelled.items() if other != key and is_within(one, [each])]
            if others:
                yield Mistake(f"study.vary.{key}", f"cannot be varied beside {others[0]}, which replaces it")

    def _mistakes(self, key: str, space: Space) -> Iterator[Mistake]:
        where = f"study.vary.{key}"
        for pattern, reason in OWN.items():
            if re.fullmatch(pattern, key):
                yield Mistake(where, f"cannot be varied: {reason}")
                return
        if re.fullmatch(r"loss(\W.*)?", key) and self.study.monitor in ("", "val_loss"):
            yield Mistake(
                where, "values of different losses cannot be compared; set `study.monitor` to a metric"
            )
            return
        for value in space.values[:MOST_TRIED]:
            try:
                self.config([(key, value)])
            except ConfigError as error:
                yield from (_at(where, key, value, mistake) for mistake in error.mistakes)
        if space.kind in ("log", "uniform") and all(isinstance(end, int) for end in space.values):
            low, high = space.values
            try:
                self.config([(key, low + (high - low) / math.pi)])
            except ConfigError:
                yield Mistake(where, f"must be an integer: write {{int: [{low}, {high}]}}")


def _at(where: str, key: str, value: object, mistake: Mistake) -> Mistake:
    """A mistake that a varied option causes, at the place where it is varied."""
    if mistake.path in (key, as_spelled(key)):
        return Mistake(where, mistake.text)
    return Mistake(where, f"with {shown(value)}, {mistake}")
