"""The bridge's side of API and command line, on a message router that exists in memory only."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from cluster.router.messages import MessageKind, id_of_request
from ecosystem.api.app import make_app
from ecosystem.errors import TokenExists, UnknownSymbol
from ecosystem.registry import Registry
from ecosystem.states import Goal
from ecosystem.tokens import TokenDesk, TokenRecord
from shared_bridge.errors import AmountError, BridgeRefused, ChainPausedError, RecipientError, RpcLost, UnknownToken
from shared_bridge.stages import MessageStage
from tests.unit.ecosystem.conftest import FakeHub, wait_for
from tests.unit.ecosystem.fakes import ADDRESS, FakeRouter
from tests.unit.ecosystem.test_api import AUTHORISED, TOKEN, Api, LocalBackend, refused
from tests.unit.ecosystem.test_cli import Zkhub, alone, answer, zkhub  # noqa: F401 - fixtures
from zkhub.errors import HubError

RICH = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.fixture
def router(running: FakeHub) -> FakeRouter:
    """The router of a running hub; it comes last."""
    found = running.runtime.message_router
    wait_for(lambda: set(found.chains) == {"alpha", "beta"})
    return found


@pytest.fixture
def api(running: FakeHub, router: FakeRouter) -> Api:
    return Api(make_app(LocalBackend(running), TOKEN))


def post(api: Api, path: str, **body: Any) -> Any:
    return api("POST", path, json=body, headers=AUTHORISED)


# -- the router's life -----------------------------------------------------------------------------------


def test_the_router_is_started_told_of_new_chains_and_stopped(running: FakeHub, router: FakeRouter) -> None:
    from ecosystem.settings import ChainSettings

    assert router.auto_relay and all(url.startswith("http://127.0.0.1:") for url in router.chains.values())
    running.finished(running.controller.create_chain("gamma", ChainSettings(id=273)).id)
    wait_for(lambda: "gamma" in router.chains)
    running.controller.stop()
    assert not router.running


def test_the_relayer_has_a_key_of_its_own(running: FakeHub) -> None:
    keys = running.controller.lifecycle.keys
    assert keys.relayer() == keys.relayer() != keys.deployer(running.settings.l1)
    assert (keys.directory / "relayer").stat().st_mode & 0o077 == 0


# -- API -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "kind", "ends"),
    [
        ("/v1/deposits", {"chain": "alpha"}, "deposit", ("l1", "alpha")),
        ("/v1/withdrawals", {"chain": "alpha"}, "withdrawal", ("alpha", "l1")),
        ("/v1/transfers", {"source": "beta", "destination": "alpha"}, "transfer", ("beta", "alpha")),
    ],
)
def test_value_is_moved_and_followed(
    api: Api, router: FakeRouter, path: str, body: dict[str, str], kind: str, ends: tuple[str, str]
) -> None:
    moved = post(api, path, amount="5", request="r", **body)
    assert moved.status_code == 202, moved.text
    message = moved.json()
    assert (message["kind"], message["source"], message["destination"]) == (kind, *ends)
    assert message["sender"] == message["receiver"] == RICH and message["amount"] == "5" and message["relay"]
    assert message["transaction"] == "0x" + "77" * 32 and message["stage_times_ms"] == {"included": 1000}
    assert message["age_s"] > 0 and message["next_attempt_at_ms"] == 2000
    assert post(api, path, amount="5", request="r", **body).json()["id"] == message["id"]
    assert len(router.signed) == 1, "repeating it moved it twice"
    refused(post(api, path, amount="6", request="r", **body), 409, "request-used")
    assert api("GET", f"/v1/messages/{message['id']}").json()["id"] == message["id"]
    assert [m["id"] for m in api("GET", "/v1/messages?chain=alpha&stage=included").json()] == [message["id"]]
    assert api("GET", "/v1/messages?stage=dead").json() == []


def test_the_claim_can_be_left_to_others_and_asked_for_later(api: Api) -> None:
    message = post(api, "/v1/withdrawals", chain="alpha", amount="1", relay=False).json()
    assert message["relay"] is False
    assert post(api, f"/v1/messages/{message['id']}/claim").json()["relay"] is True


def test_what_others_sent_is_followed(api: Api) -> None:
    (message,) = post(api, "/v1/messages", source="beta", transaction="0x" + "12" * 32).json()
    assert message["source"] == "beta" and message["request"] == ""
    refused(post(api, "/v1/messages", source="beta", transaction="0x" + "00" * 32), 404, "unknown-message")
    refused(post(api, "/v1/messages", source="bet", transaction="0x" + "12" * 32), 404, "unknown-chain")


def test_the_dead_are_listed_and_retried(api: Api, router: FakeRouter) -> None:
    message = post(api, "/v1/transfers", source="alpha", destination="beta", amount="1").json()
    refused(post(api, f"/v1/messages/{message['id']}/retry"), 409, "not-retryable")
    router.move(message["id"], MessageStage.DEAD, "executeBundle was refused")
    (dead,) = api("GET", "/v1/messages?stage=dead").json()
    assert dead["error"] == "executeBundle was refused" and dead["next_attempt_at_ms"] is None
    assert post(api, f"/v1/messages/{message['id']}/retry").json()["stage"] == "claimable"


BAD = [
    ({"chain": "alpah"}, 404, "unknown-chain", 'did you mean "alpha"?'),
    ({"chain": "alpha", "token": "ETHH"}, 404, "unknown-token", "eth"),
    ({"chain": "alpha", "account": ADDRESS}, 404, "unknown-account", ""),
    ({"chain": "alpha", "amount": "-1"}, 422, "invalid-request", ""),
    ({"chain": "alpha", "amount": "1.5"}, 422, "invalid-request", ""),
    ({"chain": "alpha", "to": "0x12"}, 422, "invalid-request", ""),
    ({"chain": "l1"}, 404, "unknown-chain", ""),
    ({}, 422, "invalid-request", ""),
]


@pytest.mark.parametrize(("body", "status", "slug", "hint"), BAD)
def test_bad_orders_are_refused(
    api: Api, router: FakeRouter, body: dict[str, str], status: int, slug: str, hint: str
) -> None:
    problem = refused(post(api, "/v1/deposits", **({"amount": "1"} | body)), status, slug)
    assert hint in problem["hint"]
    assert not router.signed


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (AmountError(9, "the account has 5"), 422, "wrong-amount"),
        (RecipientError("0x0", "nobody holds it"), 422, "wrong-recipient"),
        (UnknownToken("0x12", "alpha", "no code"), 404, "unknown-token"),
        (ChainPausedError("the Bridgehub"), 409, "paused"),
        (RpcLost("alpha", "http://127.0.0.1:1", "refused"), 503, "node-lost"),
        (BridgeRefused("deposit", "NotAllowed()"), 502, "bridge-refused"),
    ],
)
def test_what_the_bridge_refuses_has_a_kind_of_its_own(
    api: Api, router: FakeRouter, error: HubError, status: int, slug: str
) -> None:
    router.refusal = error
    assert error.message in refused(post(api, "/v1/deposits", chain="alpha", amount="9"), status, slug)["detail"]


def test_nothing_is_sent_to_or_from_a_paused_chain(api: Api, running: FakeHub, router: FakeRouter) -> None:
    running.finished(running.controller.pause("alpha").id)
    assert running.registry.chain("alpha").goal is Goal.PAUSED
    for path, body in (("deposits", {"chain": "alpha"}), ("transfers", {"source": "beta", "destination": "alpha"})):
        assert "paused" in refused(post(api, f"/v1/{path}", amount="1", **body), 409, "wrong-chain-state")["detail"]
    assert not router.signed


def test_moving_needs_the_token_and_a_router(api: Api, running: FakeHub, router: FakeRouter) -> None:
    refused(api("POST", "/v1/deposits", json={"chain": "alpha", "amount": "1"}), 401, "token-missing")
    running.controller.leave()
    router.running = False
    refused(post(api, "/v1/deposits", chain="alpha", amount="1"), 503, "starting")
    refused(api("GET", "/v1/messages"), 503, "starting")


@pytest.mark.parametrize("symbol", ["eth", "Base", "0x12", "", "A-B", "TOOLONGFORASYMBOL1"])
def test_symbols_that_would_mislead_are_refused(api: Api, symbol: str) -> None:
    refused(post(api, "/v1/tokens", symbol=symbol), 422, "invalid-request")


# -- tokens ----------------------------------------------------------------------------------------------


def test_tokens_are_known_by_their_symbols(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path)
    desk = TokenDesk(registry, lambda registry, token, url, key: ADDRESS)
    born = TokenRecord("alpha", 271, "GEM", "Gem", 6, "10", RICH, ADDRESS)
    desk._keep(born)
    assert desk.named("gem", 271) == ADDRESS and desk.named("GEM", 31_337) == born.asset_id
    assert desk.named("eth", 1) == "eth" and desk.named(ADDRESS, 1) == ADDRESS
    with pytest.raises(UnknownSymbol, match="GEMS") as caught:
        desk.named("GEMS", 271)
    assert caught.value.hint == 'did you mean "GEM"?'
    with pytest.raises(TokenExists):
        desk._begun(TokenRecord("l1", 31_337, "Gem", "Gem", 6, "10", RICH, ""))
    assert desk._begun(TokenRecord("alpha", 271, "GEM", "Gem", 6, "10", RICH, "")) == born
    registry.close()


def test_a_token_is_deployed_once(api: Api) -> None:
    first = post(api, "/v1/tokens", symbol="GOLD", supply="7")
    assert first.status_code == 201 and first.json()["addresses"] == {"l1": ADDRESS}
    assert post(api, "/v1/tokens", symbol="GOLD", supply="7").json() == first.json()
    refused(post(api, "/v1/tokens", symbol="gold", supply="7", where="alpha"), 409, "token-exists")
    assert [token["symbol"] for token in api("GET", "/v1/tokens").json()] == ["GOLD"]


# -- command line ----------------------------------------------------------------------------------------


@pytest.fixture
def claiming(router: FakeRouter) -> Iterator[None]:
    """Somebody who claims everything after a moment."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.05):
            for message in list(router.kept.values()):
                if message.stage is MessageStage.INCLUDED and message.relay:
                    router.move(message.id, MessageStage.CLAIMED)

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("deposit", "alpha", "0.5"), MessageKind.DEPOSIT),
        (("withdraw", "alpha", "0.5"), MessageKind.WITHDRAWAL),
        (("send", "alpha", "beta", "0.5"), MessageKind.TRANSFER),
    ],
)
def test_commands_follow_to_the_end(
    zkhub: Zkhub,  # noqa: F811
    router: FakeRouter,
    claiming: None,
    words: tuple[str, ...],
    kind: MessageKind,
) -> None:
    done = zkhub(*words)
    assert done.exit_code == 0, done.output
    assert "claimed" in done.stderr and not done.stdout
    (message,) = router.kept.values()
    assert message.order.kind is kind and message.order.amount == 5 * 10**17
    shown = answer(zkhub(*words, "--json", "--request", "mine"))
    assert shown["stage"] == "claimed" and shown["request"] == "mine"
    assert answer(zkhub(*words, "--json", "--request", "mine"))["id"] == shown["id"] == id_of_request("mine")
    assert len(router.kept) == 2


