"""Proofs on their way to L1, part by part: nothing is lost, mixed or paid twice, whatever dies between two parts.

The verifier here keeps sessions as the real one does and checks nothing else; what it is shown are no proofs.
"""

from pathlib import Path

import pytest

from chain_template.config import SettlementSettings
from chain_template.settlement.proofs import pack_parts
from chain_template.store.records import BatchStage
from tests.e2e.settlement.lab import OTHER, PROGRAM_ID, wait_until
from tests.e2e.settlement.test_faults import executions, step_until
from tests.solidity import compiled, needs_solc
from zkvm.guest import run_in_the_zkvm

pytestmark = needs_solc
SOURCE = Path(__file__).parent / "src" / "CountingVerifier.sol"
PARTS = 4


def part(number, of, proof, size=300):
    return number.to_bytes(2, "big") + of.to_bytes(2, "big") + proof + bytes([number + 1]) * size


def made_up(job, parts=PARTS, proof=None):
    """What stands for the proof of a batch."""
    name = proof or job.public_input[:4]
    return pack_parts([part(number, parts, name) for number in range(parts)])


def deploy_counting_verifier(sender):
    return sender.transact(None, compiled(SOURCE, "CountingVerifier").bytecode).contract_address


def proving_lab(make, **settings):
    lab = make(deploy_verifier=deploy_counting_verifier, proofs="stark", **settings)
    lab.prover.proof = made_up
    return lab


def part_logs(lab):
    """The event of every part that L1 has accepted, in order."""
    topic = compiled(SOURCE, "CountingVerifier").event("PartVerified").topic
    return lab.client.get_logs(lab.ecosystem.verifier, [topic], 0)


def part_events(lab):
    """(public input, number, transaction) of every part that L1 has accepted, in order."""
    return [(log.topics[3], int.from_bytes(log.data, "big"), log.transaction_hash) for log in part_logs(lab)]


def parts_of(lab, batch):
    return [number for claim, number, _ in part_events(lab) if claim == batch.public_input]


def step_to_part(lab, count):
    """Settle by hand until L1 has so many parts; the last of them is not noted here yet."""
    settlement = lab.node.settlement
    for _ in range(400):
        settlement.watch()
        lab.node.sequencer.step()
        if not lab.batches():
            settlement.seal_now()
        settlement.batcher.step()
        if len(part_events(lab)) >= count:
            return
        settlement.settle()
    raise AssertionError(f"L1 has no {count} parts")


def test_a_proof_reaches_l1_in_parts_and_each_is_named(make_lab):
    lab = proving_lab(make_lab)
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    (batch, *_) = lab.batches()
    assert batch.proof_mode == "stark-fast"
    assert all(job.cycles == run_in_the_zkvm(job.batch_input).cost.main > 0 for job in lab.prover.jobs)
    assert parts_of(lab, batch) == [0, 1, 2, 3]
    sent = {name: tx for name, tx in batch.l1_transactions.items() if name.startswith("part")}
    hashes = ["0x" + tx.hex() for claim, _, tx in part_events(lab) if claim == batch.public_input]
    assert sent == dict(zip([f"part {i} of 4" for i in (1, 2, 3, 4)], hashes, strict=True))
    assert lab.errors() == {}
    wait_until(lambda: not list((lab.config.data_dir / "proofs").iterdir()), what="an empty shelf")


def test_several_proven_batches_are_verified_in_one_call(make_lab):
    lab = proving_lab(make_lab)
    lab.prover.held = True
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    for _ in range(3):
        known = len(lab.batches())
        lab.send(OTHER.address, value=1)
        lab.node.settlement.seal_now()
        wait_until(lambda known=known: len(lab.batches()) > known, what="a batch")
    wait_until(lambda: len(lab.batches()) == len(lab.prover.jobs), what="all jobs")
    lab.prover.release()
    lab.wait_settled()
    batches = lab.batches()
    assert all(parts_of(lab, batch) == [0, 1, 2, 3] for batch in batches)
    assert len({batch.l1_transactions["verified"] for batch in batches}) < len(batches)


@pytest.mark.parametrize("accepted", range(1, PARTS))
def test_a_restart_between_two_parts_goes_on_with_the_next(make_embedded_lab, accepted):
    lab = proving_lab(make_embedded_lab)
    lab.deposit()
    lab.open()
    step_to_part(lab, accepted)
    lab.stop()
    lab.l1.stop()
    lab.l1.start()
    lab.start()
    lab.wait_settled()
    for batch in lab.batches():
        assert parts_of(lab, batch) == [0, 1, 2, 3]
    assert executions(lab) == list(range(1, lab.counters()[2] + 1))


