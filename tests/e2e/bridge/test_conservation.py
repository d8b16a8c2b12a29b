"""Nothing is made or lost: after each of many random moves over three chains and restarts, every sum comes out."""

import os
import random

import pytest

from shared_bridge import ConservationBroken, MessageStage, Refund
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, bridge_lab
from tests.e2e.settlement.conftest import on_anvil

STEPS = int(os.environ.get("ZKHUB_RANDOM_MOVES", "12"))
"""Moves of a run; `make soak` makes hundreds."""


class RandomMoves:
    """Random commands of two users with ether, a token of L1 and one born on a; all messages are claimed in the end."""

    def __init__(self, lab, seed):
        self.lab, self.bridge = lab, lab.bridge
        self.random = random.Random(seed)
        self.open = []
        gold, silver = lab.deploy_token(ALICE), lab.deploy_token(ALICE, "a", name="Silver")
        lab.wait(self.bridge.deposit(ALICE, "b", gold, 10_000))
        self.assets = [self.bridge.asset_id("eth"), self.bridge.asset_id(gold), self.bridge.asset_id(silver, "a")]
        # A first trip makes the token known to L1.
        lab.relay(self.bridge.withdraw(ALICE, "a", silver, 10_000))

    def step(self):
        move = self.random.choice(
            [self.deposit, self.withdraw, self.send, self.send, self.fail, self.claim, self.restart]
        )
        move()

    def amount(self, has):
        return self.random.randint(1, min(has, 1_000))

    def deposit(self):
        asset = self.random.choice(self.assets)
        if has := self.bridge.balance(ALICE.address, asset):
            self.bridge.deposit(ALICE, self.random.choice("abc"), asset, self.amount(has), BOB.address)

    def fail(self):
        """A deposit whose L2 half runs out of gas."""
        if has := self.bridge.balance(ALICE.address, self.assets[1]):
            message = self.bridge.deposit(ALICE, "c", self.assets[1], self.amount(has), l2_gas_limit=310_000)
            self.open.append(message)

    def _holding(self, account):
        """A chain and an asset that an account has there."""
        places = [
            (chain, asset, has)
            for chain in "abc"
            for asset in self.assets
            if self.bridge.token_address(asset, chain) and (has := self.bridge.balance(account.address, asset, chain))
        ]
        return self.random.choice(places)

    def withdraw(self):
        chain, asset, has = self._holding(ALICE)
        self.open.append(self.bridge.withdraw(ALICE, chain, asset, self.amount(has), BOB.address))

    def send(self):
        chain, asset, has = self._holding(ALICE)
        there = self.random.choice([name for name in "abc" if name != chain])
        self.open.append(self.bridge.send(ALICE, chain, there, asset, self.amount(has)))

    def claim(self):
        for message in list(self.open):
            status = self.bridge.status(message)
            if status.stage is MessageStage.CLAIMABLE or status.refund is Refund.CLAIMABLE:
                self.bridge.claim(RELAYER, message)
                self.open.remove(message)
                return
            if status.stage is MessageStage.CLAIMED:
                self.open.remove(message)

    def restart(self):
        name = self.random.choice("abc")
        self.lab.stop(name)
        self.lab.start(name)

    def finish(self):
        for message in self.open:
            if self.bridge.status(message).stage is MessageStage.FAILED or self._fails(message):
                while self.bridge.status(message).refund is Refund.LATER:
                    pass
                self.bridge.claim(RELAYER, message)
            elif self.bridge.status(message).stage is not MessageStage.CLAIMED:
                self.lab.relay(message)

    def _fails(self, message):
        while (status := self.bridge.status(message)).stage is MessageStage.INCLUDED and not hasattr(message, "index"):
            pass
        return status.stage is MessageStage.FAILED


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("kind", "seed"), [("embedded", 1), pytest.param("anvil", 2, marks=on_anvil.marks)])
def test_random_moves_conserve_everything(tmp_path, kind, seed):
    with bridge_lab(kind, tmp_path, chains=3) as lab:
        lab.fund(ALICE, "a", "b", "c", amount=5 * ETHER)
        lab.fund(RELAYER, "a", "b", "c", amount=5 * ETHER)
        moves = RandomMoves(lab, seed)
        for _ in range(STEPS):
            moves.step()
            lab.bridge.audit()
        moves.finish()
        for report in lab.bridge.audit():
            assert report.asset_id in moves.assets


def test_the_audit_sees_what_is_missing(lab, monkeypatch):
    bridge = lab.bridge
    lab.wait(bridge.deposit(ALICE, "a", "eth", ETHER))
    before = {report.asset_id: report for report in bridge.audit()}
    assert before[bridge.asset_id("eth")].held >= ETHER
    withdrawal = bridge.withdraw(ALICE, "a", "eth", 1_000)
    after = {report.asset_id: report for report in bridge.audit()}
    assert after[withdrawal.asset_id].in_flight >= 1_000
    honest = bridge.hub.l1.balance
    monkeypatch.setattr(bridge.hub.l1, "balance", lambda owner, block="latest": honest(owner, block) - 1)
    with pytest.raises(ConservationBroken, match="vault holds"):
        bridge.audit()
