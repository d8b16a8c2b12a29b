"""A sequencer who forges: L1 takes what he commits, and executes nothing of it, for nothing proves it.

He changes what the batch claims and what its proof is made from. No prover proves that, with the altered witness; the
proofs that he does have, of the honest batch and of a state that never was, L1 does not take for his claim.
"""

import threading
from dataclasses import dataclass, replace

import pytest
import rlp

from chain_template.batcher.batch_input import BatchInput, decode_batch_input
from chain_template.batcher.build import BuiltBatch
from chain_template.batcher.compression import compress
from chain_template.batcher.output import BatchOutput
from chain_template.batcher.pubdata import AccountDiff, decode_pubdata
from chain_template.batcher.state_diff import apply_pubdata
from chain_template.config import BatchSettings
from chain_template.errors import DataMismatch
from chain_template.primitives import keccak
from chain_template.settlement.calls import claim_of, stored_batch
from chain_template.settlement.proofs import ProofResult, unpack_parts
from cluster.errors import BatchRefused
from cluster.pool.jobs import Assignment, JobKey
from cluster.workers.stark import StarkProver
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.chain_params import ChainParams, Validators
from contracts.deploy import create_chain
from contracts.errors import TransactionReverted
from contracts.genesis import eth_asset_id
from contracts.messages import (
    EMPTY_HASH,
    InteropFlow,
    PriorityOpsBatchInfo,
    encode_execute,
    encode_prove,
    public_input,
)
from contracts.sender import address_of
from ecosystem.proof_system import Stark
from tests.e2e.settlement.lab import CHAIN_ID, ETHER, L1_CHAIN_IDS, OTHER, LocalProver, lab_on, wait_until
from tests.zkvm.guest.batch.batches import relinked
from zkvm.guest import run_in_the_zkvm, run_natively
from zkvm.stark.profiles import profile

PROFILE = "fast"
THIEF = b"\xbd" * 20
OTHER_CHAIN = 272
LOOT = 5 * ETHER

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Forgery:
    """What a forger makes of an honest batch.

    Attributes:
        output: What he claims.
        witness: The input with which he would have it proven.
    """

    output: BatchOutput
    witness: bytes


def claim(output, pubdata=None, **changes):
    """The output with other claims, and the public input that L1 computes for them."""
    commit = replace(output.commit, **changes)
    if pubdata is not None:
        commit = replace(commit, da_commitment=keccak(pubdata))
    output_hash = commit.batch_output_hash()
    return replace(
        output,
        commit=commit,
        pubdata=output.pubdata if pubdata is None else pubdata,
        batch_output_hash=output_hash,
        public_input=public_input(output.prev_state_commitment, commit.new_state_commitment, output_hash),
    )


def with_header(output, pubdata):
    """The output that these state differences and their header stand for."""
    return claim(output, pubdata.encode(), new_state_commitment=pubdata.header.hash)


def richer(nodes):
    """An account of the witness, and the same with more on it: (leaf, leaf)."""
    for node in nodes:
        decoded = rlp.decode(node)
        if len(decoded) != 2 or decoded[0][0] >> 4 < 2:
            continue
        try:
            nonce, balance, *rest = rlp.decode(decoded[1])
        except rlp.exceptions.RLPException:
            continue
        if len(rest) == 2 and balance:
            more = (int.from_bytes(balance, "big") + LOOT).to_bytes(len(balance) + 1, "big").lstrip(b"\0")
            return node, rlp.encode([decoded[0], rlp.encode([nonce, more, *rest])])
    raise AssertionError("the witness has no account with a balance")


# --- The lies ---


def steals_a_balance(world, output, given: BatchInput):
    """State, header and pubdata agree with each other: but nobody sent the thief anything."""
    pubdata = decode_pubdata(output.pubdata)
    loot = AccountDiff(THIEF, balance=compress(0, LOOT))
    accounts = tuple(sorted((*pubdata.accounts, loot), key=lambda account: account.address))
    stolen = replace(pubdata, accounts=accounts)
    with pytest.raises(DataMismatch) as mismatch:
        apply_pubdata(world.lab.node.store.nodes, given.parent.state_root, stolen)
    root = bytes.fromhex(mismatch.value.message.split("state root 0x")[1][:64])
    stolen = replace(stolen, header=replace(stolen.header, state_root=root))
    apply_pubdata(world.lab.node.store.nodes, given.parent.state_root, stolen)
    # The witness with an account that has more, under the state root that it does not belong to.
    old, new = richer(given.nodes)
    nodes = tuple(sorted((new if node == old else node for node in given.nodes), key=keccak))
    return Forgery(with_header(output, stolen), replace(given, nodes=nodes).encode())


