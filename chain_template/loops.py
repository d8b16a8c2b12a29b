"""A thread that does one bounded step after another, sleeps when there is nothing to do, and outlives errors."""

import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_FIRST_BACKOFF_S = 0.1
_LONGEST_BACKOFF_S = 10.0
#: A failure that the next tries mend is in the log; one that lasts longer than this is a condition to report.
_LASTING_S = 3.0


class Loop:
    """Runs ``step`` in a thread of its own until stopped.

    A step returns whether it did something: then the next follows at once, else after ``idle_s`` or a :meth:`wake`.
    A step that raises is tried again after a growing pause; what it raised is in :attr:`last_error` until one succeeds.
    """

    def __init__(self, name: str, step: Callable[[], bool], *, idle_s: float) -> None:
        self.name = name
        self.last_error: str | None = None
        self._failing_since: float | None = None
        self._step = step
        self._idle_s = idle_s
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def lasting_error(self) -> str | None:
        """What the step fails with, when it has failed for some time."""
        since = self._failing_since
        return self.last_error if since is not None and time.monotonic() - since > _LASTING_S else None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to do now."""
        # Most wake one that is awake, and looking is cheaper than telling.
        if not self._wake.is_set():
            self._wake.set()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Finish the step at hand and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                busy = self._step()
            except Exception as exc:
                self._note(exc)
                self._stopping.wait(backoff_s)
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
                continue
            self.last_error, self._failing_since, backoff_s = None, None, _FIRST_BACKOFF_S
            if not busy:
                self._wake.wait(self._idle_s)

    def _note(self, exc: Exception) -> None:
        """Log an error once, with its traceback; its repetitions in one line."""
        message = f"{type(exc).__name__}: {exc}"
        if message == self.last_error:
            log.warning("step failed again", loop=self.name, error=message)
        else:
            log.error("step failed", loop=self.name, error=message, exc_info=exc)
        self.last_error = message
        if self._failing_since is None:
            self._failing_since = time.monotonic()
