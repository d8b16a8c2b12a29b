"""Value over the bridge by command and API on a real hub: claimed by the router, through its death as well."""

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.client import L1Client
from contracts.sender import Sender, address_of
from shared_bridge import Bridge, Withdrawal
from shared_bridge.stages import MessageStage
from tests.hub import RealHub, kill, wait_for

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(420)]


def told(hub: RealHub, *words: str) -> Any:
    return json.loads(hub.zkhub(*words, "--json").stdout)


def stranger() -> str:
    return address_of(os.urandom(32))


def balance(url: str, address: str) -> int:
    with L1Client(url) as client:
        return client.get_balance(address)


def router_pid(hub: RealHub) -> int:
    """The router's process: the one of this hub, whatever else runs on the machine."""
    mark = f"HUB_LOG_DIR={hub.directory.absolute() / 'logs'}".encode()
    for process in Path("/proc").iterdir():
        try:
            ours = mark in (process / "environ").read_bytes().split(b"\0")
            if ours and (process / "cmdline").read_bytes().startswith(b"ray::MessageRouterActor"):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError("the router does not run")


def test_ether_goes_round_exact_to_the_wei(hub: RealHub) -> None:
    l1, alpha, beta = hub.get("/v1/l1")["url"], hub.rpc("alpha"), hub.rpc("beta")
    to = stranger()
    assert told(hub, "deposit", "alpha", "123456789wei", "--to", to)["stage"] == "claimed"
    assert told(hub, "send", "alpha", "beta", "987654321wei", "--to", to)["stage"] == "claimed"
    done = told(hub, "withdraw", "beta", "55wei", "--to", to)
    assert done["stage"] == "claimed" and done["claim_transaction"].startswith("0x")
    assert list(done["stage_times_ms"])[-1] == "claimed"
    assert [balance(url, to) for url in (l1, alpha, beta)] == [55, 123456789, 987654321]


def test_a_token_born_on_a_chain_goes_to_another_one_and_to_l1(hub: RealHub) -> None:
    first = told(hub, "token", "deploy", "GEM", "--on", "alpha", "--decimals", "6", "--supply", "100")
    assert told(hub, "token", "deploy", "GEM", "--on", "alpha", "--decimals", "6", "--supply", "100") == first
    account = hub.get("/v1/accounts")[0]["address"]
    told(hub, "send", "alpha", "beta", "40", "--token", "GEM")
    told(hub, "withdraw", "beta", "15", "--token", "gem")
    (gem,) = [token for token in told(hub, "token", "ls") if token["symbol"] == "GEM"]
    assert set(gem["addresses"]) == {"alpha", "beta", "l1"}
    urls = {name: hub.rpc(name) for name in ("alpha", "beta")}
    with Bridge(hub.get("/v1/l1")["url"], urls) as bridge:
        held = {
            layer: bridge.balance(account, address, None if layer == "l1" else layer)
            for layer, address in gem["addresses"].items()
        }
    assert held == {"alpha": 60_000_000, "beta": 25_000_000, "l1": 15_000_000}


def test_what_is_sent_without_the_hub_is_claimed_too(hub: RealHub) -> None:
    l1, alpha, to = hub.get("/v1/l1")["url"], hub.rpc("alpha"), stranger()
    with Bridge(l1, {"alpha": alpha}) as bridge:
        sent = bridge.withdraw(hub.accounts[3], "alpha", "eth", 77, to)
        assert isinstance(sent, Withdrawal)
        bridge.wait(sent, MessageStage.CLAIMED, 120.0)
    assert balance(l1, to) == 77
    found = [m for m in hub.get("/v1/messages", chain="alpha") if m["receiver"] == to]
    assert [m["request"] for m in found] == [""]


def test_a_killed_router_goes_on_where_it_was(hub: RealHub) -> None:
    beta, to = hub.rpc("beta"), stranger()
    names = [f"kill-{number}" for number in range(4)]
    for name in names:
        told(hub, "send", "alpha", "beta", "3wei", "--to", to, "--request", name, "--no-wait")
    kill(router_pid(hub))

    def all_claimed() -> bool:
        try:
            messages = {m["request"]: m["stage"] for m in hub.get("/v1/messages", limit=50)}
        except httpx.HTTPError:
            return False
        return all(messages[name] == "claimed" for name in names)

    wait_for(all_claimed, 120.0)
    for name in names:
        told(hub, "send", "alpha", "beta", "3wei", "--to", to, "--request", name)
    assert balance(beta, to) == 12, "something moved twice, or not at all"


