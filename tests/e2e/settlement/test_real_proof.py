"""A batch is executed because L1 has verified a STARK of it: a transfer, from its block to the last call."""

import pytest

from chain_template.config import BatchSettings
from chain_template.from_l1 import find_chain
from chain_template.from_l1.audit import Outcome, audit
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store.records import BatchStage
from contracts.artifacts import artifact_names, load
from contracts.verifier import MACHINE, VERIFIER
from ecosystem.proof_system import Stark
from tests.e2e.settlement.lab import CHAIN_ID, OTHER, real_proofs, wait_until
from tests.e2e.settlement.test_audit import BEFORE_PROOF, Lying, outcomes
from zkvm.machine.key import user_cache
from zkvm.stark.profiles import profile

#: What hubs on a local L1 prove with.
PROFILE = "fast"
PART_LIMIT_BYTES, CALL_LIMIT_GAS = 120_000, 1 << 24

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not {VERIFIER, MACHINE} <= set(artifact_names()), reason=f"{VERIFIER} is not among the artifacts yet"
    ),
]


def proving_lab(make_lab, system, stages):
    lab = make_lab(
        deploy_verifier=system.deploy,
        program_id=system.program_id,
        proofs="stark",
        profile=PROFILE,
        batch=BatchSettings(max_age_ms=600_000),
    )
    lab.prover.proof = real_proofs(PROFILE, lambda progress: stages.append(progress.stage))
    lab.start()
    return lab


def wait_settled(lab, seconds):
    def settled():
        # A proof that L1 refuses now, it will refuse in ten minutes.
        assert "refuses" not in (error := lab.errors().get("settlement", "")), error
        return lab.node.is_settled() and lab.batches()

    wait_until(settled, seconds, "settlement")


def test_a_transfer_is_proven_verified_on_l1_and_executed(make_proving_lab):
    system, stages = Stark(PROFILE), []
    lab = proving_lab(make_proving_lab, system, stages)
    # The deposit and the transfer in one batch: a proof costs more by the batch than by the transaction.
    lab.receipt(lab.deposit().canonical_hash)
    lab.send(OTHER.address, value=1)
    lab.node.settlement.seal_now()

    wait_settled(lab, 280.0)

    (batch,) = lab.batches()
    assert (batch.stage, batch.proof_mode, batch.l1_tx_count) == (BatchStage.EXECUTED, f"stark-{PROFILE}", 1)
    assert lab.balance(OTHER) == 1
    assert lab.node.status().proofs == "stark"
    # It was this verifier that L1 asked, it knows this batch, and it would not have known another one.
    chain, verifier = load("ZKChain"), load(VERIFIER)
    address = lab.client.read(chain, lab.config.l1.zk_chain, "getVerifier")
    assert address == lab.ecosystem.verifier.lower()
    assert not lab.client.read(chain, lab.config.l1.zk_chain, "isDevelopmentOnly")
    assert lab.client.read(verifier, address, "PROFILE_ID") == profile(PROFILE).id
    assert lab.client.read(verifier, address, "isVerified", [system.program_id, batch.public_input])
    assert not lab.client.read(verifier, address, "isVerified", [system.program_id, bytes(32)])
    assert {"execute", "commit main", "fri", "queries", "check"} <= set(stages)
    # In parts that public networks take.
    parts = [tx_hash for name, tx_hash in batch.l1_transactions.items() if name.startswith("part")]
    assert len(parts) >= 2
    for tx_hash in parts:
        sent = lab.client.rpc("eth_getTransactionByHash", [tx_hash])
        assert len(sent["input"]) // 2 <= PART_LIMIT_BYTES + 200
        assert int(sent["gas"], 16) <= CALL_LIMIT_GAS
    # Who has L1 alone comes to the same verdict, and to another one when a part is not what it was.
    place = find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID)
    found = audit(ChainOnL1(lab.client, place), CHAIN_ID, batch.number, key_cache=user_cache())
    assert found.is_proven, found.checks
    assert [check.name for check in found.checks] == [*BEFORE_PROOF, "verifier", "program", "proof"]
    last = lab.client.rpc("eth_getTransactionByHash", [parts[-1]])["input"]
    altered = last[:-400] + f"{int(last[-400], 16) ^ 1:x}" + last[-399:]
    with Lying(lab.client.url, lambda data: data.replace(last, altered)) as client:
        found = audit(ChainOnL1(client, place), CHAIN_ID, batch.number, key_cache=user_cache())
    assert outcomes(found) == {**dict.fromkeys(outcomes(found), Outcome.PASSED), "proof": Outcome.FAILED}


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_twenty_transfers(make_proving_lab, capsys):
    lab = proving_lab(make_proving_lab, Stark(PROFILE), [])
    lab.receipt(lab.deposit().canonical_hash)
    for _ in range(20):
        lab.send(OTHER.address, value=1)
    lab.node.settlement.seal_now()
    wait_settled(lab, 1700.0)
    # What a proof holds on this machine decides how many batches they are.
    batches = lab.batches()
    assert {batch.stage for batch in batches} == {BatchStage.EXECUTED}
    assert lab.balance(OTHER) == 20
    for batch in batches:
        taken_s = (batch.stage_times_ms["verified"] - batch.stage_times_ms["sealed"]) / 1000
        with capsys.disabled():
            print(f"\n{lab.kind}: {batch.tx_count} transactions, {taken_s:.1f} s from seal to verified")
