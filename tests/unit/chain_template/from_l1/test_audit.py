"""An audit: what it finds of a proof among L1's events and transactions, and what it says of everything it finds."""

import dataclasses
from types import SimpleNamespace

import pytest

from chain_template.errors import DataMismatch, L1Diverged
from chain_template.from_l1.audit import Outcome, audit
from chain_template.from_l1.proof import proof_parts
from chain_template.from_l1.verifier_code import immutable_places, same_code
from chain_template.primitives import keccak
from contracts.artifacts import load
from contracts.client import Log
from contracts.codec import abi_encode
from contracts.messages import DA_VALIDIUM
from tests.unit.chain_template.from_l1.told_by_store import PROGRAM, VERIFIER, ToldByStore
from zkvm.stark.profiles import FAST

STATEMENT = b"\x02" * 32
ALICE, BOB = b"\xaa".rjust(32, b"\0"), b"\xbb".rjust(32, b"\0")
PART = keccak(b"PartVerified(address,bytes32,bytes32,uint256)")
PROOF = keccak(b"ProofVerified(address,bytes32,bytes32)")
SELECTOR = keccak(b"verifyPart(bytes32,bytes32,bytes)")[:4]


class Events:
    """A verifier's events, and the transactions that made them."""

    def __init__(self):
        self.logs = []
        self.transactions = {}
        self.link = type("Link", (), {"start_block": 0})
        self.client = self

    def part(self, sender, number, part, *, to=VERIFIER, program=PROGRAM, selector=SELECTOR):
        name = keccak(b"%d" % len(self.logs))
        data = selector + abi_encode(["bytes32", "bytes32", "bytes"], [program, STATEMENT, part])
        self.transactions["0x" + name.hex()] = {"to": to, "input": "0x" + data.hex()}
        self._add(PART, sender, number.to_bytes(32, "big"), name)

    def proven(self, sender):
        self._add(PROOF, sender, b"", self.logs[-1].transaction_hash)

    def _add(self, topic, sender, data, name):
        topics = (topic, sender, PROGRAM, STATEMENT)
        self.logs.append(Log(VERIFIER, topics, data, len(self.logs), b"\0" * 32, name, 0))

    def get_logs(self, address, topics, first, last):
        assert (address, topics) == (VERIFIER, [[PART, PROOF], None, PROGRAM, STATEMENT])
        return [log for log in self.logs if first <= log.block_number <= last]

    def rpc(self, method, params):
        assert method == "eth_getTransactionByHash"
        return self.transactions.get(params[0])

    def parts(self):
        return proof_parts(self, VERIFIER, PROGRAM, STATEMENT, 5_000)


def test_the_parts_are_those_of_the_session_that_ended_with_a_proof():
    events = Events()
    events.part(ALICE, 0, b"a0, given up")
    events.part(ALICE, 1, b"a1, given up")
    events.part(BOB, 0, b"b0")
    events.part(ALICE, 0, b"a0")
    events.part(BOB, 1, b"b1")
    events.part(ALICE, 1, b"a1")
    events.part(ALICE, 2, b"a2")
    events.proven(ALICE)
    events.part(BOB, 2, b"cannot be, but would be too late")
    assert events.parts() == [b"a0", b"a1", b"a2"]


def test_events_that_show_no_whole_proof_are_not_believed():
    events = Events()
    events.part(ALICE, 0, b"a0")
    with pytest.raises(L1Diverged, match="no whole proof"):
        events.parts()
    events.part(ALICE, 2, b"a2")
    events.proven(ALICE)
    with pytest.raises(L1Diverged, match="part 2 of a proof after 1 parts"):
        events.parts()


@pytest.mark.parametrize(
    "fields",
    [{"to": "0x" + "99" * 20}, {"program": b"\x09" * 32}, {"selector": b"\x12\x34\x56\x78"}],
    ids=["another contract", "another program", "another function"],
)
def test_a_part_that_came_otherwise_is_refused(fields):
    events = Events()
    events.part(ALICE, 0, b"a0", **fields)
    events.proven(ALICE)
    with pytest.raises(DataMismatch, match="through another contract"):
        events.parts()
    events.transactions.clear()
    with pytest.raises(DataMismatch, match="does not give"):
        events.parts()


def test_immutables_are_the_words_of_empty_pushes_and_nothing_else():
    # PUSH1 7f, PUSH32 0, PUSH32 1, then 32 zero bytes that are no push's.
    code = bytes.fromhex("607f" + "7f" + "00" * 32 + "7f" + "00" * 31 + "01" + "5b") + bytes(32)
    assert immutable_places(code) == [3]
    artifact = dataclasses.replace(load("L1AssetRouter"), deployed_bytecode=code)
    filled = code[:3] + b"\x55" * 32 + code[35:]
    assert same_code(code, artifact) and same_code(filled, artifact)
    for at in (*range(3), *range(35, len(code))):
        assert not same_code(filled[:at] + bytes([filled[at] ^ 1]) + filled[at + 1 :], artifact)


@dataclasses.dataclass
class Contracts:
    """What L1's contracts answer."""

    development: bool = False
    verified: bool = True

    def read(self, artifact, address, function, args=(), block="latest"):
        answers = {
            "developmentOnly": self.development,
            "isVerified": self.verified,
        }
        return answers[function]


