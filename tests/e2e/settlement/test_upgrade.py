"""A live chain goes to another program: its owner publishes a version, its admin moves it there, and it goes on."""

import json
import os
import time
from contextlib import closing

import pytest
from click.testing import CliRunner
from typer.main import get_command

from chain_template.from_l1 import find_chain
from chain_template.from_l1.audit import audit
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.store.records import BatchStage
from contracts.abi import encode_call
from contracts.artifacts import load
from contracts.versions import PROTOCOL_VERSION, format_version, newest_version, version_data
from ecosystem.cli.main import app
from ecosystem.errors import UpgradeRefused
from ecosystem.keys import KeyStore, write_private
from ecosystem.proof_system import UNPROVEN_PROGRAM_ID, Unproven
from ecosystem.registry import ECOSYSTEM_FACT, PROOFS_FACT, Registry
from ecosystem.settings import ChainSettings
from ecosystem.upgrade import Upgraded, publish_release, upgrade_to
from tests.e2e.settlement.lab import CHAIN_ID, OTHER, PROGRAM_ID, RICH_KEY, wait_until
from tests.e2e.settlement.test_proof_parts import PARTS, part_events, part_logs, proving_lab, step_to_part
from tests.solidity import needs_solc

PATCH = PROTOCOL_VERSION + 1
OTHER_PROGRAM = b"\x7b" * 32


class SameVerifier(Unproven):
    """Another program, whose proofs the verifier of the version before takes, too."""

    def is_verified_by(self, client, verifier):
        return True


def publish(lab, version=PATCH, program_id=OTHER_PROGRAM, system=Unproven):
    return publish_release(lab.ecosystem, system(program_id), owner=lab.rich, version=version)


def upgrade(lab, version=PATCH, wait_s=30.0, **more):
    return upgrade_to(lab.config.l1.zk_chain, lab.ecosystem, version, admin=lab.rich, wait_s=wait_s, **more)


def test_a_running_chain_follows_its_program_and_old_batches_are_audited_by_theirs(make_embedded_lab):
    lab = make_embedded_lab()
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    wait_until(lambda: lab.node.status().protocol_version == PROTOCOL_VERSION, what="the version")
    old = lab.batches()[-1].number

    data = publish(lab)
    # Nothing was deployed that is there already.
    assert (data.verifier, data.program_id) == (lab.ecosystem.verifier, OTHER_PROGRAM)
    assert lab.client.read(load("ZKChain"), lab.config.l1.zk_chain, "getProgramId") == PROGRAM_ID
    assert publish(lab) == data
    first = version_data(lab.client, lab.ecosystem.chain_type_manager, PROTOCOL_VERSION)
    assert upgrade(lab) == (done := Upgraded(PROTOCOL_VERSION, PATCH, first, data)) and done.has_new_key
    assert upgrade(lab) == (done := Upgraded(PATCH, PATCH, data, data)) and not done.has_new_key

    lab.send(OTHER.address, value=1)
    lab.wait_settled()
    new = lab.batches()[-1].number
    assert new > old
    wait_until(lambda: lab.node.status().protocol_version == PATCH, what="the new version")
    programs = {job.batch_number: job.program_id for job in lab.prover.jobs}
    assert (programs[old], programs[new]) == (PROGRAM_ID, OTHER_PROGRAM)
    assert lab.errors() == {}

    chain = ChainOnL1(lab.client, find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID))
    for number, version, program in ((old, PROTOCOL_VERSION, PROGRAM_ID), (new, PATCH, OTHER_PROGRAM)):
        found = audit(chain, CHAIN_ID, number)
        assert (found.protocol_version, found.program_id) == (version, program)
        assert not found.has_failed
        place = ["--l1-url", lab.client.url, "--bridgehub", lab.ecosystem.bridgehub]
        done = CliRunner().invoke(get_command(app), ["audit", str(CHAIN_ID), str(number), *place, "--json"])
        assert told(done)["protocol_version"] == format_version(version)

    # Under a number that is taken, or below it, nothing else is published.
    with pytest.raises(UpgradeRefused, match=r"version 0\.29\.1 on L1 has program") as refused:
        publish(lab, program_id=b"\x7c" * 32)
    assert "--protocol-version" in refused.value.hint
    with pytest.raises(UpgradeRefused, match=r"which is newer than 0\.29\.0"):
        publish(lab, version=PROTOCOL_VERSION)


