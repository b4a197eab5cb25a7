"""Configs with mistakes, made from the schema and a number; and a process that tries some of them.

    python -m tests.fuzz_configs FIRST LAST

loads each in the working directory, builds it, trains a step, and writes a line of JSON for each: what came of it.
"""

import copy
import faulthandler
import json
import math
import resource
import signal
import sys
import time
import traceback
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import psutil

from nnfs_cli.config.catalog import json_schema
from nnfs_cli.config.dialect import dump, load
from nnfs_cli.config.load import load_config
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.loop import train

SECONDS, BYTES = 10, 1_000_000_000
PATIENCE = 60
"""Seconds by the clock: a busy machine may need more of them than SECONDS of CPU."""
"""The most that a config may take; it need not be done in a second, but must not hang."""

STACKS = 64 * 42_000_000
"""The addresses that stacks and buffers of 64 threads of BLAS take; hardly any of it is memory, of which
`test_fuzz_configs` measures the most that was used. Where OpenBLAS gets none, it raises SIGINT.
"""

TRAINING = "training: {epochs: 2, batch_size: 8}\n"
BASES = [
    f"""
dataset: {{type: sine, samples: 40, validation: 8}}
layers: [{{type: dense, units: 4}}, tanh, {{type: residual, layers: [{{type: dense, units: 4}}, relu]}}, {{type: dense, units: 1}}]
loss: mse
optimizer: {{type: adam, learning_rate: 0.01}}
schedule: {{type: cosine}}
regularizer: {{type: l2, strength: 0.01}}
metrics: [rmse, r2]
{TRAINING}""",
    f"""
dataset: {{type: blobs, samples: 40, validation: 0.2, test: 0.1, features: 16}}
layers:
- {{type: reshape, shape: [1, 4, 4]}}
- {{type: conv2d, filters: 2, kernel_size: 3, padding: same}}
- batch_norm
- {{type: max_pool2d, pool_size: 2}}
- {{type: dropout, rate: 0.2}}
- flatten
- {{type: dense, units: 3, init: he_normal}}
loss: cross_entropy
optimizer: {{type: sgd, learning_rate: 0.1, momentum: 0.9}}
metrics: [accuracy]
seed: 3
{TRAINING}""",
    f"""
name: table
dataset: {{type: csv, path: t.csv, target: y, test: 0.2, standardize: true}}
layers: [{{type: dense, units: 2}}]
loss: {{type: cross_entropy}}
optimizer: {{type: adamw, learning_rate: 0.01}}
{TRAINING}""",
]
TABLE = "a,b,y\n" + "".join(f"{i},{'xyz'[i % 3]},{'no' if i % 2 else 'yes'}\n" for i in range(30))
HUGE = [2**31, 2**63, 10**12, 10**30, 10**99]
ODD: list[Any] = [
    *(0, -1, 1, 2, 3, 7, 1000, -(2**63), 0.0, 0.5, -0.5, 1e-300, 1e300, math.inf, -math.inf, math.nan, *HUGE),
    *(
        None,
        True,
        False,
        "",
        "x",
        "auto",
        "no",
        "1e5",
        "2024-13-45",
        "\x1b[31m",
        "\u202e",
        "é" * 500,
        "../../x",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"type": None},
        {"type": "dense"},
        [1, 2],
        [1] * 2000,
        {"a": {"b": {"c": 1}}},
        {1: 2},
    ),
]
SNIPPETS = [
    *(
        "!!int ",
        "!!float ",
        "!!timestamp ",
        "!!python/object:os.system ",
        "!!binary ",
        "!!set ",
        "!!map ",
        "&a ",
        "*a",
    ),
    *(
        "<<: *a\n",
        "\t",
        "\x00",
        "\ufeff",
        "\x85",
        "\u2028",
        "---\n",
        "...\n",
        "%YAML 9.9\n",
        "? ",
        "- ",
        ": ",
        "#",
    ),
    *(
        "'",
        '"',
        "[",
        "]",
        "{",
        "}",
        "|",
        ">",
        '"\\UFFFFFFFF"',
        "0x" + "f" * 5000,
        "9" * 4301,
        "[" * 300,
        "[" * 50,
    ),
]


