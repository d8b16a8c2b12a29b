"""Auditing batches from L1 alone: what is right passes, each thing that is not fails by its name."""

import dataclasses
import json

import pytest
from click.testing import CliRunner
from typer.main import get_command

from chain_template.errors import DataMismatch, L1Diverged
from chain_template.from_l1 import find_chain
from chain_template.from_l1.audit import Outcome, audit
from chain_template.from_l1.batches import read_commit
from chain_template.from_l1.verifier_code import check_verifier_code, same_code
from chain_template.settlement.calls import claim_of
from chain_template.settlement.on_l1 import ChainOnL1
from contracts.abi import encode_deploy
from contracts.artifacts import load
from contracts.client import L1Client
from ecosystem.cli.main import app
from ecosystem.proof_system import Stark, Unproven
from tests.e2e.settlement.lab import CHAIN_ID, OTHER
from zkvm.stark.profiles import FAST

BEFORE_PROOF = ["commit", "previous", "public-input", "data"]


class Lying(L1Client):
    """An L1 that gives other transactions than it has."""

    def __init__(self, url, change):
        super().__init__(url)
        self.change = change

    def rpc(self, method, params=()):
        answer = super().rpc(method, params)
        if method == "eth_getTransactionByHash" and answer is not None:
            answer = {**answer, "input": self.change(answer["input"])}
        return answer


def outcomes(found):
    return {check.name: check.outcome for check in found.checks}


@pytest.fixture
def lab(make_embedded_lab):
    lab = make_embedded_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    for _ in range(2):
        lab.send(OTHER.address, value=1)
        lab.wait_settled()
    return lab


def test_what_an_unproven_batch_has_is_checked_and_that_nothing_was_proven_is_said(lab):
    chain = ChainOnL1(lab.client, find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID))
    batches = lab.batches()
    for batch in batches:
        found = audit(chain, CHAIN_ID, batch.number)
        assert outcomes(found) == {**dict.fromkeys(BEFORE_PROOF, Outcome.PASSED), "proof": Outcome.UNPROVEN}
        assert not found.has_failed and not found.is_proven
        assert "nothing was proven" in found.checks[-1].detail
        assert (found.public_input, found.state_commitment) == (batch.public_input, batch.state_commitment)
        # L1 may have gone on with the batch since.
        assert batch.l1_transactions.items() <= found.l1_transactions.items()
    with lab.node.store.snapshot() as snapshot:
        assert found.state_root == snapshot.head.state_root
    with pytest.raises(L1Diverged, match=f"no batch {len(batches) + 1} of chain 271"):
        audit(chain, CHAIN_ID, len(batches) + 1)

    # By the command, without a hub.
    words = ["audit", str(CHAIN_ID), "1", "--l1-url", lab.client.url, "--bridgehub", lab.ecosystem.bridgehub, "--json"]
    runner = CliRunner()
    done = runner.invoke(get_command(app), words)
    assert done.exit_code == 1
    shown = json.loads(done.stdout)
    assert shown["verdict"] == "unproven" and [check["name"] for check in shown["checks"]] == [*BEFORE_PROOF, "proof"]
    assert shown["public_input"] == "0x" + batches[0].public_input.hex()
    assert runner.invoke(get_command(app), [*words, "--allow-unproven"]).exit_code == 0
    words[2] = "99"
    assert runner.invoke(get_command(app), words).exit_code == 1


def test_other_data_than_was_committed_to_fails(lab):
    pubdata = lab.node.store.batch_pubdata(2)
    altered = pubdata[:-1] + bytes([pubdata[-1] ^ 1])
    link = find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID)
    with Lying(lab.client.url, lambda data: data.replace(pubdata.hex(), altered.hex())) as client:
        found = audit(ChainOnL1(client, link), CHAIN_ID, 2)
    assert outcomes(found)["data"] is Outcome.FAILED and found.has_failed
    assert "not what it committed to" in next(check.detail for check in found.checks if check.name == "data")
    assert found.state_root is None
    # What the batch claims is held to what L1 stores: no other claim gets as far as a check.
    claim = claim_of(lab.batches()[1]).commit
    forged = dataclasses.replace(claim, new_state_commitment=b"\x11" * 32)
    change = (claim.new_state_commitment.hex(), forged.new_state_commitment.hex())
    with Lying(lab.client.url, lambda data: data.replace(*change)) as client, pytest.raises(L1Diverged):
        read_commit(ChainOnL1(client, link), 2, lab.batches()[1].l1_transactions["committed"])


def test_codes_are_compared_but_for_their_immutables(lab):
    artifact = load("L1NativeTokenVault")
    code = lab.client.get_code(lab.ecosystem.native_token_vault)
    assert code != artifact.deployed_bytecode, "it has immutables"
    assert same_code(code, artifact)
    assert not same_code(code + b"\x00", artifact)
    for at in range(0, len(code), 997):
        if code[at] == artifact.deployed_bytecode[at] != 0:
            assert not same_code(code[:at] + bytes([code[at] ^ 1]) + code[at + 1 :], artifact)
    assert not same_code(code, load("L1AssetRouter"))


def test_a_verifier_is_this_releases_with_all_that_it_calls(make_embedded_lab):
    lab = make_embedded_lab()
    address = Stark("fast").deploy(lab.rich)
    assert "for profile fast" in check_verifier_code(lab.client, address)
    systems = (Stark("fast"), Stark("l1"), Unproven())
    assert [system.is_verified_by(lab.client, address) for system in systems] == [True, False, False]
    development = lab.ecosystem.verifier
    assert [system.is_verified_by(lab.client, development) for system in systems] == [False, False, True]
    with pytest.raises(DataMismatch, match="other code than this release's BatchVerifier"):
        check_verifier_code(lab.client, lab.ecosystem.verifier)
    # The same contract, with others to call, or other parameters: its code alone does not tell.
    verifier = load("BatchVerifier")
    machine, evaluators = (lab.client.read(verifier, address, name) for name in ("MACHINE", "evaluators"))
    parameters = [FAST.id, FAST.log_blowup, FAST.queries, FAST.grinding_bits, FAST.node_bytes, FAST.max_log_height]
    fewer = [*parameters[:2], 1, *parameters[3:]]
    for arguments, complaint in (
        ([parameters, machine, evaluators[::-1]], "other code than this release's ConstraintEvaluator"),
        ([parameters, machine, evaluators[:-1]], "evaluators"),
        ([parameters, evaluators[0], evaluators], "not the shape of this release's machine"),
        ([fewer, machine, evaluators], "parameters of no profile"),
    ):
        other = lab.rich.transact(None, encode_deploy(verifier, arguments)).contract_address
        with pytest.raises(DataMismatch, match=complaint):
            check_verifier_code(lab.client, other)
        assert not Stark("fast").is_verified_by(lab.client, other)