@pytest.fixture
def hub(make_embedded_lab, tmp_path):
    """The data directory of a hub that is down, and the laboratory that is its only chain."""
    lab = make_embedded_lab()
    directory = tmp_path / "hub"
    directory.mkdir()
    with closing(Registry.open(directory)) as registry:
        registry.add_chain("alpha", ChainSettings(id=CHAIN_ID), ["create"])
        registry.update_facts("alpha", zk_chain=lab.config.l1.zk_chain)
        registry.set_fact(ECOSYSTEM_FACT, lab.ecosystem.to_json())
        registry.set_fact(PROOFS_FACT, Unproven().to_json())
    keys = {role: "0x" + key.hex() for role, key in lab.keys.items()}
    write_private(
        KeyStore(directory).directory / "chains" / "alpha.json", json.dumps(keys | {"admin": "0x" + RICH_KEY.hex()})
    )
    lab.hub = directory
    return lab


def told(done):
    """The JSON that a command printed; lines of the chain's own log, which runs in this process, may be beside it."""
    return json.JSONDecoder().raw_decode(done.stdout, done.stdout.index("{\n"))[0]


def zkhub(lab, *words):
    settings = ["--data-dir", lab.hub, "--set", f"l1.url={lab.client.url}", "--set", "proofs=none"]
    settings += ["--set", "l1.deployer_key=0x" + RICH_KEY.hex()]
    settings += ["--set", f"l1.chain_id={lab.client.chain_id()}"]
    not_here = {name: None for name in os.environ if name.startswith("ZKHUB_")}
    return CliRunner().invoke(get_command(app), [str(word) for word in (*settings, *words)], env=not_here)


def test_the_command_publishes_and_upgrades_and_says_why_it_cannot(hub):
    words = ["chain", "upgrade", "alpha", "--protocol-version"]
    hub.prover.held = True
    hub.start()
    hub.deposit()
    wait_until(lambda: hub.counters()[0] == 1, what="a commit")
    refused = zkhub(hub, *words, "0.29.1")
    assert refused.exit_code == 1 and "1 committed batches wait for their proofs" in refused.stderr
    # Published it is; once the batch is proven the same command goes on.
    assert newest_version(hub.client, hub.ecosystem.chain_type_manager) == PATCH
    hub.prover.release()
    hub.wait_settled()
    done = zkhub(hub, *words, "0.29.1", "--json")
    assert done.exit_code == 0, done.stderr
    assert told(done) == {
        "chain": "alpha",
        "old_version": "0.29.0",
        "new_version": "0.29.1",
        "verifier": hub.ecosystem.verifier,
        "program_id": "0x" + UNPROVEN_PROGRAM_ID.hex(),
        "chains_behind": [],
    }
    again = zkhub(hub, *words, "0.29.1")
    assert again.exit_code == 0 and "is on protocol version 0.29.1 already" in again.stderr
    assert zkhub(hub, *words, "0.29.0").exit_code == 1
    assert "no protocol version" in zkhub(hub, *words, "29").stderr
    missing = zkhub(hub, "chain", "upgrade", "alfa")
    assert missing.exit_code == 1 and "alpha" in missing.stderr


def test_nothing_is_committed_that_this_hub_does_not_prove(make_embedded_lab):
    lab = make_embedded_lab()
    lab.config = lab.config.model_copy(update={"program_id": "0x" + PROGRAM_ID.hex()})
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    lab.wait_settled()
    committed = lab.counters()[0]
    publish(lab)
    upgrade(lab)
    lab.send(OTHER.address, value=1)
    wait_until(lambda: "this hub proves another one" in lab.errors().get("settlement", ""), what="the refusal")
    assert "protocol version 0.29.1" in lab.errors()["settlement"]
    assert lab.counters()[0] == committed
    # The release that has the program goes on where this one stopped.
    lab.stop()
    lab.config = lab.config.model_copy(update={"program_id": "0x" + OTHER_PROGRAM.hex()})
    lab.start()
    lab.wait_settled()
    assert lab.counters()[2] > committed


