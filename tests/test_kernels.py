"""The kernel of BLAS: chosen before NumPy is loaded, recorded, and gone on with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from nnfs_cli.core import blas_kernel, cpuinfo
from nnfs_cli.core.blas_kernel import AVX2, AVX512, FLAGS, SWITCH, VARIABLE, choose_kernel, runs_here
from nnfs_cli.core.blas_threads import kernel_name
from nnfs_cli.runs.finding import kernel_of
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

MEASURED = ("Nehalem", "Sandybridge", "Haswell", "SkylakeX")


def told(vendor: str, flags: set[str]) -> str:
    """What Linux says of a processor with two cores."""
    core = (
        f"processor\t: 0\nvendor_id\t: {vendor}\nmodel name\t: Abacus\nflags\t\t: {' '.join(sorted(flags))}\n"
    )
    return f"{core}\n{core}"


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is read instead of /proc/cpuinfo, in a process that has not loaded NumPy."""
    file = tmp_path / "cpuinfo"
    file.write_text(told("AuthenticAMD", AVX512))
    monkeypatch.setattr(cpuinfo, "CPUINFO", file)
    monkeypatch.setattr(blas_kernel, "sys", SimpleNamespace(modules={}))
    monkeypatch.setattr(blas_kernel, "_chosen_by", "")
    monkeypatch.setenv(VARIABLE, "")  # what the code under test sets is taken back after the test
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delenv(SWITCH, raising=False)
    return file


ARM = "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd sve\nCPU implementer\t: 0x41\n"


@pytest.mark.parametrize(
    ("text", "kernel"),
    [
        (told("AuthenticAMD", AVX512 | {"sse"}), "SkylakeX"),
        (told("AuthenticAMD", AVX2), None),
        *((told("AuthenticAMD", AVX512 - {lacking}), None) for lacking in sorted(AVX512)),
        (told("GenuineIntel", AVX512), None),
        (told("HygonGenuine", AVX512), None),
        (ARM, None),
        ("", None),
        ("flags\nvendor_id", None),
        ("vendor_id : AuthenticAMD\nflags : " + "avx512f" * 20_000, None),
        ("\x00\ufffd:\n\n::::\nflags: :\n" * 99, None),
    ],
)
def test_another_kernel_is_chosen_only_where_it_is_faster_and_runs(
    pretend: Path, text: str, kernel: str | None
) -> None:
    pretend.write_text(text, encoding="utf-16" if "\x00" in text else None)
    choose_kernel()
    assert os.environ.get(VARIABLE) == kernel
    assert blas_kernel.kernel_chosen_by(kernel or "Haswell") == ("nnfs" if kernel else "blas")
    assert blas_kernel.kernel_chosen_by("") == "blas"  # a library that has no such kernels


def test_a_system_without_the_file_chooses_nothing(pretend: Path) -> None:
    pretend.unlink()
    choose_kernel("Haswell")
    assert VARIABLE not in os.environ


@pytest.mark.usefixtures("pretend")
def test_what_the_user_has_set_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "Sandybridge")
    choose_kernel()
    choose_kernel("Haswell")
    assert os.environ[VARIABLE] == "Sandybridge"
    assert blas_kernel.kernel_chosen_by("Sandybridge") == "environment"


@pytest.mark.usefixtures("pretend")
def test_one_variable_turns_the_choice_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")
    choose_kernel()
    choose_kernel("Haswell")
    assert VARIABLE not in os.environ


@pytest.mark.usefixtures("pretend")
def test_when_numpy_is_loaded_it_is_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas_kernel, "sys", SimpleNamespace(modules={"numpy": None}))
    choose_kernel()
    assert VARIABLE not in os.environ


@pytest.mark.parametrize(
    ("recorded", "kernel", "chosen_by"),
    [
        ("Haswell", "Haswell", "run"),
        ("SkylakeX", "SkylakeX", "run"),
        ("Cooperlake", "SkylakeX", "nnfs"),  # its instructions are missing
        ("Abacus", "SkylakeX", "nnfs"),
        ("Haswell;rm", "SkylakeX", "nnfs"),
        ("", "SkylakeX", "nnfs"),
    ],
)
@pytest.mark.usefixtures("pretend")
def test_a_runs_own_kernel_comes_before_the_fastest_if_the_processor_runs_it(
    recorded: str, kernel: str, chosen_by: str
) -> None:
    choose_kernel()
    choose_kernel(recorded)
    assert os.environ[VARIABLE] == kernel
    assert blas_kernel.kernel_chosen_by(kernel) == chosen_by


