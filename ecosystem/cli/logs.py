"""``zkhub logs``."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ecosystem.cli.context import Options
from ecosystem.cli.output import REFUSED, fail

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


def logs(
    context: typer.Context,
    process: Annotated[
        str | None, typer.Argument(help="A chain's name, l1, controller, api, hub …; all of them unless given.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
    level: Annotated[str, typer.Option(help="debug, info, warning or error: nothing below it.")] = "debug",
    as_json: Annotated[bool, typer.Option("--json", help="Print the lines as they are in the files.")] = False,
) -> None:
    """What the hub's processes have written."""
    options: Options = context.obj
    if level not in _LEVELS:
        fail(f'"{level}" is no level', f"there are: {', '.join(_LEVELS)}", 2)
    directory = options.directory() / "logs"
    files = _files(directory, process)
    if not files:
        present = ", ".join(sorted({path.stem for path in _files(directory, None)})) or "none"
        fail(f"there is no log of {process or 'any process'} in {directory}", f"there are: {present}", REFUSED)
    wanted = [line for line in _merged(files) if _LEVELS.get(str(line.get("level", "info")), 20) >= _LEVELS[level]]
    for line in wanted[-lines:] if lines else []:
        _print(line, as_json)
    if follow:
        for line in _appended(files):
            if _LEVELS.get(str(line.get("level", "info")), 20) >= _LEVELS[level]:
                _print(line, as_json)


def _files(directory: Path, process: str | None) -> list[Path]:
    found = sorted(path for path in directory.glob("*.jsonl") if path.stem != "progress")
    return [path for path in found if process is None or path.stem in (process, f"chain-{process}")]


def _merged(files: list[Path]) -> list[dict[str, object]]:
    lines = [line for path in files for line in _parsed(path, path.read_text(encoding="utf-8").splitlines())]
    return sorted(lines, key=lambda line: str(line.get("timestamp", "")))


def _parsed(path: Path, texts: list[str]) -> Iterator[dict[str, object]]:
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            line = {"event": text}
        yield {"process": path.stem, **line}


def _appended(files: list[Path]) -> Iterator[dict[str, object]]:
    offsets = {path: path.stat().st_size for path in files}
    try:
        while True:
            for path, offset in offsets.items():
                # A file that has shrunk was put aside when it grew too large; this is its successor.
                start = offset if path.stat().st_size >= offset else 0
                with path.open("rb") as file:
                    file.seek(start)
                    data = file.read()
                whole = data[: data.rfind(b"\n") + 1]
                offsets[path] = start + len(whole)
                yield from _parsed(path, whole.decode("utf-8", "replace").splitlines())
            time.sleep(0.25)
    except KeyboardInterrupt:
        return


def _print(line: dict[str, object], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(line))
        return
    rest = {k: v for k, v in line.items() if k not in ("timestamp", "level", "event", "process", "exception")}
    fields = " ".join(f"{key}={value}" for key, value in rest.items())
    head = f"{str(line.get('timestamp', ''))[:23]:23} {line.get('level', 'info'):7} {line['process']:16}"
    typer.echo(f"{head} {line.get('event', '')} {fields}".rstrip())
    if "exception" in line:
        typer.echo(str(line["exception"]))
