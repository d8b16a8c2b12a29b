"""Logs: one file of JSON lines a process, in ``logs/`` of the data directory, and the hub's progress beside it."""

import json
import logging
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TextIO

import structlog

from ecosystem.records import Event

LEVELS: Final = ("debug", "info", "warning", "error")
PROGRESS_FILE: Final = "progress.jsonl"
_NEVER_SHOWN: Final = frozenset({"private_key", "operator_keys", "token", "deployer_key", "mnemonic"})


def log_directory(data_dir: Path) -> Path:
    """Where a hub's logs are."""
    return data_dir / "logs"


def configure(data_dir: Path, process: str, level: str | None = None) -> None:
    """Send this process's log to ``logs/PROCESS.jsonl``."""
    chosen = (level or os.environ.get("ZKHUB_LOG_LEVEL", "info")).lower()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide_secrets,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, chosen.upper(), logging.INFO)),
        logger_factory=structlog.WriteLoggerFactory(file=_open(log_directory(data_dir) / f"{process}.jsonl")),
        cache_logger_on_first_use=False,
    )


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


def _open(path: Path) -> TextIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.open("a", buffering=1, encoding="utf-8")


def _hide_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NEVER_SHOWN & event.keys():
        event[key] = "…"
    return event
