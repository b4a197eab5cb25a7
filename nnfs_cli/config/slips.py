"""Common slips in configs, many of them from other libraries, and what to write instead."""

import dataclasses
import json
import math
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nnfs_cli.config.dialect import dump_inline
from nnfs_cli.core.component import Registry

ELSEWHERE = {
    "optimizer": "learning_rate lr momentum weight_decay",
    "training": "epochs batch_size patience early_stopping clip_norm threads",
    "dataset": "validation validation_split val_split test test_split test_size target features path",
}
"""The keys of a config, each with options that are often written elsewhere."""

SYNONYMS = {
    "units": "neurons nodes size dim width hidden out_features output_dim output_size units_out",
    "filters": "out_channels channels num_filters",
    "kernel_size": "kernel filter_size",
    "pool_size": "kernel_size window",
    "stride": "strides",
    "dilation": "dilation_rate",
    "rate": "p prob probability drop keep_prob",
    "init": "initializer kernel_initializer weight_init weights_init initialization",
    "bias": "use_bias",
    "negative_slope": "alpha slope",
    "learning_rate": "lr eta step_size",
    "beta1": "beta_1 betas",
    "beta2": "beta_2",
    "epsilon": "eps",
    "weight_decay": "l2 decay",
    "strength": "lambda alpha weight coefficient",
    "validation": "validation_split val_split validation_size val",
    "test": "test_split test_size",
    "target": "label labels y target_column",
    "features": "columns inputs x",
    "standardize": "normalize scale_features",
    "path": "file filename csv data",
    "delimiter": "sep separator",
    "patience": "early_stopping early_stop",
    "epochs": "num_epochs n_epochs max_epochs iterations",
    "batch_size": "batch batchsize minibatch",
    "loss": "criterion loss_function objective cost",
    "dataset": "data",
    "layers": "model network hidden_layers",
    "seed": "random_state random_seed",
}
"""The names of options, each with what it is called elsewhere."""

INFERRED = {"input_shape", "input_dim", "input_size", "in_features", "in_channels", "num_classes"}
"""Options of layers elsewhere. nnfs finds these numbers in the data."""

ALIASES = {
    "dense": "linear fc fullyconnected",
    "conv2d": "conv convolution convolution2d",
    "batch_norm": "bn batchnorm1d batchnorm2d batchnormalization",
    "layer_norm": "layernormalization",
    "max_pool2d": "maxpool maxpooling maxpooling2d",
    "avg_pool2d": "avgpool averagepooling averagepooling2d",
    "global_avg_pool2d": "gap globalavgpool globalaveragepooling2d adaptiveavgpool2d",
    "conv_transpose2d": "conv2dtranspose deconv deconvolution",
    "upsample2d": "upsample upsampling2d",
    "padding2d": "zeropad2d zeropadding2d",
    "dropout2d": "spatialdropout2d",
    "silu": "swish",
    "cross_entropy": "ce categoricalcrossentropy sparsecategoricalcrossentropy softmaxcrossentropy nll",
    "binary_cross_entropy": "bce binarycrossentropy bcewithlogits",
    "mse": "meansquarederror l2 squarederror",
    "mae": "meanabsoluteerror l1",
    "huber": "smoothl1",
    "poisson": "poissonnll",
    "quantile": "pinball",
    "accuracy": "acc categoricalaccuracy sparsecategoricalaccuracy binaryaccuracy",
    "roc_auc": "auc auroc",
    "rmse": "rootmeansquarederror meansquarederror mse",
    "r2": "r2score rsquared",
    "expected_calibration_error": "ece",
    "sgd": "momentum nesterov gradientdescent",
    "xavier_uniform": "xavier glorot glorotuniform",
    "xavier_normal": "glorotnormal",
    "he_normal": "he kaiming kaimingnormal",
    "he_uniform": "kaiminguniform",
    "constant": "ones",
    "cosine": "cosineannealing",
    "step": "multistep",
    "l2": "ridge weightdecay",
    "l1": "lasso",
}
"""The names of components, each with what it is called elsewhere, in lower case without marks."""

