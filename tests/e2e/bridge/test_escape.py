"""A user leaves a chain whose operator does not serve, with access to L1 alone; the chain settles L1's requests."""

import time

import pytest

from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.genesis import eth_asset_id
from shared_bridge import EscapeError, MessageStage, UnknownChain, UnknownMessage
from shared_bridge.claims import claim
from shared_bridge.errors import AmountError
from shared_bridge.escape import Escape
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.lab import wait_until

DEADLINE_S = 3


@pytest.fixture(params=["embedded"])
def stuck(request, tmp_path):
    """A chain on which Alice has a token, and whose operator is gone."""
    with bridge_lab(request.param, tmp_path, chains=1, priority_expiration_s=DEADLINE_S) as lab:
        lab.fund(ALICE, "a", amount=ETHER)
        lab.token = lab.deploy_token(ALICE)
        lab.wait(lab.bridge.deposit(ALICE, "a", lab.token, 100))
        lab.asset = lab.bridge.asset_id(lab.token)
        hub = lab.bridge.hub
        wait_until(lambda: lab.nodes["a"].is_settled(), what="settlement")
        assert hub.bridgehub == lab.ecosystem.bridgehub
        lab.stop("a")
        yield lab


def escape_of(lab, chain_id=271):
    return Escape(lab.url, lab.ecosystem.bridgehub, chain_id)


def test_a_user_escapes_with_l1_alone(stuck):
    with escape_of(stuck) as escape:
        assert escape.queue().overdue_at is None
        with pytest.raises(EscapeError, match="no request waits"):
            escape.activate(BOB)
        request = escape.request_withdrawal(ALICE, stuck.asset, 60, BOB.address)
        with pytest.raises(EscapeError, match="not overdue"):
            escape.activate(BOB)
        state = escape.queue()
        assert (state.waiting, state.oldest) == (1, request.priority_id) and not state.priority_mode
        assert state.overdue_at <= request.expiration_timestamp + 1
        wait_until(lambda: escape.queue().is_overdue, what="the deadline")
        time.sleep(1)
        escape.activate(BOB)
        assert escape.queue().priority_mode
        with pytest.raises(EscapeError, match="already"):
            escape.activate(BOB)
        # Whoever has the chain's state settles what L1 asks for.
        stuck.start("a")
        wait_until(lambda: escape.is_executed(request), 60, "execution of the request")
        assert escape.queue().waiting == 0
    (withdrawal,) = wait_until(lambda: _found(stuck, request), what="the withdrawal")
    stuck.wait(withdrawal, MessageStage.CLAIMABLE)
    claim(stuck.bridge.hub, RELAYER, withdrawal)
    assert stuck.bridge.balance(BOB.address, stuck.token) == 60


def test_ether_escapes_too(stuck):
    """The account pays for gas on L1; what it withdraws is what it has on the chain."""
    had = stuck.bridge.balance
    with escape_of(stuck) as escape:
        before = stuck.client.get_balance(ALICE.address)
        request = escape.request_withdrawal(ALICE, eth_asset_id(stuck.bridge.hub.l1_chain_id), ETHER // 2, BOB.address)
        assert before - stuck.client.get_balance(ALICE.address) < ETHER // 10, "only gas is paid on L1"
        stuck.start("a")
        wait_until(lambda: escape.is_executed(request), 60, "execution of the request")
    (withdrawal,) = wait_until(lambda: _found(stuck, request), what="the withdrawal")
    stuck.wait(withdrawal, MessageStage.CLAIMABLE)
    got = had(BOB.address, "eth")
    claim(stuck.bridge.hub, RELAYER, withdrawal)
    assert had(BOB.address, "eth") == got + ETHER // 2
    stuck.bridge.audit()


def test_bad_requests_are_refused(stuck):
    with escape_of(stuck) as escape, pytest.raises(AmountError):
        escape.request_withdrawal(ALICE, stuck.asset, 0)
    with escape_of(stuck, 272) as escape, pytest.raises(UnknownChain, match="271"):
        escape.queue()


def test_any_call_can_be_forced(stuck):
    token = "0x" + "00" * 18 + "1234"
    with escape_of(stuck) as escape:
        request = escape.request(ALICE, token, encode_call(load("TestToken"), "mint", [ALICE.address, 5]))
        assert escape.queue().waiting == 1 and not escape.is_executed(request)
        stuck.start("a")
        wait_until(lambda: escape.is_executed(request), 60, "execution of the request")


def _found(lab, request):
    try:
        return lab.bridge.find("a", request.canonical_hash)
    except UnknownMessage:
        return None