@pytest.mark.npm
@needs_solc[1]
def test_committed_batches_are_proven_by_the_old_program_first(make_embedded_lab):
    lab = proving_lab(make_embedded_lab)
    lab.prover.held = True
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    wait_until(lambda: lab.counters()[0] > 0, what="a commit")
    lab.node.pause()
    wait_until(lambda: lab.node.status().unbatched_blocks == 0, what="the last batch")
    committed = lab.batches()[-1].number
    wait_until(lambda: lab.counters()[0] == committed, what="the last commit")
    publish(lab, system=SameVerifier)
    with pytest.raises(UpgradeRefused, match=f"{committed} committed batches wait") as refused:
        upgrade(lab, wait_s=0.0)
    assert "--revert-unproven" in refused.value.hint
    assert lab.client.read(load("ZKChain"), lab.config.l1.zk_chain, "getProgramId") == PROGRAM_ID

    told = []

    def tell(line):
        told.append(line)
        lab.prover.release()

    # It waits for the proofs, which come once it waits.
    upgrade(lab, told=tell)
    assert told[0] == f"{committed} committed batches wait for their proofs"
    assert lab.counters()[1] == committed
    lab.node.resume()
    lab.send(OTHER.address, value=1)
    lab.wait_settled()
    last = lab.batches()[-1]
    assert last.stage is BatchStage.EXECUTED
    jobs = {job.batch_number: job.program_id for job in lab.prover.jobs}
    assert {jobs[number] for number in range(1, committed + 1)} == {PROGRAM_ID}
    assert jobs[last.number] == OTHER_PROGRAM
    topic = {claim for claim, _, _ in part_events(lab)}
    assert last.public_input in topic


def test_a_batch_that_the_old_program_does_not_prove_is_taken_back_and_proven_by_the_new_one(make_embedded_lab):
    lab = make_embedded_lab()
    lab.config = lab.config.model_copy(update={"program_id": "0x" + PROGRAM_ID.hex()})
    lab.prover.held = True
    lab.start()
    lab.receipt(lab.deposit().canonical_hash)
    wait_until(lambda: lab.counters()[0] == 1, what="a commit")
    lab.stop()
    publish(lab)
    told = []
    upgrade(lab, wait_s=0.0, reverter=lab.rich, told=told.append)
    assert told == ["took back 1 committed batches that were not proven"]
    assert lab.counters() == (0, 0, 0)
    # The next release finds its batch reverted, commits it again, and proves it.
    lab.config = lab.config.model_copy(update={"program_id": "0x" + OTHER_PROGRAM.hex()})
    lab.prover.held = False
    lab.start()
    lab.wait_settled()
    assert lab.counters()[2] >= 1
    assert lab.prover.jobs[-1].program_id == OTHER_PROGRAM
    chain = ChainOnL1(lab.client, find_chain(lab.client, lab.ecosystem.bridgehub, CHAIN_ID))
    assert audit(chain, CHAIN_ID, 1).program_id == OTHER_PROGRAM


@pytest.mark.npm
@needs_solc[1]
def test_in_priority_mode_a_proof_that_is_under_way_is_made_again_by_the_new_program(make_embedded_lab):
    lab = proving_lab(make_embedded_lab, chain_params={"priority_expiration_s": 1})
    settlement = lab.open()
    # The watcher has seen the request before anybody may complain of it.
    lab.deposit()
    time.sleep(2.1)
    zk_chain = lab.config.l1.zk_chain
    lab.rich.transact(zk_chain, encode_call(load("ZKChain"), "activatePriorityMode", []))
    settlement.settle()
    step_to_part(lab, 1)
    (batch,) = lab.batches()
    assert batch.stage is BatchStage.PROVED and lab.counters() == (0, 0, 0)
    publish(lab, system=SameVerifier)
    upgrade(lab)
    lab.node.start()
    lab.wait_settled()
    assert lab.errors() == {}
    programs = [log.topics[2] for log in part_logs(lab)]
    # A second part may have been on its way when the first was seen.
    before = programs.index(OTHER_PROGRAM)
    assert 1 <= before < PARTS and programs == before * [PROGRAM_ID] + PARTS * [OTHER_PROGRAM]
