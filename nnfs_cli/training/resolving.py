"""What a config leaves to the data: the units of the last layer, and the network of a linear model."""

from dataclasses import replace

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.core.errors import counted
from nnfs_cli.layers.base import Layer
from nnfs_cli.layers.dense import Dense
from nnfs_cli.layers.flatten import Flatten
from nnfs_cli.preprocessing.records import Data


def resolved(config: ExperimentConfig, data: Data) -> tuple[ExperimentConfig, str]:
    """The config with what follows from the data, and a sentence on it; an empty text if nothing does."""
    layers = config.layers or _linear(data)
    places = [i for i, layer in enumerate(layers) if isinstance(layer, Dense) and layer.units == "auto"]
    if not places:
        return config, ""
    width, last = config.loss.width(data), places[-1]
    of_data = counted(len(data.classes), "class", "classes") if data.classes else _targets(data)
    units = f"layers[{last}].units: {width}, for {of_data} and {config.loss.type_name}"
    layer = Dense(**{**layers[last].options(), "units": width})
    whole = replace(config, layers=(*layers[:last], layer, *layers[last + 1 :]))
    return whole, units if config.layers else f"layers: none, so this is a linear model; {units}"


def _linear(data: Data) -> tuple[Layer, ...]:
    """The layers of a linear model."""
    flatten = () if len(data.input_shape) == 1 else (Flatten(),)
    return (*flatten, Dense(units="auto"))


def _targets(data: Data) -> str:
    return counted(data.target_width, "target column")