@pytest.mark.parametrize("versions", ['"x"', "[]", '{"blas": 3}', '{"blas": ""}', "{}", "null"])
def test_a_summary_that_tells_no_kernel_is_no_error(tmp_path: Path, versions: str) -> None:
    (tmp_path / "config.yaml").write_text("name: x\n")
    (tmp_path / "summary.json").write_text(f'{{"versions": {versions}}}')
    assert kernel_of(tmp_path) == ""
    (tmp_path / "summary.json").write_text("{")
    assert kernel_of(tmp_path) == ""
    (tmp_path / "summary.json").unlink()
    assert kernel_of(tmp_path) == ""


def typed(folder: Path, *arguments: str, code: str = "pass", **environment: str) -> None:
    """Run the command in a process of its own, after some code that pretends."""
    start = f"import sys; sys.argv[0] = 'nnfs'; {code}; from nnfs_cli.__main__ import run; run()"
    inherited = {name: value for name, value in os.environ.items() if name not in (VARIABLE, SWITCH)}
    command = [sys.executable, "-c", start, *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def summary(run: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads((run / "summary.json").read_text())
    return record


PRETEND = (
    "from pathlib import Path; from nnfs_cli.core import blas_kernel, cpuinfo; "
    "cpuinfo.CPUINFO = Path('cpuinfo'); blas_kernel.FASTER = {'AuthenticAMD': 'Nehalem'}"
)
"""An AMD processor for which the oldest of the kernels counts as the fastest."""


@pytest.mark.slow
def test_blas_computes_with_the_kernel_that_was_chosen_and_a_run_goes_on_with_it_to_the_bit(
    tmp_path: Path,
) -> None:
    (tmp_path / "cubic.yaml").write_text(CUBIC)
    (tmp_path / "cpuinfo").write_text(told("AuthenticAMD", FLAGS["Nehalem"]))
    whole, part = (tmp_path / "runs" / name for name in ("whole", "part"))

    typed(tmp_path, "train", "cubic.yaml", "--id", "part", "-q", "--set", "training.epochs=2", code=PRETEND)
    assert (kernel_of(part), summary(part)["kernel_chosen_by"]) == ("Nehalem", "nnfs")
    typed(tmp_path, "resume", "latest", "--epochs", "4", "-q")  # the machine's own kernel is another
    assert (kernel_of(part), summary(part)["kernel_chosen_by"]) == ("Nehalem", "run")

    four = ("--set", "training.epochs=4", "-q")
    typed(tmp_path, "train", "cubic.yaml", "--id", "whole", *four, OPENBLAS_CORETYPE="Nehalem")
    assert (kernel_of(whole), summary(whole)["kernel_chosen_by"]) == ("Nehalem", "environment")
    assert (whole / "weights.npz").read_bytes() == (part / "weights.npz").read_bytes()


def test_every_form_of_a_product_agrees_with_the_plain_one_under_every_kernel() -> None:
    runnable = [kernel for kernel in MEASURED if runs_here(kernel)]
    for kernel in runnable:
        done = subprocess.run(
            [sys.executable, "-m", "tests.products"],
            cwd=ROOT,
            env={**os.environ, VARIABLE: kernel, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout.split(), done.stderr) == ([kernel], "")
    assert kernel_name()


def test_runs_verbose_shows_what_computed(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    commit = "0123456789abcdef" * 2 + "01234567"
    Path(".git").mkdir()
    Path(".git/HEAD").write_text(f"{commit}\n")
    nnfs("train", "cubic.yaml", "--id", "a", "-q", "--set", "training.epochs=1")
    record = summary(Path("runs/a"))
    assert record["git_commit"] == commit
    (row,) = json.loads(nnfs("runs", "--json", "--verbose").out)
    versions, machine = record["versions"], record["machine"]
    assert isinstance(versions, dict)
    assert isinstance(machine, dict)
    assert row["blas"] == versions["blas"]
    assert (row["git_commit"], row["processor"]) == (commit, machine["processor"])
    assert (row["kernel_chosen_by"], row["blas_threads"]) == (blas_kernel.kernel_chosen_by(kernel_name()), 1)
    shown = nnfs("runs", "--verbose").out
    assert versions["blas"] in shown
    assert commit[:12] in shown
    assert commit[:12] not in nnfs("runs").out
    nnfs("resume", "a", "--epochs", "2", "-q")
    assert summary(Path("runs/a"))["git_commit"] == commit