def skips_an_l1_operation(world, output, given: BatchInput):
    """The deposit is on L1's queue, and the batch is to be without it."""
    assert output.commit.number_of_layer1_txs == 1
    skipped = claim(output, number_of_layer1_txs=0, priority_operations_hash=EMPTY_HASH)
    blocks = tuple(
        replace(block, transactions=tuple(raw for raw in block.transactions if raw[0] != 0x7F))
        for block in given.blocks
    )
    assert blocks != given.blocks
    return Forgery(skipped, replace(given, blocks=blocks).encode())


def changes_a_header_field(world, output, given: BatchInput):
    """Receipts that are not those of the batch; what its input can say of a header, it says otherwise too."""
    pubdata = decode_pubdata(output.pubdata)
    header = replace(pubdata.header, receipts_root=b"\x66" * 32)
    last = replace(given.blocks[-1], base_fee_per_gas=given.blocks[-1].base_fee_per_gas + 1)
    witness = replace(given, blocks=(*given.blocks[:-1], last)).encode()
    return Forgery(with_header(output, replace(pubdata, header=header)), witness)


def lies_about_pubdata(world, output, given: BatchInput):
    """What is published is well-formed, and does not lead to the state that is claimed."""
    pubdata = decode_pubdata(output.pubdata)
    hidden = replace(pubdata, accounts=pubdata.accounts[1:])
    return Forgery(claim(output, hidden.encode()), replace(given, nodes=given.nodes[1:]).encode())


def lies_about_interop_flows(world, output, given: BatchInput):
    """Ether moves to the thief's chain; no message was ever sent."""
    flow = InteropFlow(OTHER_CHAIN, eth_asset_id(L1_CHAIN_IDS["embedded"]), LOOT)
    return Forgery(claim(output, interop_flows=(flow,)), replace(given, nodes=given.nodes[:-1]).encode())


def lies_about_the_previous_state(world, output, given: BatchInput):
    """A batch of its own over a state that never was: it can be proven, and L1 knows what state came before."""
    witness = relinked(given, *richer(given.nodes)).encode()
    return Forgery(claim(output, new_state_commitment=b"\x77" * 32), witness)


LIES = [
    steals_a_balance,
    skips_an_l1_operation,
    changes_a_header_field,
    lies_about_pubdata,
    lies_about_interop_flows,
    lies_about_the_previous_state,
]


# --- The forger and his chain ---


class Obedient(LocalProver):
    """A prover of the forger's own: hands in whatever parts there are."""

    parts = b""

    def _prove(self, job):
        result = ProofResult(job.batch_number, job.public_input, self.parts, "the operator's own", None)
        with self._lock:
            self._results[job.chain_id, job.batch_number] = (job.public_input, result)


