"""Which hub a command is about, and how to reach it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosystem.cli.output import NOT_RUNNING, REFUSED, START_FAILED, USAGE, fail

if TYPE_CHECKING:
    import httpx

    from ecosystem.settings import HubSettings

REQUEST_TIMEOUT_S = 20.0


@dataclass(slots=True)
class Options:
    """The options before the command."""

    data_dir: Path | None = None
    config: Path | None = None
    sets: tuple[str, ...] = ()
    verbose: bool = False
    quiet: bool = False

    def settings(self, **overrides: Any) -> "HubSettings":
        """The settings from all sources."""
        from ecosystem.config import load
        from ecosystem.running import last_start

        given = {key: value for key, value in overrides.items() if value is not None}
        if self.data_dir is not None:
            given["data_dir"] = str(self.data_dir)
        with explained():
            settings = load(file=self.config, flags=self.sets, overrides=given)
            remembered = last_start(settings.data_dir)
            if remembered:
                settings = load(file=self.config, flags=self.sets, overrides=given, remembered=remembered)
            return settings

    def directory(self) -> Path:
        """The data directory, with as little work as possible: most commands need nothing else."""
        if self.data_dir is not None:
            return self.data_dir
        simple = self.config is None and not any(s.startswith("data_dir=") for s in self.sets)
        if simple and not Path("zkhub.toml").exists() and "ZKHUB_CONFIG" not in os.environ:
            return Path(os.environ.get("ZKHUB_DATA_DIR", "hub-data"))
        return self.settings().data_dir

    def running(self) -> dict[str, Any] | None:
        """What the running hub says of where it is; None when none runs."""
        from ecosystem.running import running_hub

        return running_hub(self.directory())

    def client(self) -> "Client":
        """A client of the running hub.

        ``ZKHUB_API_URL`` and ``ZKHUB_TOKEN`` reach one on another machine.
        """
        url = os.environ.get("ZKHUB_API_URL")
        token = os.environ.get("ZKHUB_TOKEN")
        if url is None:
            running = self.running()
            if running is None:
                fail(f"no hub runs on {self.directory()}", "start one with `zkhub up`", NOT_RUNNING)
            url = str(running["api_url"])
            token = token or _token(self.directory())
        return Client(url, token)


class Client:
    """The hub API, with refusals turned into messages."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # A connection for each request: commands make few of them, and none is left open.
        self._common: dict[str, Any] = {"headers": headers, "timeout": REQUEST_TIMEOUT_S, "trust_env": False}

    def get(self, path: str, **query: Any) -> Any:
        """What a path shows."""
        return self._ask("GET", path, params={key: value for key, value in query.items() if value is not None})

    def try_get(self, path: str) -> Any:
        """What a path shows, or None while the hub cannot say."""
        import httpx

        try:
            answer = httpx.get(self.url + path, **self._common)
            return answer.json() if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return None

    def post(self, path: str, body: Any = None) -> Any:
        """Ask for a change."""
        return self._ask("POST", path, json=body)

    def delete(self, path: str) -> Any:
        """Ask for a removal."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        import httpx

        try:
            answer = httpx.request(method, self.url + path, **self._common, **more)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            fail(f"the hub at {self.url} does not answer: {reason}", "`zkhub doctor` looks for causes", NOT_RUNNING)
        if answer.is_success:
            return answer.json()
        fail(*_problem(answer), REFUSED)

    def events(self, operation: str) -> Iterator[dict[str, Any]]:
        """An operation's events until it ends."""
        import httpx

        more = self._common | {"timeout": httpx.Timeout(REQUEST_TIMEOUT_S, read=60.0)}
        with httpx.stream("GET", f"{self.url}/v1/operations/{operation}/events", **more) as answer:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name == "progress":
                    yield json.loads(line.removeprefix("data: "))


def _problem(answer: "httpx.Response") -> tuple[str, str]:
    try:
        problem = answer.json()
        return str(problem["detail"]), str(problem.get("hint", ""))
    except (ValueError, KeyError, TypeError):
        return f"the hub answered {answer.status_code}", ""


def _token(directory: Path) -> str | None:
    path = directory / "keys" / "api-token"
    return path.read_text().strip() if path.exists() else None


@contextmanager
def explained() -> Iterator[None]:
    """End the command with a message instead of a traceback when the hub's own code refuses."""
    from ecosystem.errors import ConfigError, HubUnavailable, StartError
    from zkhub.errors import HubError

    try:
        yield
    except ConfigError as error:
        fail(error.message, error.hint, USAGE)
    except StartError as error:
        fail(error.message, error.hint, START_FAILED)
    except HubUnavailable as error:
        fail(error.message, error.hint, NOT_RUNNING)
    except HubError as error:
        fail(error.message, error.hint, REFUSED)
