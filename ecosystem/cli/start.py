"""``zkhub up`` and ``zkhub down``."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosystem.cli.banner import deployment, show_banner
from ecosystem.cli.context import Client, Options
from ecosystem.cli.output import INTERRUPTED, NOT_RUNNING, OK, START_FAILED, UNHEALTHY, emit_json, fail, say, warn
from ecosystem.cli.progress import ProgressTail, Reporter
from ecosystem.running import RUNNING_FILE, SETTINGS_FILE, running_hub, running_pid

if TYPE_CHECKING:
    from ecosystem.settings import HubSettings

#: Seconds a start may take before the command gives up watching (the hub goes on).
START_TIMEOUT_S = 300.0
STOP_TIMEOUT_S = 90.0
_POLL_S = 0.05
_LOOK_EVERY_S = 0.2
#: What is wrong right after a start may pass by itself, such as a process too busy to answer: it is told after this.
_PASSING_S = 10.0
#: Operations that bring up what everything else stands on.
_VITAL = frozenset({"start-l1", "start-provers"})


def up(options: Options, place: Mapping[str, Any], *, foreground: bool, as_json: bool) -> int:
    """Start a hub, or add what the settings name and the running one lacks; returns the exit code.

    Args:
        options: Those before the command.
        place: Dotted keys of settings about where it runs, as flags of their own gave them.
        foreground: Whether to stay.
        as_json: Whether to print JSON.
    """
    settings = options.settings(**place)
    gpus = settings.ray.nodes * (settings.ray.gpus_per_node or 0)
    if gpus and "workers" not in settings.provers.model_fields_set:
        settings = options.settings(**place, **{"provers.workers": gpus})
    data_dir = settings.data_dir
    reporter = Reporter(quiet=options.quiet, verbose=options.verbose)
    try:
        process = None
        if running_pid(data_dir) is None:
            _refuse_misfits(settings)
            _refuse_taken_ports(settings)
            _refuse_another_l1(settings)
            process = _start_process(settings)
            code = _watch_start(data_dir, reporter, process)
        else:
            say(f"A hub runs on {data_dir} already; looking whether something is missing.")
            code = _add_missing(settings, options.client(), reporter)
    except KeyboardInterrupt:
        say("The hub goes on by itself; `zkhub status` shows how far it is, `zkhub down` stops it.")
        return INTERRUPTED
    finally:
        reporter.close()
    if code in (OK, UNHEALTHY):
        _show(options, data_dir, reporter.elapsed_s(), as_json)
    if foreground and process is not None and code in (OK, UNHEALTHY):
        return _stay(process)
    return code


def down(options: Options) -> int:
    """Stop the hub; what is under way goes on at the next start."""
    data_dir = options.directory()
    pid = running_pid(data_dir)
    if pid is None:
        say(f"No hub runs on {data_dir}.")
        return OK
    reporter = Reporter(quiet=options.quiet, verbose=options.verbose)
    tail = ProgressTail(_progress_file(data_dir))
    os.kill(pid, signal.SIGTERM)
    try:
        while running_pid(data_dir) is not None:
            for line in tail.lines():
                reporter.show(line)
            if reporter.elapsed_s() > STOP_TIMEOUT_S:
                fail(
                    f"the hub (pid {pid}) did not stop within {STOP_TIMEOUT_S:.0f} s",
                    "`zkhub logs` may tell why; what was confirmed is on disk",
                    UNHEALTHY,
                )
            time.sleep(_POLL_S)
    finally:
        reporter.close()
    say(f"The hub is down after {reporter.elapsed_s():.1f} s. `zkhub up` goes on where it stopped.")
    return OK


def _refuse_misfits(settings: "HubSettings") -> None:
    """Say at once what the controller would refuse: settings that the hub of this directory cannot take."""
    from ecosystem.adoption import check_fits
    from ecosystem.cli.context import explained
    from ecosystem.registry import FILE_NAME, Registry

    if not (settings.data_dir / FILE_NAME).exists():
        return
    with explained():
        registry = Registry.open(settings.data_dir)
        try:
            check_fits(settings, registry)
        finally:
            registry.close()


def _refuse_taken_ports(settings: "HubSettings") -> None:
    """Say at once what the hub would find out seconds later."""
    from ecosystem.cli.context import explained
    from ecosystem.errors import PortInUse
    from ecosystem.ports import wait_free

    wanted = [("the hub API", settings.api.host, settings.api.port, "api.port")]
    if settings.l1.embedded:
        wanted.append(("the embedded L1", settings.l1.host, settings.l1.port, "l1.port"))
    wanted += [
        (f'chain "{name}"', chain.host, chain.port, f"chains.{name}.port") for name, chain in settings.chains.items()
    ]
    with explained():
        for what, host, port, key in wanted:
            # What a killed hub left behind may hold its ports for a few seconds.
            if port and not wait_free(host, port, 5.0):
                raise PortInUse(what, host, port, key)


def _refuse_another_l1(settings: "HubSettings") -> None:
    """Say at once when an external L1 does not answer, or is not the one that is meant."""
    if settings.l1.url is None:
        return
    from contracts.client import L1Client
    from ecosystem.cli.context import explained
    from ecosystem.errors import L1Mismatch

    with explained(), L1Client(settings.l1.url, timeout_s=5.0, retries=1) as client:
        L1Mismatch.check(client.url, client.chain_id(), settings.l1.expected_chain_id)


def _start_process(settings: "HubSettings") -> subprocess.Popen[bytes]:
    from ecosystem.config import with_secrets
    from ecosystem.keys import write_private

    data_dir = settings.data_dir
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data_dir / RUNNING_FILE).unlink(missing_ok=True)
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    write_private(data_dir / SETTINGS_FILE, json.dumps(with_secrets(settings), indent=2))
    with (logs / "hub.out").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "ecosystem.hub_process", str(data_dir)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _watch_start(data_dir: Path, reporter: Reporter, process: subprocess.Popen[bytes]) -> int:
    tail = ProgressTail(_progress_file(data_dir))
    verdict: _Verdict | None = None
    next_look = 0.0
    while True:
        ended = process.poll() is not None
        fatal = False
        for line in tail.lines():
            reporter.show(line)
            fatal = fatal or _is_fatal(line)
        if fatal and not ended:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_TIMEOUT_S)
        if fatal or ended:
            say(f"[red]The hub did not start.[/red] Its logs: {data_dir / 'logs'}")
            return START_FAILED
        if verdict is None and (running := running_hub(data_dir)) is not None:
            verdict = _Verdict(Client(str(running["api_url"]), None))
        if verdict is not None and time.monotonic() >= next_look:
            code = verdict.look()
            if code is not None:
                for line in tail.lines():
                    reporter.show(line)
                verdict.tell()
                return code
            next_look = time.monotonic() + _LOOK_EVERY_S
        if reporter.elapsed_s() > START_TIMEOUT_S:
            fail("the hub is still starting", "`zkhub status` and `zkhub logs` tell how far it is", START_FAILED)
        time.sleep(_POLL_S)


def _is_fatal(line: Mapping[str, Any]) -> bool:
    """Whether a line of the progress says that a part has failed without which there is no hub."""
    return line.get("kind") in _VITAL and not line["step"] and line["status"] == "failed"


class _Verdict:
    """Whether a hub is up, once nothing is under way in it any more."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._wrong_since: float | None = None
        self._problems: list[str] = []

    def look(self) -> int | None:
        """OK; UNHEALTHY where something stays wrong; None while that is open."""
        health = self._client.try_get("/v1/health")
        if health is None or health["status"] == "starting":
            return None
        hub = self._client.try_get("/v1/hub")
        if hub is None or hub["operations"]:
            return None
        self._problems = health["problems"]
        if health["status"] == "ok":
            return OK
        now = time.monotonic()
        if self._wrong_since is None:
            self._wrong_since = now
        return UNHEALTHY if now - self._wrong_since > _PASSING_S else None

    def tell(self) -> None:
        """Say what is wrong, if anything is."""
        for problem in self._problems:
            warn(problem)