class World:
    """A live chain with a deposit and a transfer in its next batch, whose operator forges."""

    def __init__(self, lab, system):
        self.lab, self.program_id = lab, system.program_id
        self.lie = None
        self._stark = StarkProver(profile(PROFILE))
        lab.prover = self.prover = Obedient()
        lab.start()
        batcher = lab.node.settlement.batcher
        self._honest, batcher._build = batcher._build, self._build
        lab.receipt(lab.deposit().canonical_hash)
        lab.send(OTHER.address, value=1)

    def _build(self, snapshot, number):
        built, count = self._honest(snapshot, number)
        self.honest = built
        if self.lie is None:
            return built, count
        self.forgery = self.lie(self, built.output, decode_batch_input(built.batch_input))
        # The cost of the batch is that of the honest one.
        return BuiltBatch(self.forgery.output, built.batch_input), count

    def prove(self, statement, batch_input):
        """The parts of a real proof."""
        key = JobKey(CHAIN_ID, 1, self.program_id)
        assignment = Assignment(1, key, "alpha", statement, batch_input, 1)
        return self._stark.prove(assignment, threading.Event())

    def commit(self, lie):
        """The next batch, with this lie or none, until L1 has it; returns its record."""
        self.lie = lie
        self.lab.node.settlement.seal_now()
        wait_until(lambda: self.lab.counters()[0] == 1, what="the commit")
        (record,) = self.lab.batches()
        return record

    def take_back(self):
        """Give the batch up; its transactions are included again."""
        lab = self.lab
        lab.node.settlement.revert_batches(0)
        wait_until(lambda: lab.counters()[0] == 0 and not lab.batches(), what="the revert")
        wait_until(lambda: lab.balance(OTHER) == 1, what="the same transactions again")

    def refusal(self, role, function, data):
        """The name of the error with which L1 answers a settlement call of the operator's."""
        link, sender = self.lab.config.l1, address_of(self.lab.keys[role])
        call = encode_call(load("ValidatorTimelock"), function, [link.zk_chain, 1, 1, data])
        with pytest.raises(TransactionReverted) as refused:
            self.lab.client.call(link.validator_timelock, call, sender=sender)
        return str(refused.value)

    def part_refusal(self, statement, part):
        """The same for a part of a proof."""
        call = encode_call(load("BatchVerifier"), "verifyPart", [self.program_id, statement, part])
        sender = address_of(self.lab.keys["prover"])
        with pytest.raises(TransactionReverted) as refused:
            self.lab.client.call(self.lab.ecosystem.verifier, call, sender=sender)
        return str(refused.value)

    def is_verified(self, statement):
        verifier = self.lab.ecosystem.verifier
        return self.lab.client.read(load("BatchVerifier"), verifier, "isVerified", [self.program_id, statement])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    system = Stark(PROFILE)
    settings = {"proofs": "stark", "profile": PROFILE, "batch": BatchSettings(max_age_ms=600_000)}
    directory = tmp_path_factory.mktemp("forgeries")
    with lab_on("embedded", directory, deploy_verifier=system.deploy, program_id=system.program_id, **settings) as lab:
        # Somewhere for the loot to go.
        params = ChainParams(OTHER_CHAIN, b"\x01" * 32, lab.config.genesis.timestamp)
        operator = address_of(lab.keys["committer"])
        create_chain(lab.ecosystem, params, owner=lab.rich, admin=lab.rich, validators=Validators(*[operator] * 4))
        made = World(lab, system)
        made.prover.held = True
        made.commit(None)
        honest = made.honest
        made.take_back()
        made.prover.parts = made.prove(honest.output.public_input, honest.batch_input)
        yield made


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_no_forged_batch_is_proven_or_executed(world, lie):
    lab = world.lab
    world.prover.held = True
    record = world.commit(lie)
    forged, witness = world.forgery.output.public_input, world.forgery.witness
    assert record.public_input == forged != world.honest.output.public_input
    # What L1 stores is the forgery, and its own sum of it is the statement that needs a proof.
    stored = claim_of(record).commit.to_stored()
    assert stored.hash() == lab.chain.stored_batch_hash(1)
    # No prover proves it, from the honest input or from the altered one.
    for given in (world.honest.batch_input, witness):
        with pytest.raises(BatchRefused):
            world.prove(forged, given)
        assert run_in_the_zkvm(given, 1 << 30).public_input != forged
    if (done := run_natively(witness)).reason is None:
        # A true proof of another run: L1 takes it for what it proves, and not for this.
        parts = world.prove(done.public_input, witness)
        assert "ConstraintMismatch" in world.part_refusal(forged, unpack_parts(parts)[0])
    # The proof that the operator has is of something else; his node hands it in, and L1 says no.
    world.prover.release()
    wait_until(lambda: "refuses" in lab.errors().get("settlement", ""), what="L1's refusal of the proof")
    assert not world.is_verified(forged)
    with lab.node.store.snapshot() as snapshot:
        genesis = stored_batch(snapshot, 0)
    assert "UnprovenBatch" in world.refusal("prover", "proveBatchesSharedBridge", encode_prove(genesis, [stored]))
    execution = encode_execute([stored], [PriorityOpsBatchInfo((), (), ())])
    assert "CantExecuteUnprovenBatches" in world.refusal("executor", "executeBatchesSharedBridge", execution)
    assert lab.counters() == (1, 0, 0)
    world.take_back()


def test_the_same_transactions_settle_when_they_are_not_lied_about(world):
    world.prover.held = True
    record = world.commit(None)
    world.prover.parts = world.prove(record.public_input, world.honest.batch_input)
    world.prover.release()
    wait_until(lambda: world.lab.counters() == (1, 1, 1), 120.0, "the honest batch's execution")
    assert world.is_verified(record.public_input)
