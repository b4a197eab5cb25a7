"""What the page's scripts draw from: curves, confusion, weights, network and inputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.report.inputs import inputs_record
from nnfs_cli.report.network import LARGEST, Add, network_record, why_not_live
from nnfs_cli.report.record import RunRecord
from nnfs_cli.runs.directory import finite
from nnfs_cli.training.defined import gives_probabilities

FIT_POINTS, FIT_TARGETS, FIT_NUMBERS = 2000, 200, 40_000
"""The most points of predicted against true values, the most targets, and the most numbers of both."""


def content(record: RunRecord, add: Add) -> dict[str, Any]:
    """The page's content as JSON values; `add` puts arrays into the page and gives references to them."""
    network, preparation, loss = record.network, record.preparation, record.config.loss
    shown: dict[str, Any] = {
        "curves": _curves(record, add),
        "classes": list(record.classes),
        "split": record.pictured_split,
        "confusion": record.evaluation.get("confusion"),
        "examples": _examples(record, add),
        "fit": None if record.classes else _fit(record, add),
        "weights": _weights(record, add),
        "inputs": inputs_record(record, add),
        "outputs": _output_names(record, preparation),
        "probabilities": network is not None and (loss.expects_logits or gives_probabilities(loss, network)),
        "network": None,
        "why_not_live": "",
    }
    if network is not None and preparation is not None and record.has_weights:
        shown["why_not_live"] = why_not_live(network, loss)
        if not shown["why_not_live"]:
            shown["network"] = network_record(network, loss, preparation, add)
    plain: dict[str, Any] = finite(shown)
    return plain


def _curves(record: RunRecord, add: Add) -> dict[str, Any] | None:
    epochs, steps = _drawn(record.epochs), _drawn(record.steps)
    is_thinned = len(steps.get("step", ())) < record.recorded_steps
    if not epochs and not steps:
        return None
    return {
        "epochs": {name: add(column) for name, column in epochs.items()},
        "steps": {name: add(column) for name, column in steps.items()},
        "layers": _by_layer(record, add),
        "steps_per_epoch": _steps_per_epoch(record),
        "thinned": is_thinned and record.recorded_steps,
        "best": (record.summary.get("best") or {}).get("epoch"),
    }


def _by_layer(record: RunRecord, add: Add) -> dict[str, Any] | None:
    """How large each trained layer's gradient is, and how large its update against its weights."""
    kept = record.diagnostics
    if not len(kept.get("step", ())):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = kept["update_norm"] / kept["weight_norm"]
    return {
        "names": kept["trained"].tolist(),
        "step": add(kept["step"]),
        "gradient norm": add(kept["gradient_norm"].T),
        "update-to-weight ratio": add(ratio.T),
    }


def _steps_per_epoch(record: RunRecord) -> float:
    if len(record.epochs.get("step", ())):
        return float(record.epochs["step"][-1] / record.epochs["epoch"][-1])
    return float(record.steps["step"][-1])


def _drawn(columns: Mapping[str, Array]) -> dict[str, Array]:
    """What is drawn of columns, in as few bytes as show it; `seconds` are no curve."""
    whole = ("step", "epoch")
    return {
        name: column.astype(np.int32 if name in whole else np.float32)
        for name, column in columns.items()
        if name != "seconds"
    }


def _examples(record: RunRecord, add: Add) -> dict[str, Any] | None:
    some = record.examples
    if some is None:
        return None
    arrays = {"x": some.x, "rows": some.rows, "target": some.target, "prediction": some.prediction}
    if some.telling is not None:
        arrays["telling"] = some.telling
    return {name: add(array) for name, array in arrays.items()}


def _fit(record: RunRecord, add: Add) -> dict[str, Any] | None:
    """Predicted against true values of a regression."""
    if "target" not in record.predictions:
        return None
    target, prediction = (
        np.asarray(record.predictions[name], np.float64)[:, :FIT_TARGETS] for name in ("target", "prediction")
    )
    rows, width = target.shape
    names = record.preparation.output_names(width, "target") if record.preparation else ["target"] * width
    some = np.linspace(0, rows - 1, min(rows, FIT_POINTS, FIT_NUMBERS // width)).astype(np.intp)
    return {"names": names, "target": add(target[some]), "prediction": add(prediction[some])}


def _weights(record: RunRecord, add: Add) -> list[dict[str, Any]]:
    """The parameters to draw, as far as they fit into the page; vectors of one layer last."""
    if record.network is None or not record.has_weights:
        return []
    drawn, left = [], LARGEST
    for name, array in record.network.params.arrays().items():
        left -= array.nbytes
        if left < 0:
            break
        drawn.append({"name": name, "values": add(array)})
    return drawn


def _output_names(record: RunRecord, preparation: Preparation | None) -> list[str]:
    if record.classes or preparation is None or record.network is None:
        return list(record.classes)
    return preparation.output_names(record.network.output_shape[0], "prediction")
