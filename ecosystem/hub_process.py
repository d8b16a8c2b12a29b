"""The process that ``zkhub up`` leaves running: it starts Ray, the controller and the API, and takes them down again.

``python -m ecosystem.hub_process DATA_DIR`` reads the settings that the CLI has checked and written there. The pid
file is locked while the process lives, so a stale one is told from a real one without guessing.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecosystem import logs
from ecosystem.errors import ApiUnreachable, PortInUse
from ecosystem.keys import KeyStore
from ecosystem.ports import FIRST_API_PORT, first_free, is_free, reserve
from ecosystem.running import RUNNING_FILE, SETTINGS_FILE, lock_pid_file, running_pid
from ecosystem.settings import HubSettings
from zkhub import __version__
from zkhub.errors import HubError

STOP_TIMEOUT_S = 60.0
API_TIMEOUT_S = 60.0


class HubProcess:
    """The hub, from the first process to the last.

    Args:
        settings: Checked settings.
        raw: The same with secrets, as the controller's actor takes them.
    """

    def __init__(self, settings: HubSettings, raw: dict[str, Any]) -> None:
        self._settings = settings
        self._raw = raw
        self._progress = logs.ProgressFile(settings.data_dir)
        self._stop = threading.Event()

    def run(self) -> None:
        """Start everything, wait for SIGTERM or SIGINT, stop everything.

        Raises:
            HubError: Something could not be started; what had been is stopped again.
        """
        from cluster import ActorRef, RayCluster, RaySettings, start_detached
        from cluster.names import CONTROLLER_ACTOR

        data_dir = self._settings.data_dir
        reserved = self._reserve_api_port()
        port: int = reserved.getsockname()[1]
        ray_settings = self._settings.ray
        with self._phase("start Ray"):
            if ray_settings.address is None:
                ray_cluster = RayCluster.start(
                    RaySettings(data_dir=data_dir, nodes=ray_settings.nodes, gpus_per_node=ray_settings.gpus_per_node)
                )
            else:
                ray_cluster = RayCluster.join(ray_settings.address, ray_settings.token_file)
        # Ray has its own handlers by now; these are ours.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        controller: ActorRef | None = None
        try:
            from ecosystem.actor import CONTROLLER_GROUPS, HubControllerActor

            controller = start_detached(
                CONTROLLER_ACTOR, HubControllerActor, self._raw, concurrency_groups=CONTROLLER_GROUPS
            )
            with self._phase("serve API"):
                from ecosystem.api.deployment import serve_api

                serve_api(self._settings.api, port, data_dir)
                self._wait_for_api(port)
            with self._phase("start controller"):
                controller.call("pid", timeout_s=60.0)
            self._announce(port, ray_cluster.address)
            self._stop.wait()
        finally:
            self._take_down(controller)
            ray_cluster.stop()
            reserved.close()

    def _take_down(self, controller: Any) -> None:
        (self._settings.data_dir / RUNNING_FILE).unlink(missing_ok=True)
        with self._phase("stop chains"):
            if controller is not None:
                try:
                    controller.call("stop", timeout_s=STOP_TIMEOUT_S)
                except HubError as error:
                    self._progress.phase("stop chains", "failed", _now_ms(), error.message)
                finally:
                    controller.kill()
        if self._settings.ray.address is not None:
            # A cluster of our own ends as a whole; in a joined one the API must be taken out.
            from ecosystem.api.deployment import stop_api

            stop_api()

    def _reserve_api_port(self) -> socket.socket:
        """The API's port, kept from other hubs until Serve listens on it, which takes seconds, and after."""
        host, wanted = self._settings.api.host, self._settings.api.port
        if wanted:
            held = reserve(host, wanted)
            if held is None and is_free(host, wanted):
                held = reserve(host, wanted, exclusively=False)
            if held is None:
                raise PortInUse("the hub API", host, wanted, "api.port")
            return held
        port = FIRST_API_PORT
        while True:
            port = first_free(host, port)
            held = reserve(host, port)
            if held is not None:
                return held
            port += 1

    def _wait_for_api(self, port: int) -> None:
        """Raise unless the API answers: a Serve that ran before in a joined cluster keeps its own port."""
        url = f"http://{self._settings.api.host}:{port}/openapi.json"
        deadline = time.monotonic() + API_TIMEOUT_S
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5.0):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise ApiUnreachable(url, error) from error
            time.sleep(0.05)

    def _announce(self, port: int, ray_address: str) -> None:
        running = {
            "name": self._settings.name,
            "version": __version__,
            "pid": os.getpid(),
            "api_url": f"http://{self._settings.api.host}:{port}",
            "ray_address": ray_address,
            "started_at_ms": _now_ms(),
        }
        path = self._settings.data_dir / RUNNING_FILE
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(running, indent=2) + "\n")
        temporary.replace(path)
        self._progress.phase("hub", "serving", _now_ms(), str(running["api_url"]))

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._progress.phase(name, "running", _now_ms())
        try:
            yield
        except Exception as error:
            self._progress.phase(name, "failed", _now_ms(), str(error))
            raise
        self._progress.phase(name, "done", _now_ms())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main(data_dir: Path) -> int:
    """Run a hub on a prepared data directory; returns the exit status."""
    logs.configure(data_dir, "hub")
    progress = logs.ProgressFile(data_dir)
    lock = lock_pid_file(data_dir, os.getpid())
    if lock is None:
        progress.phase("hub", "failed", _now_ms(), f"a hub (pid {running_pid(data_dir)}) runs on {data_dir}")
        return 3
    try:
        KeyStore(data_dir).prepare().api_token()
        raw = json.loads((data_dir / SETTINGS_FILE).read_text())
        HubProcess(HubSettings.model_validate(raw), raw).run()
    except HubError as error:
        progress.write(
            {
                "at_ms": _now_ms(),
                "phase": "hub",
                "status": "failed",
                "detail": error.message,
                "hint": error.hint,
            }
        )
        return 4
    except Exception as error:
        progress.phase("hub", "failed", _now_ms(), f"{type(error).__name__}: {error}")
        traceback.print_exc()
        return 5
    finally:
        lock.close()
    progress.phase("hub", "stopped", _now_ms())
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
