"""How the CLI speaks: data to stdout, everything else to stderr, JSON when it is asked for."""

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

#: Exit codes, as `zkhub --help` documents them.
OK, REFUSED, USAGE, NOT_RUNNING, START_FAILED, UNHEALTHY = 0, 1, 2, 3, 4, 5
INTERRUPTED = 130


def err() -> "Console":
    """The console of messages."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def out() -> "Console":
    """The console of data."""
    from rich.console import Console

    return Console(highlight=False)


def say(message: str) -> None:
    """A message for the person at the terminal."""
    err().print(message)


def warn(problem: str, console: "Console | None" = None) -> None:
    """What is wrong with something that runs all the same; among the messages unless told otherwise."""
    from rich.markup import escape

    (console or err()).print(f"[red]![/red] {escape(problem)}", soft_wrap=True)


def fail(message: str, hint: str = "", code: int = REFUSED) -> NoReturn:
    """Say what is wrong and what to do about it, and end."""
    from rich.markup import escape

    console = err()
    console.print(f"[red]error:[/red] {escape(message)}", soft_wrap=True)
    if hint:
        console.print(f"[dim]hint:[/dim] {escape(hint)}", soft_wrap=True)
    raise typer.Exit(code)


def emit_json(data: Any) -> None:
    """Data as JSON on stdout."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table on stdout; ``empty`` says what command makes data when there is none."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        numeric = column in {"ID", "BLOCK", "POOL", "BATCH", "TXS", "JOBS", "RESTARTS", "ATTEMPTS"}
        shown.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    count = 0
    for row in rows:
        shown.add_row(*(coloured(str(cell)) for cell in row))
        count += 1
    if count == 0:
        say(empty)
        return
    console = out()
    # A pipe has no width: cut nothing there.
    if not console.is_terminal:
        console.width = 400
    console.print(shown)


_COLOURS = {
    "running": "green",
    "ok": "green",
    "ready": "green",
    "done": "green",
    "executed": "green",
    "idle": "green",
    "paused": "yellow",
    "starting": "yellow",
    "creating": "yellow",
    "retrying": "yellow",
    "removing": "yellow",
    "degraded": "red",
    "down": "red",
    "failed": "red",
    "lost": "red",
    "refused": "red",
}


def coloured(word: str) -> str:
    """A state in its colour, as rich markup."""
    from rich.markup import escape

    colour = _COLOURS.get(word)
    return f"[{colour}]{word}[/{colour}]" if colour else escape(word)


def ether(wei: str | int) -> str:
    """Wei as ether, exact to six decimals."""
    whole, part = divmod(int(wei), 10**18)
    decimals = f"{part // 10**12:06d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)


def age(at_ms: int | None) -> str:
    """How long ago something was."""
    if at_ms is None:
        return "-"
    seconds = max(0.0, time.time() - at_ms / 1000)
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def interactive() -> bool:
    """Whether a person sits at the terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty() and "CI" not in os.environ


def confirm(question: str, yes: bool) -> None:
    """Ask before something that cannot be undone; without a terminal only ``--yes`` goes on."""
    if yes:
        return
    if not interactive():
        fail(f"{question} Not without your word.", "add --yes", USAGE)
    typer.confirm(question, abort=True, err=True)
