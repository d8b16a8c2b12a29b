"""Whether a hub runs on a data directory, told from files alone; imports nothing heavy."""

import fcntl
import json
from pathlib import Path
from typing import IO, Any, Final

PID_FILE: Final = "hub.pid"
SETTINGS_FILE: Final = "settings.json"
RUNNING_FILE: Final = "hub.json"
"""Where the running hub is; written when its API answers, removed when it stops."""


def lock_pid_file(data_dir: Path, pid: int) -> IO[str] | None:
    """Take the data directory for a process, or None if another one has it.

    The lock ends with the process, however that ends, so a stale pid file needs no guessing.
    """
    file = (data_dir / PID_FILE).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"{pid}\n")
    file.flush()
    return file


def running_pid(data_dir: Path) -> int | None:
    """Pid of the hub that holds ``data_dir``; a left-over pid file is none."""
    try:
        file = (data_dir / PID_FILE).open("r")
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            content = file.read().strip()
            return int(content) if content.isdecimal() else None
    return None


def running_hub(data_dir: Path) -> dict[str, Any] | None:
    """What the running hub has written about itself; None when none runs, or it does not answer yet."""
    if running_pid(data_dir) is None:
        return None
    try:
        content: dict[str, Any] = json.loads((data_dir / RUNNING_FILE).read_text())
    except (OSError, ValueError):
        return None
    return content


def last_start(data_dir: Path) -> dict[str, Any]:
    """What the data directory's last start was given; empty for a new one."""
    try:
        content: dict[str, Any] = json.loads((data_dir / SETTINGS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    # Where the directory is, whoever asks knows already; it may have been moved.
    content.pop("data_dir", None)
    return content
