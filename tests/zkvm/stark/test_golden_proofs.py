"""Stored proofs: the wire format and the protocol do not change unnoticed.

When the protocol, or the description of these machines, is meant to change:
``python -m tests.zkvm.stark.test_golden_proofs`` writes them anew, and the format's version goes up.
"""

from pathlib import Path

import pytest

from tests.zkvm.stark.honest import CASES, honest
from zkvm.stark.key import VerifyingKey
from zkvm.stark.verifier import verify

FOLDER = Path(__file__).parent / "golden"
STORED = {
    "permutation": "permutation, low receiver",
    "lookup": "lookup, low table",
    "fibonacci": "fibonacci, blow-up 16",
}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_proof_is_still_accepted(name: str) -> None:
    made = honest(STORED[name])
    key = VerifyingKey.from_bytes((FOLDER / f"{name}.key").read_bytes())
    data = (FOLDER / f"{name}.proof").read_bytes()
    verify(made.toy.machine, key, made.toy.witness.public, made.profile, data)


@pytest.mark.parametrize("name", STORED)
def test_the_same_bytes_are_made_today(name: str) -> None:
    made = honest(STORED[name])
    assert made.key.to_bytes() == (FOLDER / f"{name}.key").read_bytes()
    assert made.proof.to_bytes() == (FOLDER / f"{name}.proof").read_bytes()


def write() -> None:
    """Store today's proofs."""
    FOLDER.mkdir(exist_ok=True)
    for name, case in STORED.items():
        assert case in CASES
        (FOLDER / f"{name}.key").write_bytes(honest(case).key.to_bytes())
        (FOLDER / f"{name}.proof").write_bytes(honest(case).proof.to_bytes())


if __name__ == "__main__":
    write()
