"""What the Foundry tests read is what the verifier in Python accepts."""

import json

from tests.zkvm.onchain.fixtures import FOLDER, PART_LIMIT, SECOND, files, profile_numbers
from tests.zkvm.onchain.proofs import stored
from zkvm.machine.api import verify
from zkvm.machine.machine import riscv
from zkvm.onchain import join
from zkvm.onchain.join import key_of


def test_the_first_proof_is_the_stored_one() -> None:
    for path, content in files("fibonacci-10", stored()).items():
        assert path.read_bytes() == content, path


def test_the_second_proof_is_one_of_the_same_program() -> None:
    first = stored()
    name = f"fibonacci-{SECOND}"
    statement = json.loads((FOLDER / f"{name}.json").read_text())
    parts = [(FOLDER / f"{name}.{number}.part").read_bytes() for number in range(statement["parts"])]
    assert all(len(part) <= PART_LIMIT for part in parts) and len(parts) > 2
    assert statement["profile"] == profile_numbers(first.profile)
    assert bytes.fromhex(statement["programId"][2:]) == first.key.hash
    assert key_of(riscv(), first.profile, parts) == first.key
    public = bytes.fromhex(statement["publicInput"][2:])
    words = [int.from_bytes(public[at : at + 4], "little") for at in range(0, len(public), 4)]
    assert words[:2] == [SECOND, 89]
    verify(first.key, words, first.profile, join(riscv(), first.profile, parts, words))


def test_no_other_file_lies_there() -> None:
    count = sum(json.loads(path.read_text())["parts"] + 1 for path in FOLDER.glob("*.json"))
    assert len(list(FOLDER.iterdir())) == count
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 600_000
