"""Shows operations while they run: one line for each step that ends, with the time it took."""

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ecosystem.cli.output import err, interactive


class ProgressTail:
    """Reads what is appended to ``progress.jsonl`` from now on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines that are new since the last call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                self._offset += len(raw)
                yield json.loads(raw)


class Reporter:
    """Prints what begins, ends and fails; on a terminal the steps at work are shown below.

    Args:
        quiet: Print failures only.
        verbose: Print steps that took no time, too.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self._console = err()
        self._quiet = quiet
        self._verbose = verbose
        self._begun: dict[str, int] = {}
        self._live = self._console.status("") if interactive() and not quiet else None
        self._started = time.monotonic()
        if self._live is not None:
            self._live.start()

    def close(self) -> None:
        """Take the live line away."""
        if self._live is not None:
            self._live.stop()

    def elapsed_s(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._started

    def show(self, line: Mapping[str, Any]) -> None:
        """One line of ``progress.jsonl``, or one event of the API."""
        name, status = _name(line), str(line["status"])
        if not name:
            return
        at_ms = int(line["at_ms"])
        if status in ("running", "retrying", "pending"):
            begun = self._begun.setdefault(name, at_ms)
            if status == "retrying" and self._verbose:
                self._print(f"  [yellow]…[/yellow] {name}: {line['detail']} ({(at_ms - begun) / 1000:.1f} s)")
        elif status == "done":
            seconds = (at_ms - self._begun.pop(name, at_ms)) / 1000
            if seconds >= 0.05 or self._verbose:
                detail = f" [dim]{line['detail']}[/dim]" if line["detail"] else ""
                self._print(f"  [green]✓[/green] {name} [dim]{seconds:.1f} s[/dim]{detail}")
        elif status == "failed":
            self._begun.pop(name, None)
            self._console.print(f"  [red]✗[/red] {name}: {line['detail']}", soft_wrap=True)
        self._refresh()

    def _print(self, text: str) -> None:
        if not self._quiet:
            self._console.print(text, soft_wrap=True)

    def _refresh(self) -> None:
        if self._live is not None:
            at_work = ", ".join(self._begun) or "…"
            self._live.update(f"[dim]{at_work}[/dim]")


def _name(line: Mapping[str, Any]) -> str:
    """What a line is about; empty for lines that are not shown, such as an operation's own."""
    if "phase" in line:
        return "" if line["phase"] == "hub" and line["status"] != "failed" else str(line["phase"])
    if not line["step"]:
        return ""
    return f"{line['chain']}: {line['step']}" if line["chain"] else str(line["step"])
