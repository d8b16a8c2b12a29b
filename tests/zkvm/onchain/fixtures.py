"""The proofs that the Foundry tests of the verifier read: two runs of one program under ``l1``, in parts.

The first is the stored proof of this room. When the machine or the protocol is meant to change, store that anew first
(``python -m tests.zkvm.onchain.proofs``), then ``python -m tests.zkvm.onchain.fixtures`` (a minute, several GiB).
"""

import json
from pathlib import Path

from tests.solidity import CONTRACTS
from tests.zkvm.onchain.proofs import Stored, make, stored
from zkvm.stark.profiles import L1, Profile

FOLDER = CONTRACTS / "test/proofs"
PART_LIMIT = 60_000
"""Bytes: small enough for the tests to have more than two parts."""
SECOND = 11
"""What the second run is given."""


def profile_numbers(profile: Profile) -> list[int]:
    """A profile as the verifier's constructor takes it."""
    return [
        profile.id,
        profile.log_blowup,
        profile.queries,
        profile.grinding_bits,
        profile.node_bytes,
        profile.max_log_height,
    ]


def files(name: str, made: Stored) -> dict[Path, bytes]:
    """A proof's files and what is in them."""
    parts = made.parts(PART_LIMIT)
    statement = {
        "profile": profile_numbers(made.profile),
        "programId": "0x" + made.statement.program_id.hex(),
        "publicInput": "0x" + made.statement.public_input.hex(),
        "parts": len(parts),
    }
    found = {FOLDER / f"{name}.json": (json.dumps(statement, indent=2) + "\n").encode()}
    return found | {FOLDER / f"{name}.{number}.part": part for number, part in enumerate(parts)}


def write() -> None:
    """Write both proofs' files, and remove all others."""
    wanted = files("fibonacci-10", stored()) | files(f"fibonacci-{SECOND}", make(L1, SECOND))
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.iterdir()) - set(wanted):
        path.unlink()
    for path, content in wanted.items():
        path.write_bytes(content)


if __name__ == "__main__":
    write()
