"""Record the peers' results for all cases; or compute them now, and compare with the record and with nnfs.

python -m tests.reference.record             write recorded.npz and versions.json
python -m tests.reference.record --compare   change nothing; exit status 1 on any difference
"""

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import sklearn
import torch

from nnfs_cli.core.arrays import Array
from tests.reference.cases import cases
from tests.reference.peers import PEERS

FOLDER = Path(__file__).parent
TOLERANCE = 1e-9
"""The relative tolerance of nnfs against its peers."""

REPEATABLE = 1e-12
"""The relative tolerance of a peer against its record: processors round differently."""


def close(a: Array, b: Array, tolerance: float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * 1e-3))


def tolerance(key: str) -> float:
    """The tolerance of a case: larger for a training of 300 steps."""
    return 1e-8 if key.startswith("training/") else TOLERANCE


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--compare", action="store_true")
    compare = parser.parse_args().compare
    live = {f"{case.key}:{name}": array for case in cases() for name, array in PEERS[case.key](case).items()}
    ours = {f"{case.key}:{name}": array for case in cases() for name, array in case.ours().items()}
    wrong = [key for key in live if key not in ours or not close(ours[key], live[key], tolerance(key))]
    if compare:
        with np.load(FOLDER / "recorded.npz") as recorded:
            stale = [
                key
                for key in live
                if key not in recorded
                or not close(
                    recorded[key], live[key], 1e3 * REPEATABLE if key.startswith("training/") else REPEATABLE
                )
            ]
            stale += [key for key in recorded if key not in live]
    else:
        stale = []
        np.savez_compressed(FOLDER / "recorded.npz", allow_pickle=False, **live)
        versions = {
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        }
        (FOLDER / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")
    for key in wrong:
        print(f"nnfs differs from its peer: {key}")
    for key in stale:
        print(f"the record differs from the peer now: {key}")
    if wrong or stale:
        raise SystemExit(1)
    print(
        f"{len(live)} arrays of {len(PEERS)} cases agree with "
        f"PyTorch {torch.__version__} and scikit-learn {sklearn.__version__}"
    )


if __name__ == "__main__":
    main()