class Maker:
    """Makes one config with mistakes, always the same from the same number."""

    def __init__(self, number: int, schema: dict[str, Any]) -> None:
        self.random, self.schema = Random(number), schema  # noqa: S311  no secret

    def content(self) -> bytes:
        """The bytes of a config."""
        config = load(self.random.choice(BASES))
        for _ in range(self.random.choice([1, 1, 2, 3, 6])):
            self.vary(config)
        damages = self.random.random()
        for _ in range(self.random.choice([1, 1, 2, 4]) if damages < 0.3 else 0):
            self.change(config)
        text = dump(config)
        if 0.3 < damages < 0.5:
            text = self.rewrite(text)
        content = text.encode("utf-8", "surrogatepass")
        return self.damage(content) if 0.5 < damages < 0.6 else content

    def vary(self, config: Any) -> None:
        """Put a component or an option of the right kind in its place, with values that mostly fit."""
        kinds = [kind for kind in self.schema["$defs"] if kind != "initializer"]
        kind = self.random.choice(
            [*kinds, "layer", "layer", "dataset", "training", "training", "seed", "dtype"]
        )
        if kind in ("layer", "metric"):
            members = config.setdefault(f"{kind}s", [])
            here = self.random.randrange(len(members) + 1)
            members[here:here] = [self.component(kind)]
        elif kind == "dataset" and self.random.random() < 0.7:
            options = self.of_type(config["dataset"]["type"])
            config["dataset"] |= {
                key: self.value(options[key]) for key in self.random.sample(sorted(options), 1)
            }
            config["dataset"]["type"] = options["type"]["const"]
        elif kind == "training":
            config["training"] |= self.options()
        elif kind in self.schema["$defs"]:
            config[kind] = self.component(kind)
        else:
            config[kind] = self.value(self.schema["else"]["properties"][kind])

    def of_type(self, name: str) -> dict[str, Any]:
        """The schemas of a dataset's options."""
        members = self.schema["$defs"]["dataset"]["oneOf"][1:]
        found = (each["properties"] for each in members if each["properties"]["type"]["const"] == name)
        return dict(next(found))

    def change(self, config: Any) -> None:
        """Change a value, an option or a component somewhere."""
        where = [place for place in places(config) if place]
        *path, last = self.random.choice(where) if where else ["x"]
        parent = config
        for key in path:
            parent = parent[key]
        match self.random.randrange(6):
            case 0:
                parent[last] = copy.deepcopy(self.random.choice(ODD))
            case 1:
                del parent[last]
            case 2 if isinstance(parent, dict):
                parent[self.random.choice([f"{last}s", "type", "x", 3, None, "a.b"])] = parent[last]
            case 3:
                parent[last] = self.deep(parent[last])
            case 4 if isinstance(parent, dict):
                parent.update(self.options())
            case _:
                parent[last] = self.component()

    def deep(self, value: Any) -> Any:
        """A value within lists, mappings or residual blocks."""
        kind, levels = self.random.randrange(3), self.random.choice([1, 2, 20, 60, 120])
        for _ in range(levels):
            value = [[value], {"a": value}, {"type": "residual", "layers": [value]}][kind]
        return value

    def component(self, kind: str = "") -> Any:
        """A component, of any kind if none is given; what it needs, and some of the rest."""
        family = self.schema["$defs"][kind or self.random.choice(sorted(self.schema["$defs"]))]
        member = self.random.choice(family["oneOf"][1:])
        options = {name: each for name, each in member["properties"].items() if name != "type"}
        chosen = [name for name in options if name in member["required"] or self.random.random() < 0.2]
        return {
            "type": member["properties"]["type"]["const"],
            **{name: self.value(options[name]) for name in chosen},
        }

    def options(self) -> dict[str, Any]:
        """Two options of training."""
        known = self.schema["else"]["properties"]["training"]["properties"]
        return {name: self.value(known[name]) for name in self.random.sample(sorted(known), 2)}

    def value(self, schema: dict[str, Any]) -> Any:
        """A value that fits a schema, in most cases."""
        if self.random.random() < 0.04:
            return copy.deepcopy(self.random.choice(ODD))
        if "$ref" in schema:
            return self.component(schema["$ref"].rpartition("/")[2])
        if "anyOf" in schema:
            return self.value(self.random.choice(schema["anyOf"]))
        if "enum" in schema or "const" in schema:
            return self.random.choice(schema.get("enum") or [schema["const"]])
        match schema.get("type"):
            case "integer":
                return self.random.choice([*[1, 2, 3, 4, 5] * 5, 50, 20_000, *HUGE])
            case "number":
                return self.random.choice([1e-12, 0.01, 0.3, 0.99, 1, 5.0, 1e30])
            case "boolean":
                return self.random.random() < 0.5
            case "array":
                items = schema.get("items") or self.random.choice(schema.get("prefixItems") or [{}])
                return [self.value(items) for _ in range(self.random.choice([0, 1, 2, 2, 4]))]
        return self.random.choice(["x", "y", "t.csv", ".", "/dev/zero", "", "auto"])

    def rewrite(self, text: str) -> str:
        """The text with lines moved, lost or twice, with something between, or cut off."""
        lines = text.split("\n")
        for _ in range(self.random.choice([1, 1, 2, 5])):
            i, j = self.random.randrange(len(lines)), self.random.randrange(len(lines))
            match self.random.randrange(6):
                case 0:
                    lines.insert(i, lines[j])
                case 1:
                    lines[i], lines[j] = lines[j], lines[i]
                case 2:
                    lines[i] = f"{' ' * self.random.randrange(4)}{lines[i]}"
                case 3:
                    at = self.random.randrange(len(lines[i]) + 1)
                    lines[i] = lines[i][:at] + self.random.choice(SNIPPETS) + lines[i][at:]
                case 4:
                    lines = lines[: i + 1]
                    lines[-1] = lines[-1][: self.random.randrange(len(lines[-1]) + 1)]
                case 5:
                    lines[i] = lines[i].replace(
                        ": ", self.random.choice([": &a ", ": *a # ", ": !!str ", ":"]), 1
                    )
        return "\n".join(lines)

    def damage(self, content: bytes) -> bytes:
        """The bytes with some of them flipped, or in another encoding."""
        if self.random.random() < 0.2:
            return content.decode("utf-8", "replace").encode(
                self.random.choice(["utf-16", "utf-32", "utf-8-sig"])
            )
        changed = bytearray(content)
        for _ in range(self.random.choice([1, 2, 10])):
            if changed:
                changed[self.random.randrange(len(changed))] ^= 1 << self.random.randrange(8)
        return bytes(changed)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values within lists and mappings."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def outcome(file: Path) -> str:
    """What comes of a config: how far it gets."""
    try:
        config = load_config(file)
    except NnfsError:
        return "refused"
    try:
        experiment = Experiment(config)
        choose_engine(experiment)
    except (NnfsError, MemoryError, OSError):  # of all three the command line makes a message
        return "not built"
    try:
        list(islice(train(experiment), 2))
    except (NnfsError, MemoryError, OSError):
        return "not trained"
    finally:
        experiment.engine.end()
    return "trained"


