"""The command line, against an API that really listens; behind it is a hub on fakes."""

import json
import os
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from click.testing import Result
from typer.testing import CliRunner

from ecosystem.api.app import make_app
from ecosystem.cli.main import app, hoisted
from ecosystem.cli.output import age, ether
from ecosystem.running import RUNNING_FILE, lock_pid_file, running_hub, running_pid
from tests.unit.ecosystem.conftest import FakeHub, wait_for
from tests.unit.ecosystem.test_api import LocalBackend

Zkhub = Callable[..., Result]


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zkhub:
    """`zkhub` in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ZKHUB_")]:
        monkeypatch.delenv(name)
    return lambda *arguments, **more: CliRunner().invoke(app, [str(a) for a in arguments], **more)


@pytest.fixture
def zkhub(running: FakeHub, alone: Zkhub) -> Iterator[Zkhub]:
    """`zkhub` beside a running hub."""
    data_dir = running.settings.data_dir
    token = running.controller.lifecycle.keys.api_token()
    server = uvicorn.Server(
        uvicorn.Config(make_app(LocalBackend(running), token), port=0, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    (data_dir / RUNNING_FILE).write_text(json.dumps({"api_url": url, "pid": os.getpid()}))
    lock = lock_pid_file(data_dir, os.getpid())
    assert lock is not None
    yield lambda *arguments, **more: alone("--data-dir", data_dir, *arguments, **more)
    lock.close()
    server.should_exit = True
    thread.join()


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


READS = [
    ("status",),
    ("chain", "ls"),
    ("chain", "show", "alpha"),
    ("batch", "ls", "alpha"),
    ("batch", "show", "alpha", "1"),
    ("prover", "ls"),
    ("prover", "jobs"),
    ("account", "ls"),
]


@pytest.mark.parametrize("words", READS)
def test_every_reading_verb_has_a_table_and_json(zkhub: Zkhub, words: tuple[str, ...]) -> None:
    table = zkhub(*words)
    assert table.exit_code == 0 and table.stdout.strip(), table.output
    assert "\x1b[" not in table.stdout, "a pipe gets no colours"
    assert answer(zkhub(*words, "--json"))


def test_json_has_the_fields_of_the_api(zkhub: Zkhub, running: FakeHub) -> None:
    url = json.loads((running.settings.data_dir / RUNNING_FILE).read_text())["api_url"]
    shown = answer(zkhub("chain", "show", "alpha", "--json"))
    assert shown.keys() == httpx.get(f"{url}/v1/chains/alpha").json().keys()
    assert set(answer(zkhub("status", "--json"))) == {"hub", "l1", "chains", "provers", "health"}


def test_a_chain_is_created_followed_and_removed(zkhub: Zkhub, running: FakeHub) -> None:
    created = zkhub("chain", "create", "gamma", "--id", 273, "--set", "block.interval_ms=50", "-v")
    assert created.exit_code == 0, created.output
    assert "gamma: create on L1" in created.stderr and "273" in created.stderr and not created.stdout
    assert running.registry.chain("gamma").settings.block.interval_ms == 50
    removed = answer(zkhub("chain", "remove", "gamma", "--yes", "--json"))
    assert removed["status"] == "done" and removed["kind"] == "remove-chain"
    assert answer(zkhub("chain", "show", "gamma", "--json"))["state"] == "removed"


def test_pause_and_resume(zkhub: Zkhub, running: FakeHub) -> None:
    assert zkhub("chain", "pause", "alpha").exit_code == 0
    assert running.runtime.nodes["alpha"].paused
    assert zkhub("chain", "resume", "alpha").exit_code == 0
    assert not running.runtime.nodes["alpha"].paused


def test_an_operation_can_be_left_alone(zkhub: Zkhub, running: FakeHub) -> None:
    begun = answer(zkhub("chain", "pause", "alpha", "--no-wait", "--json"))
    assert begun["status"] == "pending"
    running.finished(begun["id"])


@pytest.mark.parametrize(
    ("words", "code", "message", "hint"),
    [
        (("chain", "show", "alfa"), 1, 'no chain "alfa"', '"alpha"'),
        (("chain", "create", "alpha", "--id", "300"), 1, "already a chain", "another name"),
        (("chain", "create", "gamma", "--id", "271"), 1, "belongs to", "another id"),
        (("chain", "create", "gamma", "--id", "273", "--set", "blok.x=1"), 1, "blok", "block"),
        (("chain", "create", "gamma", "--id", "273", "--set", "x"), 2, "KEY=VALUE", "block.interval_ms"),
        (("chain", "create", "Gamma", "--id", "273"), 1, "name", ""),
        (("batch", "show", "alpha", "99"), 1, "no batch 99", "last sealed batch is 3"),
        (("prover", "retry", "alpha", "9"), 1, "no job", ""),
        (("chain", "remove", "alpha"), 2, "Remove", "--yes"),
    ],
)
def test_refusals_say_what_is_wrong_and_what_to_do(
    zkhub: Zkhub, running: FakeHub, words: tuple[str, ...], code: int, message: str, hint: str
) -> None:
    before = (running.registry.chains(), len(running.registry.operations()))
    result = zkhub(*words)
    said = " ".join(result.stderr.split())
    assert result.exit_code == code and message in said and hint in said, result.output
    assert not result.stdout
    assert (running.registry.chains(), len(running.registry.operations())) == before


def test_a_wrong_token_is_refused(zkhub: Zkhub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKHUB_TOKEN", "wrong")
    result = zkhub("chain", "pause", "alpha")
    assert result.exit_code == 1 and "token" in result.stderr


def test_a_hub_elsewhere_is_reached_by_variables(
    zkhub: Zkhub, alone: Zkhub, running: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = json.loads((running.settings.data_dir / RUNNING_FILE).read_text())["api_url"]
    monkeypatch.setenv("ZKHUB_API_URL", url)
    assert len(answer(alone("--data-dir", tmp_path / "other", "chain", "ls", "--json"))) == 2
    assert alone("--data-dir", tmp_path / "other", "chain", "pause", "alpha").exit_code == 1


def test_up_on_a_running_hub_adds_what_is_missing(zkhub: Zkhub, running: FakeHub, tmp_path: Path) -> None:
    assert zkhub("up", "--json").exit_code == 0
    file = tmp_path / "more.toml"
    file.write_text("[chains.alpha]\nid = 271\n[chains.beta]\nid = 272\n[chains.gamma]\nid = 273\n")
    result = zkhub("up", "--config", file, "--json")
    content = answer(result)
    assert [chain["name"] for chain in content["chains"]] == ["alpha", "beta", "gamma"]
    assert content["accounts"] and content["l1"]["contracts"]
    assert json.loads((running.settings.data_dir / "deployment.json").read_text()) == content
    file.write_text("[chains.alpha]\nid = 999\n")
    assert zkhub("up", "--config", file).exit_code == 1


def test_the_banner_shows_what_a_newcomer_needs(zkhub: Zkhub) -> None:
    said = zkhub("up").stderr
    for word in ("http://127.0.0.1:", "ws://", "271", "bridgehub", "0xf39Fd6e5", "0xac0974be", "not proven", "Next"):
        assert word in said, word


@pytest.mark.parametrize("words", [*READS, ("chain", "pause", "alpha")])
def test_without_a_hub_the_exit_code_is_three(alone: Zkhub, words: tuple[str, ...]) -> None:
    result = alone(*words)
    assert result.exit_code == 3 and "zkhub up" in result.stderr


def test_down_without_a_hub_is_no_error(alone: Zkhub) -> None:
    assert alone("down").exit_code == 0


def test_a_hub_that_does_not_answer(alone: Zkhub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZKHUB_API_URL", "http://127.0.0.1:9")
    result = alone("status")
    assert result.exit_code == 3 and "doctor" in result.stderr


def test_up_refuses_bad_settings_and_taken_ports_before_it_does_anything(alone: Zkhub, tmp_path: Path) -> None:
    assert alone("--set", "l1.prot=1", "up").exit_code == 2
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = alone("--data-dir", tmp_path / "new", "--set", f"api.port={taken.getsockname()[1]}", "up")
    assert result.exit_code == 4 and "api.port" in result.stderr
    assert not (tmp_path / "new").exists()


def test_settings_that_do_not_fit_the_directory_are_refused_before_anything_starts(
    alone: Zkhub, running: FakeHub
) -> None:
    result = alone("up", "--data-dir", running.settings.data_dir, "--set", "chains.alpha.id=999")
    assert result.exit_code == 2 and "chains.alpha.id" in result.stderr and "fixed" in result.stderr


def test_what_the_last_start_was_given_is_remembered(alone: Zkhub, tmp_path: Path) -> None:
    (tmp_path / "hub-data").mkdir()
    (tmp_path / "hub-data" / "settings.json").write_text('{"data_dir": "/elsewhere", "l1": {"port": 9123}}')
    shown = answer(alone("config", "show", "--json"))
    assert shown["l1"]["port"] == 9123 and shown["data_dir"] == "hub-data"


def test_config_show_and_schema(alone: Zkhub) -> None:
    shown = alone("config", "show", "--set", "l1.port=9000")
    assert tomllib.loads(shown.stdout)["l1"]["port"] == 9000
    assert answer(alone("config", "show", "--json"))["api"]["port"] == 8700
    schema = answer(alone("config", "schema"))
    assert "chain_balance_wei" in schema["$defs"]["DevAccountSettings"]["properties"]


def test_doctor_finds_what_is_amiss(alone: Zkhub, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = alone("doctor", "--json", "--set", f"l1.port={port}", "--set", "api.port=0")
    assert found.exit_code == 5
    findings = {finding["check"]: finding for finding in json.loads(found.stdout)}
    assert findings["ports"]["level"] == "failed" and f"l1.port {port}" in findings["ports"]["detail"]
    assert findings["versions"]["level"] == findings["disk"]["level"] == "ok"
    key = tmp_path / "hub-data" / "keys" / "api-token"
    key.parent.mkdir(parents=True)
    key.write_text("x")
    readable = alone("doctor", "--set", "l1.port=0", "--set", "api.port=0")
    assert readable.exit_code == 5 and "others can read" in readable.stdout


def test_logs_are_merged_filtered_and_limited(alone: Zkhub, tmp_path: Path) -> None:
    logs = tmp_path / "hub-data" / "logs"
    logs.mkdir(parents=True)
    lines = [{"timestamp": f"2026-01-01T00:00:0{i}Z", "level": "info", "event": f"e{i}", "n": i} for i in range(6)]
    (logs / "controller.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[::2]))
    chain = [dict(line, level="error") for line in lines[1::2]]
    (logs / "chain-alpha.jsonl").write_text("".join(json.dumps(line) + "\n" for line in chain) + "not json\n")
    (logs / "progress.jsonl").write_text("{}\n")
    merged = [json.loads(line)["event"] for line in alone("logs", "--json").stdout.splitlines()]
    assert [event for event in merged if event != "not json"] == [f"e{i}" for i in range(6)]
    errors = alone("logs", "alpha", "--level", "error", "-n", "2").stdout
    assert "e3" in errors and "e5" in errors and "e1" not in errors and "n=5" in errors
    missing = alone("logs", "beta")
    assert missing.exit_code == 1 and "chain-alpha" in missing.stderr
    assert alone("logs", "--level", "loud").exit_code == 2


def test_a_stale_pid_file_is_no_hub(tmp_path: Path) -> None:
    (tmp_path / "hub.pid").write_text(f"{os.getpid()}\n")
    (tmp_path / RUNNING_FILE).write_text("{}")
    assert running_pid(tmp_path) is None and running_hub(tmp_path) is None
    lock = lock_pid_file(tmp_path, 4242)
    assert lock is not None and running_pid(tmp_path) == 4242 and running_hub(tmp_path) == {}
    assert lock_pid_file(tmp_path, 4243) is None
    lock.close()
    assert running_pid(tmp_path) is None


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["up", "--data-dir", "x", "-q"], ["--data-dir", "x", "-q", "up"]),
        (["--data-dir", "x", "up", "--set", "a=b"], ["--data-dir", "x", "--set", "a=b", "up"]),
        (["--set", "a=b", "up", "--set=c=d"], ["--set", "a=b", "--set=c=d", "up"]),
        (["chain", "create", "g", "--set", "a=b", "-v"], ["-v", "chain", "create", "g", "--set", "a=b"]),
        (["logs", "--", "-q"], ["logs", "--", "-q"]),
    ],
)
def test_the_hubs_options_may_stand_behind_the_command(given: list[str], wanted: list[str]) -> None:
    assert hoisted(given) == wanted


def test_a_misspelt_command_is_answered_with_the_near_miss(alone: Zkhub) -> None:
    result = alone("stauts")
    assert result.exit_code == 2 and "status" in result.stderr


@pytest.mark.parametrize(("wei", "shown"), [(0, "0"), (10**18, "1"), ("1500000000000000000", "1.5"), (1, "0")])
def test_ether(wei: int | str, shown: str) -> None:
    assert ether(wei) == shown


def test_age() -> None:
    now = time.time() * 1000
    assert age(None) == "-" and age(int(now)) == "0 s"
    assert age(int(now - 300_000)) == "5 m" and age(int(now - 3 * 86_400_000)) == "3 d"


def test_help_is_quick() -> None:
    """Measured in processor time: the machine may be busy. Half a second is the promise."""
    code = "import os; from ecosystem.cli.main import app; app(['--help'], standalone_mode=False); t = os.times(); "
    code += "import sys; print(t.user + t.system, 'ray' in sys.modules, 'web3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, ray, web3 = done.stdout.splitlines()[-1].split()
    assert float(seconds) < 0.5 and (ray, web3) == ("False", "False")