def test_a_hub_that_was_down_claims_what_was_sent_before(hub: RealHub) -> None:
    l1, to = hub.get("/v1/l1")["url"], stranger()
    sent = told(hub, "withdraw", "alpha", "9wei", "--to", to, "--no-wait")
    hub.down()
    hub.up()
    l1 = hub.get("/v1/l1")["url"]

    def claimed() -> bool:
        try:
            return bool(hub.get(f"/v1/messages/{sent['id']}")["stage"] == "claimed")
        except httpx.HTTPError:
            return False

    wait_for(claimed, 120.0)
    assert balance(l1, to) == 9


def test_refusals_say_why_and_move_nothing(hub: RealHub) -> None:
    before = len(hub.get("/v1/messages", limit=500))
    for words, said in (
        (("deposit", "alpah", "1"), 'did you mean "alpha"?'),
        (("withdraw", "alpha", "0"), "above 0"),
        (("send", "alpha", "beta", "100000000"), "is needed"),
        (("deposit", "alpha", "1wei", "--token", "0x" + "12" * 20), "is no token"),
        (("withdraw", "alpha", "1wei", "--to", "0x" + "00" * 20), "zero address"),
    ):
        refused = hub.zkhub(*words, check=False)
        assert refused.returncode in (1, 2) and said in " ".join(refused.stderr.split()), refused.stderr
    messages = hub.get("/v1/messages", limit=500)
    assert all(m["stage"] == "failed" and not m["transaction"] for m in messages[: len(messages) - before])


def test_own_keys_never_leave_the_command(hub: RealHub, tmp_path: Path) -> None:
    l1, to, key = hub.get("/v1/l1")["url"], stranger(), os.urandom(32)
    with L1Client(l1) as client:
        Sender(client, bytes.fromhex(hub.accounts[4][2:])).transact(address_of(key), value=10**18)
    file = tmp_path / "key"
    file.write_text(key.hex())
    done = told(hub, "deposit", "beta", "21wei", "--to", to, "--key-file", str(file))
    assert done["stage"] == "claimed" and done["sender"] == address_of(key)
    assert balance(hub.rpc("beta"), to) == 21


def test_a_chain_is_based_on_a_token_of_l1(hub: RealHub) -> None:
    """Launched live; its accounts have the token for gas, ether is a token there, and both come home."""
    gold = told(hub, "token", "deploy", "GLD", "--supply", "1000")
    bronze = told(hub, "token", "deploy", "BRZ", "--decimals", "6")
    refused = hub.zkhub("chain", "create", "bronze", "--id", "281", "--base-token", "BRZ", check=False)
    assert refused.returncode != 0 and "6 decimals" in refused.stderr
    refused = hub.zkhub("chain", "create", "bronze", "--id", "281", "--base-token", "SLV", check=False)
    assert refused.returncode != 0 and "gld" in refused.stderr
    hub.zkhub("chain", "create", "gold", "--id", "280", "--base-token", "GLD")
    assert hub.get("/v1/chains/gold")["base_token"] == gold["addresses"]["l1"]
    owner, to = hub.get("/v1/accounts")[0]["address"], stranger()
    assert balance(hub.rpc("gold"), owner) > 0
    assert told(hub, "send", "alpha", "gold", "5wei", "--to", to)["stage"] == "claimed"
    with Bridge(hub.get("/v1/l1")["url"], {name: hub.rpc(name) for name in ("alpha", "gold")}) as bridge:
        assert bridge.balance(to, "eth", "gold") == 5
        assert bridge.balance(to, "base", "gold") == 0
        assert told(hub, "withdraw", "gold", "7wei", "--token", "base", "--to", to)["stage"] == "claimed"
        assert bridge.balance(to, gold["addresses"]["l1"]) == 7
    books = {book["symbol"] or book["asset_id"]: book for book in told(hub, "token", "audit")}
    assert {"ETH", "GLD"} <= books.keys() and not any(book["faults"] for book in books.values())
    assert books["GLD"]["held"] == books["GLD"]["booked"] and int(books["GLD"]["supplies"]["gold"]) > 0
    hub.zkhub("chain", "remove", "gold", "--yes")
    refused = hub.zkhub("token", "audit", check=False)
    assert refused.returncode != 0 and "gold" in refused.stderr
    assert bronze["decimals"] == 6