def _written(maker: Maker) -> bytes:
    """A config's bytes; to write the deepest takes many levels of Python."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        return maker.content()
    finally:
        sys.setrecursionlimit(usual)


def _most_megabytes() -> int:
    """The most memory that this process has had. `ru_maxrss` would count what its parent had, too."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) // 1000 for line in lines if line.startswith("VmHWM:")), 0)


def main(first: int, last: int) -> None:
    """Try the configs of these numbers."""
    Path("t.csv").write_text(TABLE)
    schema, file = json_schema(), Path("config.yaml")
    contents = {number: _written(Maker(number, schema)) for number in range(first, last)}
    limit = psutil.Process().memory_info().vms + BYTES + STACKS
    faulthandler.register(signal.SIGALRM, chain=True)  # then the process ends: a hang shows where it was
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in range(first, last):
        file.write_bytes(contents[number])
        print(json.dumps({"number": number}), flush=True)  # noqa: T201
        signal.alarm(PATIENCE)
        began = time.process_time()
        try:
            found = outcome(file)
        except Exception:
            found = traceback.format_exc()
        signal.alarm(0)
        if time.process_time() - began > SECONDS:
            found = f"took more than {SECONDS} s"
        megabytes = _most_megabytes()
        print(json.dumps({"number": number, "outcome": found, "megabytes": megabytes}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
