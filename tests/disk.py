"""A test double of the disk, below os and pathlib: its operations are counted, and fail in turn."""

import builtins
import errno
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

ON_DESCRIPTORS = ("write", "fsync", "ftruncate", "close")
ON_PATHS = ("open", "mkdir", "replace", "rename", "link", "unlink", "stat", "scandir", "listdir")


@dataclass
class Fault:
    """What happens to the operations from number `at` on, counted from 0.

    code: of the OSError; 0 for a SIGKILL instead of the operation.
    forever: all later operations fail too. half: a write takes half of its bytes before it fails.
    """

    at: int
    code: int = errno.ENOSPC
    forever: bool = False
    half: bool = False


@dataclass
class Disk:
    """The files in `root`. `done` lists the operations on them; `descriptors` are those that are open."""

    root: str
    fault: Fault | None = None
    done: list[str] = field(default_factory=list)
    descriptors: dict[int, str] = field(default_factory=dict)

    def path_of(self, path: Any, dir_fd: int | None = None) -> str:
        """The absolute path of what an operation is about; an empty text for what is not on this disk."""
        if isinstance(path, int):
            return self.descriptors.get(path, "")
        folder = self.descriptors.get(dir_fd, "") if dir_fd is not None else str(Path.cwd())
        whole = str(Path(folder) / os.fsdecode(path)) if folder else ""
        return whole if whole.startswith(self.root) else ""

    def count(self, operation: str, path: str) -> OSError | None:
        """Count an operation; return the error that it fails with."""
        number, fault = len(self.done), self.fault
        self.done.append(f"{operation} {path.removeprefix(self.root)}")
        if fault is None or number < fault.at or (number > fault.at and not fault.forever):
            return None
        if not fault.code:
            os.kill(os.getpid(), signal.SIGKILL)
        return OSError(fault.code, os.strerror(fault.code), path)


@contextmanager
def disk(root: Path, fault: Fault | None = None) -> Iterator[Disk]:
    """Files in `root` are on a disk with this fault, in the `with` block."""
    double = Disk(str(root), fault)
    with (
        patch.object(builtins, "open", _file_open(double)),
        patch.object(io, "open", _file_open(double)),
        ExitStack() as stack,
    ):
        for names, call in ((ON_DESCRIPTORS, _descriptor_call), (ON_PATHS, _path_call)):
            for name in names:
                stack.enter_context(patch.object(os, name, call(double, name)))
        yield double


def _path_call(double: Disk, name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(path: Any = ".", *args: Any, **options: Any) -> Any:
        folder = options.get("dir_fd", options.get("src_dir_fd"))
        whole = double.path_of(path, folder)
        if whole and (error := double.count(name, whole)):
            raise error
        result = real(path, *args, **options)
        if whole and name == "open":
            double.descriptors[result] = whole
        return result

    return call


def _descriptor_call(double: Disk, name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(number: int, *args: Any) -> Any:
        whole = double.descriptors.get(number, "")
        error = double.count(name, whole) if whole else None
        if name == "close":
            double.descriptors.pop(number, None)
            real(number)  # it is closed, whatever the system says
        if error is None:
            return None if name == "close" else real(number, *args)
        if name == "write" and double.fault is not None and double.fault.half:
            real(number, memoryview(args[0])[: len(args[0]) // 2])
        raise error

    return call


def _file_open(double: Disk) -> Callable[..., Any]:
    real = io.open

    def call(file: Any, *args: Any, **options: Any) -> Any:
        whole = double.path_of(file) if not isinstance(file, int) else ""
        if whole and (error := double.count("read", whole)):
            raise error
        return real(file, *args, **options)

    return call