def test_messages_are_shown_with_stage_and_age(zkhub: Zkhub, router: FakeRouter) -> None:  # noqa: F811
    sent = answer(zkhub("withdraw", "alpha", "250wei", "--no-wait", "--json"))
    assert sent["amount"] == "250" and sent["stage"] == "included"
    listed = zkhub("message", "ls")
    assert sent["id"] in listed.stdout and "included" in listed.stdout and "withdrawal" in listed.stdout
    assert [m["id"] for m in answer(zkhub("message", "ls", "--chain", "alpha", "--json"))] == [sent["id"]]
    shown = zkhub("message", "show", sent["id"])
    assert "alpha → l1" in shown.stdout and "77" * 32 in shown.stdout
    assert answer(zkhub("message", "show", sent["id"], "--json"))["id"] == sent["id"]


def test_a_message_that_dies_ends_its_command_and_is_retried(zkhub: Zkhub, router: FakeRouter) -> None:  # noqa: F811
    result: list[Result] = []
    thread = threading.Thread(target=lambda: result.append(zkhub("send", "alpha", "beta", "1", "--request", "x")))
    thread.start()
    wait_for(lambda: bool(router.kept))
    (message,) = router.kept
    router.move(message, MessageStage.DEAD, "CallFailed()")
    thread.join(30)
    assert result[0].exit_code == 1 and "CallFailed()" in result[0].stderr
    assert f"zkhub message retry {message}" in result[0].stderr
    assert "claimable" in zkhub("message", "retry", message).stderr


