"""Logs: one file of JSON lines a process, in ``logs/`` of the data directory, and the hub's progress beside it."""

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cluster.logs import log_to_file
from ecosystem.records import Event

PROGRESS_FILE: Final = "progress.jsonl"


def log_directory(data_dir: Path) -> Path:
    """Where a hub's logs are."""
    return data_dir / "logs"


def configure(data_dir: Path, process: str) -> None:
    """Send this process's log to ``logs/PROCESS.jsonl``; ``ZKHUB_LOG_LEVEL`` says from which level on."""
    level = logging.getLevelName(os.environ.get("ZKHUB_LOG_LEVEL", "info").upper())
    log_to_file(log_directory(data_dir) / f"{process}.jsonl", level if isinstance(level, int) else logging.INFO)


class ProgressFile:
    """``progress.jsonl``: every change of an operation or step, for those who watch a hub that is coming up."""

    def __init__(self, data_dir: Path) -> None:
        self._path = log_directory(data_dir) / PROGRESS_FILE

    def add(self, event: Event) -> None:
        """Append an event."""
        self.write(asdict(event))

    def phase(self, name: str, status: str, at_ms: int, detail: str = "") -> None:
        """Append a phase of the hub process itself, which has no operation."""
        self.write({"at_ms": at_ms, "phase": name, "status": status, "detail": detail})

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one line, whole: several processes write here."""
        data = (json.dumps(line) + "\n").encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)