def test_parts_that_l1_forgets_are_handed_in_again(make_anvil_lab):
    lab = proving_lab(make_anvil_lab, settlement=SettlementSettings(poll_interval_ms=30, resend_after_s=0.5))
    lab.deposit()
    lab.open()
    step_to_part(lab, 1)
    snapshot = lab.rpc("evm_snapshot")
    step_to_part(lab, 3)
    assert lab.rpc("evm_revert", snapshot)
    assert [number for _, number, _ in part_events(lab)] == [0]
    lab.node.start()
    lab.wait_settled()
    for batch in lab.batches():
        assert parts_of(lab, batch) == [0, 1, 2, 3]
        for name, tx_hash in batch.l1_transactions.items():
            assert lab.client.get_receipt(bytes.fromhex(tx_hash[2:])), f"L1 has forgotten {name}"


def test_a_proof_that_is_lost_here_is_asked_for_again_and_goes_on(make_embedded_lab):
    """Its file is gone; the prover has it still, so L1 sees each part once."""
    lab = proving_lab(make_embedded_lab)
    lab.deposit()
    lab.open()
    step_to_part(lab, 2)
    lab.stop()
    (kept,) = (lab.config.data_dir / "proofs").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    lab.start()
    lab.wait_settled()
    assert parts_of(lab, lab.batches()[0]) == [0, 1, 2, 3]


def test_another_proof_of_the_same_batch_is_handed_in_from_its_beginning(make_embedded_lab):
    lab = proving_lab(make_embedded_lab)
    lab.prover.proof = lambda job: made_up(job, parts=6, proof=b"one ")
    lab.deposit()
    lab.open()
    step_to_part(lab, 2)
    lab.stop()
    for path in (lab.config.data_dir / "proofs").iterdir():
        path.unlink()
    lab.prover._results.clear()
    lab.prover.proof = lambda job: made_up(job, proof=b"two ")
    lab.start()
    lab.wait_settled()
    first = lab.batches()[0]
    # A part that was under way when the chain stopped may have come through.
    *before, a, b, c, d = parts_of(lab, first)
    assert before in ([0, 1], [0, 1, 2]) and [a, b, c, d] == [0, 1, 2, 3]
    named = {name for name in first.l1_transactions if name.startswith("part")}
    assert named == {f"part {number} of 4" for number in (1, 2, 3, 4)}


def test_a_proof_that_l1_refuses_is_reported_and_never_paid_for(make_embedded_lab):
    lab = proving_lab(make_embedded_lab)
    lab.prover.proof = lambda job: made_up(job, proof=bytes.fromhex("deadbeef"))
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    wait_until(lambda: "refuses the part 1 of 4" in lab.errors().get("settlement", ""), what="the complaint")
    prover = lab.node.settlement.sender.addresses["prover"]
    assert lab.client.get_nonce(prover, "latest") == 0
    assert lab.counters()[1] == 0


def test_a_prover_without_a_proof_is_not_believed(make_embedded_lab):
    lab = proving_lab(make_embedded_lab)
    lab.prover.proof = lambda job: b""
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    wait_until(lambda: "made no proof" in lab.errors().get("settlement", ""), what="the complaint")
    assert lab.counters()[1] == 0


def test_what_somebody_else_has_proven_is_not_proven_again(make_embedded_lab):
    """Facts are everybody's: whoever handed the proof in first, it counts."""
    lab = proving_lab(make_embedded_lab)
    lab.deposit()
    lab.prover.held = True
    lab.open()
    step_until(lab, BatchStage.PROVING)
    batch = lab.batches()[0]
    verifier = compiled(SOURCE, "CountingVerifier")
    for number in range(PARTS):
        arguments = [PROGRAM_ID, batch.public_input, part(number, PARTS, b"mine")]
        lab.rich.call_contract(verifier, lab.ecosystem.verifier, "verifyPart", arguments)
    lab.prover.release()
    lab.node.start()
    lab.wait_settled()
    assert parts_of(lab, lab.batches()[0]) == [0, 1, 2, 3]
    prover = lab.node.settlement.sender.addresses["prover"]
    calls = {batch.l1_transactions["verified"] for batch in lab.batches()}
    own = sum(len(parts_of(lab, batch)) for batch in lab.batches()[1:])
    assert lab.client.get_nonce(prover, "latest") == len(calls) + own