NOTHING = {"none", "no", "off", "nil", "false"}
TRUTHS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}

MOST_LETTERS = 200
"""No slip is longer."""

EXACT = 2.0**53
"""Below this, a float64 stands for one whole number only."""


def synonym(option: str, options: Iterable[str]) -> str | None:
    """The option that another library calls `option`."""
    return next((name for name in options if option.lower() in SYNONYMS.get(name, "").split()), None)


def misplaced(option: str, value: object, owner: str, kind: str | None) -> str:
    """What to write for an option that `owner` does not have; an empty text if it is no common slip.

    kind: the owner's kind if it is a component, such as `layer`.
    """
    if kind == "layer":
        if option == "activation":
            return f"; add the layer `{dump_inline(value)}` after it"
        if option in INFERRED:
            return "; leave it out: nnfs finds it in the data"
    first, dot, rest = option.partition(".")
    if dot and rest and kind is None:
        return f"; keys with dots are for --set, in a file write {first}: {{{rest}: {dump_inline(value)}}}"
    right = next((key for key, options in ELSEWHERE.items() if option in options.split()), None)
    return f"; write it under `{right}`" if right and kind is None and owner != right else ""


def alias(name: str, registry: Registry[Any]) -> str | None:
    """The component that is meant by a name of another spelling, or of another library."""
    word = _bare(name)
    words = {word, word.removesuffix("loss"), word.removesuffix("optimizer"), word.removesuffix("lr")}
    return next((own for own in registry if words & {_bare(own), *ALIASES.get(own, "").split()}), None)


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def as_component(spec: object, registry: Registry[Any]) -> str:
    """`; write {type: dropout, rate: 0.5}` for `{dropout: 0.5}`, `dropout(0.5)` and the like."""
    if isinstance(spec, str):
        spec = spec[:MOST_LETTERS]  # the time for a match grows with the square of the blanks
        called = re.fullmatch(r"\s*(\w+)\s*[( :=]\s*([\w.]+)\s*\)?\s*", spec)
        spec = {called[1]: _number(called[2])} if called else {}
    if not isinstance(spec, Mapping):
        return ""
    for key, value in spec.items():
        name = alias(value, registry) if key in ("name", "kind", "class") and isinstance(value, str) else None
        own = name or (alias(key, registry) if isinstance(key, str) else None)
        if own is not None:
            rest = {other: option for other, option in spec.items() if other != key}
            return f"; write {_written(registry[own], own, None if name else value, rest)}"
    return ""


def _written(cls: type[Any], name: str, value: object, rest: Mapping[Any, Any]) -> str:
    """A component as a config has it. A single value is that of its first option."""
    first = next((field.name for field in dataclasses.fields(cls)), None)
    if isinstance(value, Mapping):
        rest = {**value, **rest}
    elif value is not None and first is not None:
        rest = {first: value, **rest}
    return dump_inline({"type": name, **rest} if rest else name)


def respelled(value: object, kinds: Collection[Any]) -> str:
    """`; write false` for a text such as `no` where a truth value or a number is wanted."""
    if isinstance(value, float) and int in kinds and value.is_integer() and abs(value) < EXACT:
        return f"; write {int(value)}"
    if not isinstance(value, str):
        return ""
    if bool in kinds and value.lower() in TRUTHS:
        return f"; write {TRUTHS[value.lower()]}"
    number = _number(value.replace("_", "").replace(",", "."))
    fits = isinstance(number, int) and (int in kinds or float in kinds)
    return f"; write {number}" if fits or (float in kinds and _is_finite(number)) else ""


def _is_finite(number: object) -> bool:
    return isinstance(number, float) and math.isfinite(number)


def _number(text: str) -> object:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def quoted_override(key: str, text: str) -> str:
    """The override that sets a text, quoted for YAML and for a shell."""
    text = text.strip()
    quoted = json.dumps(text, ensure_ascii=False) if text.isprintable() else dump_inline(text)
    return f"--set {shlex.quote(f'{key}={quoted}')}"
