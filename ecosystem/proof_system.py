"""What this hub's batches are proven with, and what L1 has to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

from eth_hash.auto import keccak

from chain_template.errors import DataMismatch
from contracts.artifacts import load
from contracts.client import L1Client
from contracts.sender import Sender
from contracts.verifier import VerifierProfile, deploy_verifier
from ecosystem.settings import HubSettings

UNPROVEN_PROGRAM_ID: Final = keccak(b"zkhub unproven batch program 1")
"""Stands for the batch program in the development mode, in which nothing is proven."""


class ProofSystem(Protocol):
    """A way to prove batches, as the hub deploys it."""

    @property
    def program_id(self) -> bytes:
        """What stands for the batch program on L1, 32 bytes."""

    def deploy(self, deployer: Sender) -> str | None:
        """Deploy the verifier; None leaves that to the development verifier."""

    def is_verified_by(self, client: L1Client, verifier: str) -> bool:
        """Whether a contract on L1 is the verifier that :meth:`deploy` would deploy."""

    def to_json(self) -> dict[str, Any]:
        """What the hub remembers of it: proofs made by another one would be refused by the same contracts."""


@dataclass(frozen=True)
class Unproven:
    """The labelled development mode."""

    program_id: bytes = UNPROVEN_PROGRAM_ID

    def deploy(self, deployer: Sender) -> str | None:
        """Nothing of its own."""
        return None

    def is_verified_by(self, client: L1Client, verifier: str) -> bool:
        """Whether it is the development verifier."""
        return bool(client.read(load("IBatchVerifier"), verifier, "developmentOnly"))

    def to_json(self) -> dict[str, Any]:
        """Only that nothing is proven."""
        return {"proofs": "none", "profile": ""}


@dataclass(frozen=True)
class Stark:
    """STARKs of the batch program.

    Attributes:
        profile_name: Their parameters.
    """

    profile_name: str

    @cached_property
    def program_id(self) -> bytes:
        """Hash of the batch program's verifying key; making the key takes seconds where no cache has it."""
        # Imported here: a hub that proves nothing has no use for it, and no start should wait for it.
        from zkvm.backends.cpu import CpuBackend
        from zkvm.guest import batch_program
        from zkvm.machine.key import key_for, user_cache
        from zkvm.stark.profiles import profile

        return key_for(batch_program(), profile(self.profile_name), CpuBackend(), user_cache()).vk.hash

    def deploy(self, deployer: Sender) -> str | None:
        """Deploy the verifier of proofs of this profile."""
        from zkvm.stark.profiles import profile

        chosen = profile(self.profile_name)
        parameters = VerifierProfile(
            id=chosen.id,
            log_blowup=chosen.log_blowup,
            queries=chosen.queries,
            grinding_bits=chosen.grinding_bits,
            node_bytes=chosen.node_bytes,
            max_log_height=chosen.max_log_height,
        )
        return deploy_verifier(deployer, parameters)

    def is_verified_by(self, client: L1Client, verifier: str) -> bool:
        """Whether it has this release's code, calls the same, and demands this profile."""
        # Imported here, as above: only an upgrade asks.
        from chain_template.from_l1.verifier_code import check_verifier_code, profile_of

        if client.read(load("IBatchVerifier"), verifier, "developmentOnly"):
            return False
        try:
            check_verifier_code(client, verifier)
            return profile_of(client, verifier).name == self.profile_name
        except DataMismatch:
            return False

    def to_json(self) -> dict[str, Any]:
        """The mode and the profile."""
        return {"proofs": "stark", "profile": self.profile_name}


def proof_system(settings: HubSettings) -> ProofSystem:
    """What the settings ask for."""
    make: dict[str, Callable[[], ProofSystem]] = {
        "none": Unproven,
        "stark": lambda: Stark(settings.proof_profile),
    }
    return make[settings.proofs]()
