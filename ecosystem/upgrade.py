"""Moving a chain to this release's protocol version, by the one path that there is.

The owner of the chain type manager publishes a version: code, verifier and program. The chain's admin moves the chain
to it, which L1 allows only while no committed batch waits for its proof. Each part is found done where it was done
before, so an interrupted upgrade is just run again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chain_template.from_l1.verifier_code import same_code
from contracts.abi import encode_deploy
from contracts.addresses import EcosystemAddresses
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.errors import TransactionReverted
from contracts.sender import Sender
from contracts.versions import (
    PROTOCOL_VERSION,
    VersionData,
    format_version,
    newest_version,
    publish_version,
    revert_batches,
    upgrade_chain,
    version_data,
)
from ecosystem.errors import UpgradeRefused
from ecosystem.proof_system import ProofSystem

_POLL_S: Final = 0.5
_UNVERIFIED: Final = "NotAllBatchesVerified"


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade came to.

    Attributes:
        old_version: Packed.
        new_version: Packed; the same where there was nothing to do.
        old: What the old version is.
        new: What the new version is.
    """

    old_version: int
    new_version: int
    old: VersionData
    new: VersionData

    @property
    def has_new_key(self) -> bool:
        """Whether batches are proven by another program, or for another verifier, from here on."""
        return (self.old.verifier, self.old.program_id) != (self.new.verifier, self.new.program_id)


def publish_release(
    ecosystem: EcosystemAddresses,
    proofs: ProofSystem,
    *,
    owner: Sender,
    version: int = PROTOCOL_VERSION,
    told: Callable[[str], None] = lambda line: None,
) -> VersionData:
    """Publish this release as a protocol version, or find that it is; deploys what it needs and L1 lacks.

    Args:
        ecosystem: The hub's contracts.
        proofs: What this release proves batches with.
        owner: Owner of the chain type manager; pays.
        version: Packed.
        told: Is told what happens, in words.

    Raises:
        UpgradeRefused: L1 has a newer version, or something else under this number.
        TransactionReverted: Not the owner.
    """
    client, manager = owner.client, ecosystem.chain_type_manager
    newest = newest_version(client, manager)
    if newest > version:
        raise UpgradeRefused(
            f"L1 has protocol version {format_version(newest)}, which is newer than {format_version(version)}",
            hint="use the release that published it, or give a greater version",
        )
    found = version_data(client, manager, newest)
    if newest == version:
        if found.program_id != proofs.program_id:
            raise UpgradeRefused(
                f"protocol version {format_version(version)} on L1 has program 0x{found.program_id.hex()}, "
                f"and this release has 0x{proofs.program_id.hex()}",
                hint="give the new program a version of its own: --protocol-version",
            )
        return found
    data = VersionData(_implementation(ecosystem, found, owner), _verifier(proofs, found, owner), proofs.program_id)
    publish_version(manager, version, data, owner=owner)
    told(f"published protocol version {format_version(version)}: program 0x{data.program_id.hex()}")
    return data


def upgrade_to(
    zk_chain: str,
    ecosystem: EcosystemAddresses,
    version: int,
    *,
    admin: Sender,
    wait_s: float,
    reverter: Sender | None = None,
    told: Callable[[str], None] = lambda line: None,
) -> Upgraded:
    """Move a chain to a published version, one version after the other.

    Args:
        zk_chain: The chain's contract.
        ecosystem: The hub's contracts.
        version: Packed.
        admin: The chain's admin; pays.
        wait_s: How long to wait until every committed batch is verified, seconds.
        reverter: Owner of the chain type manager, who takes back what is not verified then; nobody does where left out.
        told: Is told what happens, in words.

    Raises:
        UpgradeRefused: Batches still wait for their proofs.
        TransactionReverted: Not the admin.
    """
    client, manager = admin.client, ecosystem.chain_type_manager
    old = now = version_of(client, zk_chain)
    deadline = time.monotonic() + wait_s
    told_waiting = -1
    while now < version:
        try:
            now = upgrade_chain(zk_chain, admin=admin)
        except TransactionReverted as exc:
            if exc.error_name != _UNVERIFIED:
                raise
            committed, verified = _counters(client, zk_chain)
            waiting = committed - verified
            is_late = time.monotonic() > deadline
            if is_late and reverter is not None:
                revert_batches(
                    manager, int(client.read(load("ZKChain"), zk_chain, "getChainId")), verified, owner=reverter
                )
                told(f"took back {waiting} committed batches that were not proven")
                continue
            if is_late:
                raise UpgradeRefused(
                    f"{waiting} committed batches wait for their proofs, which are the old program's",
                    hint="pause the chain and let them be proven, or take them back: --revert-unproven",
                ) from exc
            if waiting != told_waiting:
                told(f"{waiting} committed batches wait for their proofs")
                told_waiting = waiting
            time.sleep(_POLL_S)
    return Upgraded(old, now, version_data(client, manager, old), version_data(client, manager, now))


def version_of(client: L1Client, zk_chain: str) -> int:
    """The version that a chain is on, packed.

    Args:
        client: L1.
        zk_chain: The chain's contract.
    """
    return int(client.read(load("ZKChain"), zk_chain, "getProtocolVersion"))


def _counters(client: L1Client, zk_chain: str) -> tuple[int, int]:
    """The last batch that is committed, and the last that is verified."""
    chain = load("ZKChain")
    return (
        int(client.read(chain, zk_chain, "getTotalBatchesCommitted")),
        int(client.read(chain, zk_chain, "getTotalBatchesVerified")),
    )


def _implementation(ecosystem: EcosystemAddresses, found: VersionData, owner: Sender) -> str:
    """The code that chains run: what is there, if it is this release's."""
    if same_code(owner.client.get_code(found.implementation), load("ZKChain")):
        return found.implementation
    return _deploy(owner, "ZKChain", ecosystem.bridgehub)


def _verifier(proofs: ProofSystem, found: VersionData, owner: Sender) -> str:
    """The verifier: what is there, if it takes this release's proofs."""
    if proofs.is_verified_by(owner.client, found.verifier):
        return found.verifier
    return proofs.deploy(owner) or _deploy(owner, "UnprovenVerifier")


def _deploy(owner: Sender, name: str, *arguments: str) -> str:
    receipt = owner.transact(None, encode_deploy(load(name), arguments), what=f"creation of {name}")
    assert receipt.contract_address is not None
    return receipt.contract_address
