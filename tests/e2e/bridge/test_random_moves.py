"""Nothing is made or lost, and everybody has exactly what is theirs: random moves over three chains, one of them based
on a token, with failures, restarts and an L1 that goes away. Every sum and every balance is compared after every step.
"""

import os
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contracts.artifacts import load
from shared_bridge import MessageStage, Refund, RpcLost, interfaces
from shared_bridge.records import Deposit, Transfer
from tests.e2e.bridge.lab import ALICE, ETHER, RELAYER, TIMEOUT_S, bridge_lab
from tests.e2e.bridge.ledger import L1, OWNERS, Ledger
from tests.e2e.settlement.conftest import on_anvil_in_soak
from tests.e2e.settlement.lab import wait_until

MOVES = int(os.environ.get("ZKHUB_RANDOM_MOVES", "0"))
"""Moves of a run; `make soak` makes hundreds. Where it is not set, as many as the gate has time for."""
GATE_MOVES = {"embedded": 18, "anvil": 8}
SEED = int(os.environ.get("ZKHUB_RANDOM_SEED", "20"))

OFTEN = ["deposit", "withdraw", "send", "send", "claim", "claim"]
SELDOM = ["fail_deposit", "claim_back", "claim_again", "fail_call", "restart", "lose_l1"]
KINDS = sorted({*OFTEN, *SELDOM})
CHAINS = "abg"
#: Too little to make the bridged token on the chain, and enough for L1 to take the request.
FAILING_L2_GAS = 350_000


@dataclass(frozen=True)
class Drawn:
    """What a move may need."""

    chain: str
    token: str
    which: int
    amount: int
    receiver: str

    @property
    def to(self):
        return OWNERS[self.receiver]

    def pick(self, some):
        return some[self.which % len(some)]


class RandomMoves(RuleBasedStateMachine):
    """Alice moves ether, gold of L1 on which chain g is based, and copper born on a; Bob only receives.

    Lead is a token of L1 whose every deposit fails.
    """

    kind = "embedded"

    @initialize(start=st.integers(0, 2**32), first=st.permutations(KINDS))
    def begin(self, start, first):
        # Hypothesis begins with the simplest of all runs, which would repeat one move: it gets no laboratory.
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
        # Every kind of move once, then whatever is drawn.
        self.first = list(first)

    def _give_out(self):
        lab, bridge = self.lab, self.bridge
        for account in (ALICE, RELAYER):
            lab.fund(account, "a", "b", amount=5 * ETHER)
            lab.wait(bridge.deposit(ALICE, "g", lab.gold, 5 * ETHER, account.address))
        copper, self.lead = lab.deploy_token(ALICE, "a", name="Copper"), lab.deploy_token(ALICE, name="Lead")
        self.open, self.failed, self.claimed = [], [], [bridge.withdraw(ALICE, "a", copper, 10_000)]
        lab.relay(self.claimed[0])
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

    # One rule: of several, Hypothesis leaves most out of a run, and a run of this is too dear to make many.
    @rule(
        kind=st.sampled_from(OFTEN + SELDOM),
        chain=st.sampled_from(CHAINS),
        token=st.sampled_from(["eth", "gold", "copper"]),
        which=st.integers(0, 10**6),
        amount=st.integers(1, 1_000),
        receiver=st.sampled_from(["Alice", "Bob"]),
    )
    def move(self, kind, **drawn):
        if not self.idle:
            made = self.first.pop() if self.first else kind
            getattr(self, made)(Drawn(**drawn))
            self.made[made] += 1

    def deposit(self, drawn):
        amount = min(drawn.amount, self.bridge.balance(ALICE.address, self.assets[drawn.token]))
        if amount:
            self._deposit(drawn.chain, self.assets[drawn.token], amount, drawn.to)

    def fail_deposit(self, drawn):
        to = drawn.to
        self.failed.append(
            self._deposit(drawn.chain, self.assets["lead"], drawn.amount, to, l2_gas_limit=FAILING_L2_GAS)
        )

    def withdraw(self, drawn):
        chain, asset, amount = self._holding(drawn)
        with self.ledger.paying(chain):
            message = self.bridge.withdraw(ALICE, chain, asset, amount, drawn.to)
        self.ledger.left(message, chain)
        self.open.append(message)

    def send(self, drawn):
        chain, asset, amount = self._holding(drawn)
        there = drawn.pick([name for name in CHAINS if name != chain])
        with self.ledger.paying(chain):
            message = self.bridge.send(ALICE, chain, there, asset, amount, drawn.to)
        self.ledger.left(message, chain)
        self.open.append(message)

    def claim(self, drawn):
        if not self.open:
            self.send(drawn)
        self._claim(self.open.pop(drawn.which % len(self.open)))

    def claim_back(self, drawn):
        if not self.failed:
            self.fail_deposit(drawn)
        self._claim_back(self.failed.pop(drawn.which % len(self.failed)))

    def claim_again(self, drawn):
        assert self.bridge.claim(RELAYER, drawn.pick(self.claimed)).was_claimed_before

    def fail_call(self, drawn):
        """The vault takes orders from the bridge's contracts only."""
        sender = self.lab.sender(ALICE, drawn.chain)
        data = load("L2NativeTokenVault").function("bridgeMint").selector + bytes(32)
        sent = sender.send(interfaces.L2_VAULT, data, gas=100_000)
        receipt = wait_until(lambda: sender.client.get_receipt(sent.hash), TIMEOUT_S, "the failing call")
        assert not receipt.succeeded
        self.ledger.gas(drawn.chain, sent.hash)

    def restart(self, drawn):
        self.lab.stop(drawn.chain)
        self.lab.start(drawn.chain)

    def lose_l1(self, drawn):
        """Chains go on; commands that need L1 say so, and the same command does its work afterwards."""
        self.lab.l1.stop()
        try:
            if self.kind == "embedded":
                # anvil is only frozen: a command would wait for it, and not fail.
                with pytest.raises(RpcLost):
                    self.bridge.deposit(ALICE, drawn.chain, "eth", drawn.amount, drawn.to)
            self.fail_call(drawn)
        finally:
            self.lab.l1.start()
        self._deposit(drawn.chain, self.assets["eth"], drawn.amount, drawn.to)

    # -- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def everything_adds_up(self):
        if not self.idle:
            self.bridge.audit()
            self.ledger.check()

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

    def _deposit(self, chain, asset, amount, to, **more):
        with self.ledger.paying(L1):
            message = self.bridge.deposit(ALICE, chain, asset, amount, to, **more)
        self.ledger.deposited(message, chain)
        return message

    def _holding(self, drawn):
        """Something that Alice has on a chain: chain, asset, and at most this much of it. She always has ether on a."""
        places = [
            (chain, asset, has)
            for chain in CHAINS
            for asset in self.assets.values()
            if self.bridge.token_address(asset, chain) and (has := self.bridge.balance(ALICE.address, asset, chain))
        ]
        chain, asset, has = drawn.pick(places)
        return chain, asset, min(drawn.amount, has)

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
@pytest.mark.parametrize("kind", ["embedded", on_anvil_in_soak])
def test_random_moves_conserve_everything(kind):
    machine = seed(SEED)(type("RandomMoves", (RandomMoves,), {"kind": kind, "made": Counter()}))
    moves = MOVES or GATE_MOVES[kind]
    run_state_machine_as_test(
        machine,
        settings=settings(
            # The simplest, which is idle, and one more; its first step is the beginning. To shrink it would take hours.
            max_examples=2,
            stateful_step_count=moves + 1,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.made.total() >= moves and len(machine.made) == min(moves, len(KINDS)), machine.made