def _add_missing(settings: "HubSettings", client: Client, reporter: Reporter) -> int:
    from ecosystem.config import with_secrets

    known = {chain["name"]: chain for chain in client.get("/v1/chains")}
    operations = []
    for name, chain in settings.chains.items():
        if name not in known or known[name]["state"] == "failed":
            operations.append(client.post("/v1/chains", {"name": name, **with_secrets(chain)})["id"])
        elif known[name]["id"] != chain.id:
            fail(
                f'chains.{name}.id: the running hub\'s "{name}" has id {known[name]["id"]}, not {chain.id}',
                "restore the old id, or give the new chain another name",
            )
    for operation in operations:
        for event in client.events(operation):
            reporter.show(event)
    verdict = _Verdict(client)
    while (code := verdict.look()) is None:
        if reporter.elapsed_s() > START_TIMEOUT_S:
            fail("something is still starting", "`zkhub status` tells what", UNHEALTHY)
        time.sleep(_LOOK_EVERY_S)
    verdict.tell()
    return code


def _show(options: Options, data_dir: Path, seconds: float, as_json: bool) -> None:
    running = running_hub(data_dir)
    if running is None:
        fail("the hub stopped again", "`zkhub logs` tells why", NOT_RUNNING)
    client = Client(str(running["api_url"]), None)
    content = deployment(client, data_dir)
    (data_dir / "deployment.json").write_text(json.dumps(content, indent=2) + "\n")
    if as_json:
        emit_json(content)
    elif not options.quiet:
        show_banner(content, data_dir, seconds)


def _stay(process: subprocess.Popen[bytes]) -> int:
    say("The hub runs until Ctrl-C.")
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        say("Stopping …")
        return process.wait()


def _progress_file(data_dir: Path) -> Path:
    return data_dir / "logs" / "progress.jsonl"
