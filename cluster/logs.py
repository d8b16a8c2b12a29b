"""One JSON log a process, in the hub's log directory."""

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

#: Where the processes of a cluster write their logs; inherited by every actor from the process that started Ray.
LOG_DIRECTORY_VARIABLE = "HUB_LOG_DIR"
_MAX_BYTES = 10_000_000
_BACKUPS = 3


def log_to_file(path: Path, level: int = logging.INFO) -> None:
    """Write this process's log records to ``path``, a JSON object a line; old files are kept to a bound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    handler = RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=_BACKUPS, encoding="utf-8")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # A line for each request would drown everything else.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def log_as_actor(name: str) -> None:
    """Write this actor's log to ``NAME.jsonl`` in the hub's log directory, if the cluster has one."""
    if directory := os.environ.get(LOG_DIRECTORY_VARIABLE):
        log_to_file(Path(directory) / f"{name}.jsonl")
