"""Progress of downloads on standard error: a bar in a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nnfs_cli.sources.download import Transfer, listener

if TYPE_CHECKING:
    from rich.progress import Progress

    from nnfs_cli.cli.screen import Screen


@contextmanager
def showing_downloads() -> Iterator[None]:
    """Show downloads inside of this context. Nothing is loaded until one starts."""
    view = DownloadView()
    token = listener.set(view.show)
    try:
        yield
    finally:
        listener.reset(token)
        view.close()


class DownloadView:
    """Shows transfers, of one file after another."""

    def __init__(self, console: "Screen | None" = None) -> None:
        self._console = console
        self._name = ""
        self._bar: Progress | None = None

    def show(self, transfer: Transfer) -> None:
        if self._console is None:
            from nnfs_cli.cli.screen import err

            self._console = err
        if transfer.name != self._name:
            self.close()
            self._name = transfer.name
            self._start(transfer, self._console)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=transfer.done, total=transfer.total)
        if transfer.done == transfer.total:
            if self._bar is None:
                self._console.print(f"nnfs: downloaded {transfer.name}")
            self.close()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
        self._name, self._bar = "", None

    def _start(self, transfer: Transfer, console: "Screen") -> None:
        if not console.is_live:
            size = f", {transfer.total / 1e6:,.1f} MB" if transfer.total is not None else ""
            held = f", {transfer.done / 1e6:,.1f} MB of it already here" if transfer.done else ""
            console.print(f"nnfs: downloading {transfer.name}{size}{held}")
            return
        from rich import progress

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=24),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(compact=True),
            console=console,
        )
        self._bar.add_task(transfer.name, total=transfer.total)
        self._bar.start()