def test_claim_takes_ids_and_hashes(zkhub: Zkhub, router: FakeRouter, claiming: None) -> None:  # noqa: F811
    sent = answer(zkhub("withdraw", "alpha", "1", "--no-relay", "--no-wait", "--json"))
    assert zkhub("claim", sent["id"]).exit_code == 0
    assert router.kept[sent["id"]].stage is MessageStage.CLAIMED
    assert zkhub("claim", "0x" + "12" * 32, "--source", "beta").exit_code == 0
    assert zkhub("claim", "0x" + "12" * 32).exit_code == 2
    assert "there is no message" in zkhub("claim", "m0").stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("deposit", "alpah", "1"), 1, 'did you mean "alpha"?'),
        (("deposit", "alpha", "one"), 2, "1500wei"),
        (("deposit", "alpha", "1.5wei"), 2, "no amount"),
        (("deposit", "alpha", "0.0000000000000000001"), 2, "18 decimals"),
        (("deposit", "alpha", "1", "--token", "0x" + "ab" * 20), 2, "smallest unit"),
        (("deposit", "alpha", "1", "--key-file", "nowhere"), 2, "nowhere"),
        (("send", "alpha", "alpha", "1"), 1, "alpha"),
        (("withdraw", "alpha", "1", "--from", ADDRESS), 1, "no key"),
        (("message", "show", "m0"), 1, "zkhub message ls"),
        (("message", "ls", "--stage", "claimd"), 1, "claimed"),
        (("token", "deploy", "eth"), 1, "own token"),
    ],
)
def test_wrong_words_are_explained(
    zkhub: Zkhub,  # noqa: F811
    router: FakeRouter,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    result = zkhub(*words)
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert not router.kept


def test_escape_needs_no_hub_but_then_everything_else(alone: Zkhub) -> None:  # noqa: F811
    result = alone("escape", "status", "271")
    assert result.exit_code == 2 and "--l1-url" in result.stderr
    away = alone("escape", "status", "271", "--l1-url", "http://127.0.0.1:9", "--bridgehub", RICH, "--json")
    assert away.exit_code == 1 and "was lost" in away.stderr


def test_tables_of_nothing_say_what_to_do(zkhub: Zkhub, router: FakeRouter) -> None:  # noqa: F811
    assert "zkhub deposit" in zkhub("message", "ls").stderr
    assert "zkhub token deploy" in zkhub("token", "ls").stderr
    assert json.loads(zkhub("token", "ls", "--json").stdout) == []


def test_messages_are_figures_too(api: Api, running: FakeHub, router: FakeRouter) -> None:
    post(api, "/v1/deposits", chain="alpha", amount="1")
    text = api("GET", "/metrics").text
    assert 'zkhub_messages{stage="included"} 1.0' in text and "zkhub_message_router_up 1.0" in text
    running.controller.leave()
    router.running = False
    assert "zkhub_message_router_up 0.0" in api("GET", "/metrics").text