@pytest.fixture
def on_l1(chain, monkeypatch):
    """An L1 whose verifier is right and whose proof is whatever a test says."""
    told = ToldByStore(chain)
    told.contracts = Contracts()
    told.client.read = told.contracts.read
    told.client.chain_id = lambda: chain.config.l1.l1_chain_id
    module = "chain_template.from_l1.audit"
    monkeypatch.setattr(f"{module}.check_verifier_code", lambda client, verifier: "as released")
    monkeypatch.setattr(f"{module}.profile_of", lambda client, verifier: FAST)
    monkeypatch.setattr(f"{module}.program_key", lambda profile, cache: SimpleNamespace(hash=PROGRAM))
    monkeypatch.setattr(f"{module}.proof_parts", lambda *_: [b"part"])
    monkeypatch.setattr(f"{module}.verify_parts", lambda profile, key, statement, parts: f"proves 0x{statement.hex()}")
    return told


def outcomes(found):
    return {check.name: check.outcome for check in found.checks}


def test_a_proven_batch_passes_every_check(on_l1, chain):
    found = audit(on_l1, chain.config.chain_id, 2)
    assert list(outcomes(found)) == ["commit", "previous", "public-input", "data", "verifier", "program", "proof"]
    assert found.is_proven and not found.has_failed
    with chain.store.snapshot() as snapshot:
        assert found.public_input == snapshot.batch(2).public_input
    assert found.checks[-1].detail == f"proves 0x{found.public_input.hex()}"


def test_each_failure_is_said_by_its_name(on_l1, chain, monkeypatch):
    module, chain_id = "chain_template.from_l1.audit", chain.config.chain_id

    def refuse(*_):
        raise DataMismatch("other code")

    with monkeypatch.context() as changed:
        changed.setattr(f"{module}.check_verifier_code", refuse)
        assert outcomes(audit(on_l1, chain_id, 2))["verifier"] is Outcome.FAILED
    with monkeypatch.context() as changed:
        changed.setattr(f"{module}.program_key", lambda profile, cache: SimpleNamespace(hash=b"\x09" * 32))
        found = audit(on_l1, chain_id, 2)
        assert outcomes(found)["program"] is outcomes(found)["proof"] is Outcome.FAILED
        assert "not this release's batch program" in found.checks[-2].detail
    with monkeypatch.context() as changed:
        changed.setattr(f"{module}.verify_parts", refuse)
        assert outcomes(audit(on_l1, chain_id, 2))["proof"] is Outcome.FAILED
    # Executed, and the verifier knows of no proof.
    on_l1.contracts.verified = False
    assert outcomes(audit(on_l1, chain_id, 2))["proof"] is Outcome.FAILED
    # Committed, and not proven yet: that is nobody's fault.
    on_l1.executed = 0
    found = audit(on_l1, chain_id, 2)
    assert outcomes(found)["proof"] is Outcome.UNPROVEN and not found.has_failed and not found.is_proven


def test_a_batch_from_before_an_upgrade_is_held_to_the_program_that_was_in_force(on_l1, chain, monkeypatch):
    module, chain_id, old, new = "chain_template.from_l1.audit", chain.config.chain_id, b"\x0a" * 32, "0x" + "88" * 20
    # Batch 1 was verified by another program and another verifier than batch 2.
    on_l1.programs = [(0, 28 << 32, VERIFIER, old), (1, 29 << 32, new, PROGRAM)]
    asked = []

    def parts(l1, verifier, program_id, statement, head):
        asked.append((verifier, program_id))
        return [b"part"]

    monkeypatch.setattr(f"{module}.proof_parts", parts)
    monkeypatch.setattr(f"{module}.proven_key", lambda profile, program_id, parts: SimpleNamespace(hash=program_id))
    monkeypatch.setattr(
        f"{module}.verify_parts", lambda profile, key, statement, parts: f"proves with {key.hash.hex()}"
    )
    today = audit(on_l1, chain_id, 2)
    assert today.is_proven and (today.protocol_version, today.program_id) == (29 << 32, PROGRAM)
    found = audit(on_l1, chain_id, 1)
    assert (found.protocol_version, found.program_id) == (28 << 32, old)
    assert asked == [(new, PROGRAM), (VERIFIER, old)]
    # The proof is verified with the key that it tells; which program that is, this release does not know.
    assert outcomes(found)["proof"] is Outcome.PASSED and old.hex() in found.checks[-1].detail
    assert outcomes(found)["program"] is Outcome.UNKNOWN
    assert not found.has_failed and not found.is_proven

    def refuse(*_):
        raise DataMismatch("no proof")

    monkeypatch.setattr(f"{module}.verify_parts", refuse)
    assert audit(on_l1, chain_id, 1).has_failed


def test_a_validium_fails_on_its_data_and_another_chains_commit_on_its_commit(on_l1, chain):
    honest = on_l1.infos[1]
    on_l1.infos[1] = dataclasses.replace(honest, da_commitment_scheme=DA_VALIDIUM, operator_da_input=b"")
    on_l1.stored[2] = on_l1.infos[1].to_stored()
    on_l1.commit_again(2)
    found = audit(on_l1, chain.config.chain_id, 2)
    assert outcomes(found)["data"] is Outcome.FAILED and "validium" in found.checks[3].detail
    on_l1.infos[1] = dataclasses.replace(honest, chain_id=999)
    on_l1.stored[2] = on_l1.infos[1].to_stored()
    on_l1.commit_again(2)
    assert outcomes(audit(on_l1, chain.config.chain_id, 2))["commit"] is Outcome.FAILED


def test_a_batch_that_builds_on_another_than_l1_has_fails(on_l1, chain):
    on_l1.stored[1] = dataclasses.replace(on_l1.stored[1], batch_hash=b"\x33" * 32)
    found = audit(on_l1, chain.config.chain_id, 2)
    assert outcomes(found)["previous"] is Outcome.FAILED
