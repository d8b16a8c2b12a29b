"""Nothing is made or lost, and everybody has exactly what is theirs: random moves over three chains, one of them based
on a token, with failures, restarts and an L1 that goes away. Every sum and every balance is compared after every step.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.artifacts import load
from shared_bridge import MessageStage, Refund, RpcLost, interfaces
from shared_bridge.records import Deposit, Transfer
from tests.e2e.bridge.lab import ALICE, BOB, ETHER, RELAYER, TIMEOUT_S, bridge_lab
from tests.e2e.bridge.ledger import L1, Ledger
from tests.e2e.settlement.conftest import on_anvil
from tests.e2e.settlement.lab import wait_until

MOVES = int(os.environ.get("ZKHUB_RANDOM_MOVES", "0"))
"""Moves of a run; `make soak` makes hundreds. Where it is not set, as many as the gate has time for."""
GATE_MOVES = {"embedded": 40, "anvil": 15}
SEED = int(os.environ.get("ZKHUB_RANDOM_SEED", "20"))

AMOUNTS = st.integers(1, 1_000)
ANY = st.integers(0, 10**6)
CHAINS = st.sampled_from(["a", "b", "g"])
#: Too little to make the bridged token on the chain, and enough for L1 to take the request.
FAILING_L2_GAS = 350_000


class RandomMoves(RuleBasedStateMachine):
    """Alice moves ether, gold of L1 on which chain g is based, and copper born on a; Bob only receives.

    Lead is a token of L1 whose every deposit fails.
    """

    kind = "embedded"
    checks = 0

    @initialize(start=st.integers(0, 2**32))
    def begin(self, start):
        # Hypothesis begins with the simplest of all runs, which would repeat one rule: it gets no laboratory.
        self.idle = start == 0
        self.resources = ExitStack()
        if self.idle:
            return
        directory = Path(tempfile.mkdtemp())
        self.resources.callback(shutil.rmtree, directory, ignore_errors=True)
        self.lab = self.resources.enter_context(bridge_lab(self.kind, directory, chains=2, with_gold=True))
        self.bridge = self.lab.bridge
        self._give_out()
        self.ledger = Ledger(self.lab, self.assets)
        self.open, self.failed, self.claimed = [], [], []

    def _give_out(self):
        lab, bridge = self.lab, self.bridge
        for account in (ALICE, RELAYER):
            lab.fund(account, "a", "b", amount=5 * ETHER)
            lab.wait(bridge.deposit(ALICE, "g", lab.gold, 5 * ETHER, account.address))
        copper, self.lead = lab.deploy_token(ALICE, "a", name="Copper"), lab.deploy_token(ALICE, name="Lead")
        lab.relay(bridge.withdraw(ALICE, "a", copper, 10_000))
        vault = load("L1NativeTokenVault")
        lab.rich.call_contract(vault, bridge.hub.vault, "ensureTokenIsRegistered", [self.lead])
        self.assets = {
            "eth": bridge.asset_id("eth"),
            "gold": bridge.asset_id(lab.gold),
            "copper": bridge.asset_id(copper, "a"),
            "lead": bridge.asset_id(self.lead),
        }
        for node in lab.nodes.values():
            wait_until(node.is_settled, TIMEOUT_S, "settlement of what there was")

    def teardown(self):
        with self.resources:
            if not self.idle:
                self._finish()

    # -- moves -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.idle)
    @rule()
    def nothing(self):
        pass

    @precondition(lambda self: not self.idle)
    @rule(chain=CHAINS, token=st.sampled_from(["eth", "gold", "copper"]), amount=AMOUNTS, to_bob=st.booleans())
    def deposit(self, chain, token, amount, to_bob):
        amount = min(amount, self.bridge.balance(ALICE.address, self.assets[token]))
        if amount:
            self._deposit(chain, self.assets[token], amount, BOB if to_bob else ALICE)

    @precondition(lambda self: not self.idle)
    @rule(chain=CHAINS, amount=AMOUNTS)
    def deposit_that_fails(self, chain, amount):
        message = self._deposit(chain, self.assets["lead"], amount, BOB, l2_gas_limit=FAILING_L2_GAS)
        self.failed.append(message)

    @precondition(lambda self: not self.idle)
    @rule(which=ANY, amount=AMOUNTS, to_bob=st.booleans())
    def withdraw(self, which, amount, to_bob):
        chain, asset, amount = self._holding(which, amount)
        with self.ledger.paying(chain):
            message = self.bridge.withdraw(ALICE, chain, asset, amount, (BOB if to_bob else ALICE).address)
        self.ledger.left(message, chain)
        self.open.append(message)

    @precondition(lambda self: not self.idle)
    @rule(which=ANY, further=st.integers(1, 2), amount=AMOUNTS, to_bob=st.booleans())
    def send(self, which, further, amount, to_bob):
        chain, asset, amount = self._holding(which, amount)
        there = "abg"[("abg".index(chain) + further) % 3]
        with self.ledger.paying(chain):
            message = self.bridge.send(ALICE, chain, there, asset, amount, (BOB if to_bob else ALICE).address)
        self.ledger.left(message, chain)
        self.open.append(message)

    @precondition(lambda self: not self.idle and self.open)
    @rule(which=ANY)
    def claim(self, which):
        self._claim(self.open.pop(which % len(self.open)))

    @precondition(lambda self: not self.idle and self.failed)
    @rule(which=ANY)
    def claim_back(self, which):
        self._claim_back(self.failed.pop(which % len(self.failed)))

    @precondition(lambda self: not self.idle and self.claimed)
    @rule(which=ANY)
    def claim_again(self, which):
        message = self.claimed[which % len(self.claimed)]
        assert self.bridge.claim(RELAYER, message).was_claimed_before

    @precondition(lambda self: not self.idle)
    @rule(chain=CHAINS)
    def call_that_fails(self, chain):
        """The vault takes orders from the bridge's contracts only."""
        sender = self.lab.sender(ALICE, chain)
        data = load("L2NativeTokenVault").function("bridgeMint").selector + bytes(32)
        sent = sender.send(interfaces.L2_VAULT, data, gas=100_000)
        receipt = wait_until(lambda: sender.client.get_receipt(sent.hash), TIMEOUT_S, "the failing call")
        assert not receipt.succeeded
        self.ledger.gas(chain, sent.hash)

    @precondition(lambda self: not self.idle)
    @rule(chain=CHAINS)
    def restart(self, chain):
        self.lab.stop(chain)
        self.lab.start(chain)

    @precondition(lambda self: not self.idle)
    @rule(chain=CHAINS, amount=AMOUNTS)
    def l1_goes_away(self, chain, amount):
        """Chains go on; commands that need L1 say so, and the same command does its work afterwards."""
        self.lab.l1.stop()
        try:
            if self.kind == "embedded":
                # anvil is only frozen: a command would wait for it, and not fail.
                with pytest.raises(RpcLost):
                    self.bridge.deposit(ALICE, chain, "eth", amount)
            self.call_that_fails(chain)
        finally:
            self.lab.l1.start()
        self._deposit(chain, self.assets["eth"], amount, ALICE)

    # -- what must hold --------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.idle)
    @invariant()
    def everything_adds_up(self):
        self.bridge.audit()
        self.ledger.check()
        type(self).checks += 1

    def _finish(self):
        """Whatever is on its way arrives, and nothing is left between the layers."""
        while self.failed:
            self._claim_back(self.failed.pop())
        while self.open:
            self._claim(self.open.pop(0))
        for node in self.lab.nodes.values():
            wait_until(node.is_settled, TIMEOUT_S, "settlement of everything")
        self.ledger.check()
        reports = {report.asset_id: report for report in self.bridge.audit()}
        assert reports.keys() == set(self.assets.values())
        assert all(report.in_flight == 0 for report in reports.values())
        assert reports[self.assets["lead"]].held == 0

    # -- parts -----------------------------------------------------------------------------------------------------

    def _deposit(self, chain, asset, amount, receiver, **more):
        with self.ledger.paying(L1):
            message = self.bridge.deposit(ALICE, chain, asset, amount, receiver.address, **more)
        self.ledger.deposited(message, chain)
        return message

    def _holding(self, which, amount):
        """Something that Alice has on a chain: chain, asset, and at most this much of it. She always has ether on a."""
        places = [
            (chain, asset, has)
            for chain in "abg"
            for asset in self.assets.values()
            if self.bridge.token_address(asset, chain) and (has := self.bridge.balance(ALICE.address, asset, chain))
        ]
        chain, asset, has = places[which % len(places)]
        return chain, asset, min(amount, has)

    def _claim(self, message):
        self.lab.wait(message, MessageStage.CLAIMABLE)
        layer = self.bridge.hub.chain(message.destination_chain_id).name if isinstance(message, Transfer) else L1
        with self.ledger.paying(layer, RELAYER):
            done = self.bridge.claim(RELAYER, message)
        self.ledger.arrived(message, layer, message.receiver, done.transaction_hash)
        self.claimed.append(message)

    def _claim_back(self, message: Deposit):
        wait_until(lambda: self.bridge.status(message).refund is Refund.CLAIMABLE, TIMEOUT_S, "the failure on L1")
        with self.ledger.paying(L1, RELAYER):
            done = self.bridge.claim(RELAYER, message)
        self.ledger.arrived(message, L1, ALICE.address, done.transaction_hash)
        self.claimed.append(message)


@pytest.mark.slow
@pytest.mark.timeout(5400 if MOVES else 600)
@pytest.mark.parametrize("kind", ["embedded", on_anvil])
def test_random_moves_conserve_everything(kind):
    machine = seed(SEED)(type("RandomMoves", (RandomMoves,), {"kind": kind}))
    moves = MOVES or GATE_MOVES[kind]
    run_state_machine_as_test(
        machine,
        settings=settings(
            # The simplest, which is idle, and one more. To shrink a run would take hours.
            max_examples=2,
            stateful_step_count=moves,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.checks >= moves, "the moves were made"
