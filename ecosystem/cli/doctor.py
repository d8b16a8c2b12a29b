"""``zkhub doctor``: looks for what keeps a hub from starting or working."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ecosystem.cli.context import Options
from ecosystem.cli.hub import Json
from ecosystem.cli.output import OK, UNHEALTHY, emit_json, out
from ecosystem.running import running_hub, running_pid

if TYPE_CHECKING:
    from ecosystem.settings import HubSettings

MIN_FREE_BYTES = 1 << 30
MIN_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found.

    Attributes:
        level: ``ok``, ``note`` or ``failed``.
        hint: What to do about it.
    """

    check: str
    level: str
    detail: str
    hint: str = ""


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look for what keeps a hub from starting or working."""
    options: Options = context.obj
    settings = options.settings()
    findings = [finding for check in CHECKS for finding in check(settings)]
    if as_json:
        emit_json([asdict(finding) for finding in findings])
    else:
        marks = {"ok": "[green]✓[/green]", "note": "[yellow]·[/yellow]", "failed": "[red]✗[/red]"}
        console = out()
        for finding in findings:
            console.print(f"{marks[finding.level]} {finding.check}: {finding.detail}", soft_wrap=True)
            if finding.hint and finding.level != "ok":
                console.print(f"    {finding.hint}", soft_wrap=True)
    raise typer.Exit(UNHEALTHY if any(finding.level == "failed" for finding in findings) else OK)


def _versions(_: "HubSettings") -> Iterator[Finding]:
    from importlib.metadata import version

    from zkhub import __version__

    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("versions", "ok", f"zkhub {__version__}, Python {python}, Ray {version('ray')}")


def _disk(settings: "HubSettings") -> Iterator[Finding]:
    directory = settings.data_dir.absolute()
    while not directory.exists():
        directory = directory.parent
    free = shutil.disk_usage(directory).free
    level = "ok" if free >= MIN_FREE_BYTES else "failed"
    yield Finding("disk", level, f"{free / 1e9:.1f} GB free in {directory}", "make room, or choose another data_dir")


def _memory(_: "HubSettings") -> Iterator[Finding]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return
    available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    level = "ok" if available >= MIN_MEMORY_BYTES else "note"
    yield Finding("memory", level, f"{available / 1e9:.1f} GB available", "a hub with two chains needs about 3 GB")


def _process(settings: "HubSettings") -> Iterator[Finding]:
    data_dir = settings.data_dir
    pid = running_pid(data_dir)
    if pid is None:
        stale = (data_dir / "hub.pid").exists() and (data_dir / "hub.json").exists()
        detail = "the last hub was killed; `zkhub up` goes on where it stopped" if stale else "no hub runs"
        yield Finding("process", "note" if stale else "ok", f"{detail} on {data_dir}")
        return
    running = running_hub(data_dir)
    where = running["api_url"] if running else "its API is not up yet"
    yield Finding("process", "ok", f"pid {pid} runs on {data_dir}: {where}")


def _api(settings: "HubSettings") -> Iterator[Finding]:
    running = running_hub(settings.data_dir)
    if running is None:
        return
    from ecosystem.cli.context import Client

    health = Client(str(running["api_url"]), None).try_get("/v1/health")
    if health is None:
        yield Finding("API", "failed", f"{running['api_url']} does not answer", "`zkhub logs api`, `zkhub logs hub`")
        return
    level = "ok" if health["status"] == "ok" else "note" if health["status"] == "starting" else "failed"
    yield Finding("health", level, "; ".join([health["status"], *health["problems"]]), "`zkhub logs` tells more")


def _ports(settings: "HubSettings") -> Iterator[Finding]:
    if running_pid(settings.data_dir) is not None:
        return
    from ecosystem.ports import is_free

    wanted = {"api.port": (settings.api.host, settings.api.port)}
    if settings.l1.embedded:
        wanted["l1.port"] = (settings.l1.host, settings.l1.port)
    wanted |= {f"chains.{name}.port": (chain.host, chain.port) for name, chain in settings.chains.items()}
    taken = [f"{key} {port}" for key, (host, port) in wanted.items() if port and not is_free(host, port)]
    if taken:
        yield Finding("ports", "failed", f"in use: {', '.join(taken)}", "choose others: --set KEY=PORT, or 0")
    else:
        yield Finding("ports", "ok", "free: " + ", ".join(f"{port}" for _, port in wanted.values() if port))


def _l1(settings: "HubSettings") -> Iterator[Finding]:
    if settings.l1.url is None:
        return
    from contracts.client import L1Client
    from contracts.errors import L1Error

    try:
        with L1Client(settings.l1.url, timeout_s=3.0, retries=0) as client:
            found = client.chain_id()
    except L1Error as error:
        yield Finding("L1", "failed", error.message, "check l1.url")
        return
    fits = found == settings.l1.expected_chain_id
    detail = f"chain {found} at {settings.l1.url}"
    yield Finding("L1", "ok" if fits else "failed", detail, f"l1.chain_id says {settings.l1.expected_chain_id}")


def _secrets(settings: "HubSettings") -> Iterator[Finding]:
    from ecosystem.keys import KeyStore

    exposed = KeyStore(settings.data_dir).exposed()
    if exposed:
        names = ", ".join(str(path) for path in exposed)
        yield Finding("secrets", "failed", f"others can read {names}", "chmod -R go= the keys directory")
    else:
        yield Finding("secrets", "ok", "keys are readable by their owner only")


def _ray_leftovers(settings: "HubSettings") -> Iterator[Finding]:
    if running_pid(settings.data_dir) is not None:
        return
    left = []
    for directory in Path("/tmp").glob("zkhub-*"):
        owner = directory.name.rpartition("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            left.append(directory)
    if left:
        names = ", ".join(str(path) for path in left)
        yield Finding("Ray", "note", f"killed hubs left {names}", "the next `zkhub up` on their data removes them")
    else:
        yield Finding("Ray", "ok", "no leftovers")


CHECKS: tuple[Callable[["HubSettings"], Iterator[Finding]], ...] = (
    _versions,
    _disk,
    _memory,
    _process,
    _api,
    _ports,
    _l1,
    _secrets,
    _ray_leftovers,
)
