"""The contract that verifies proofs on L1, on revm: what it accepts, and all that it must not."""

import pytest
from eth_hash.auto import keccak

from contracts.artifacts import load
from tests.zkvm.onchain.mutations import regions
from tests.zkvm.onchain.proofs import make, stored
from tests.zkvm.onchain.revm import OTHER, PART_GAS, SENDER, OnL1, Refused, Statement
from zkvm.field import P
from zkvm.onchain import MAX_PART_BYTES
from zkvm.stark.profiles import FAST, L1_128, Profile

CODE_LIMIT = 24_576
TOPICS = {
    name: keccak(f"{name}({types})".encode())
    for name, types in (
        ("PartVerified", "address,bytes32,bytes32,uint256"),
        ("ProofVerified", "address,bytes32,bytes32"),
    )
}


@pytest.fixture
def l1() -> OnL1:
    return OnL1(stored().profile)


def refusal(l1: OnL1, statement: Statement, part: bytes, sender: str = SENDER) -> str:
    with pytest.raises(Refused) as refused:
        l1.submit(statement, part, sender)
    return refused.value.error


# -- honest proofs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [MAX_PART_BYTES, 40_000])
def test_an_honest_proof_is_verified(l1: OnL1, limit: int) -> None:
    made = stored()
    parts = made.parts(limit)
    for number, part in enumerate(parts):
        assert not l1.is_verified(made.statement)
        assert l1.progress(made.statement)[0] == number
        gas = l1.submit(made.statement, part)
        assert gas.charged < PART_GAS
        topics = [bytes.fromhex(log.topics[0].removeprefix("0x")) for log in l1.logs]
        last = [TOPICS["ProofVerified"]] if number == len(parts) - 1 else []
        assert topics == [TOPICS["PartVerified"], *last]
    assert l1.is_verified(made.statement)
    assert l1.progress(made.statement) == (0, bytes(32))


def test_the_gas_of_a_verification(l1: OnL1) -> None:
    made = stored()
    assert sum(gas.charged for gas in l1.prove(made.statement, made.parts())) < 9_500_000


@pytest.mark.soak
@pytest.mark.parametrize("profile", [FAST, L1_128], ids=lambda profile: profile.name)
def test_honest_proofs_of_other_profiles(profile: Profile) -> None:
    made = make(profile)
    l1 = OnL1(profile)
    l1.prove(made.statement, made.parts())
    assert l1.is_verified(made.statement)
    assert OnL1(stored().profile).verdict(made.statement, made.parts())


def test_the_contracts_can_be_deployed() -> None:
    for name in ("BatchVerifier", "RiscvMachine"):
        assert len(load(name).deployed_bytecode) < CODE_LIMIT


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_parts_come_in_order(l1: OnL1) -> None:
    made = stored()
    first, second, third, *rest = made.parts(60_000)
    assert refusal(l1, made.statement, second) == "WrongPart"
    l1.submit(made.statement, first)
    assert refusal(l1, made.statement, third) == "WrongPart"
    l1.submit(made.statement, second)
    assert refusal(l1, made.statement, second) == "WrongPart"
    l1.prove(made.statement, [third, *rest])
    assert l1.is_verified(made.statement)


def test_a_session_may_begin_anew(l1: OnL1) -> None:
    made = stored()
    parts = made.parts(60_000)
    l1.prove(made.statement, parts[:2])
    l1.prove(made.statement, parts)
    assert l1.is_verified(made.statement)


def test_another_senders_part_is_refused(l1: OnL1) -> None:
    made = stored()
    parts = made.parts()
    l1.submit(made.statement, parts[0])
    assert refusal(l1, made.statement, parts[1], OTHER) == "WrongPart"
    assert l1.progress(made.statement, OTHER) == (0, bytes(32))
    l1.submit(made.statement, parts[1])


def test_parts_of_two_groupings_do_not_mix(l1: OnL1) -> None:
    made = stored()
    l1.submit(made.statement, made.parts(60_000)[0])
    assert refusal(l1, made.statement, made.parts(50_000)[1]) == "WrongContext"


def test_a_part_of_another_proof_is_refused(l1: OnL1) -> None:
    """Another nonce would do: here the context's final polynomial differs, with all else as it was."""
    made = stored()
    first, second = made.parts()
    l1.submit(made.statement, first)
    at = 5 + int.from_bytes(second[3:5], "big") - 4
    changed = second[:at] + bytes([second[at] ^ 1]) + second[at + 1 :]
    assert refusal(l1, made.statement, changed) == "WrongContext"


def test_what_is_proven_is_not_paid_for_twice(l1: OnL1) -> None:
    made = stored()
    l1.prove(made.statement, made.parts())
    for sender in (SENDER, OTHER):
        for part in made.parts():
            assert refusal(l1, made.statement, part, sender) == "AlreadyVerified"


# -- the statement ----------------------------------------------------------------------------------------------------


def test_another_programs_fact_is_not_proven(l1: OnL1) -> None:
    made = stored()
    other = Statement(keccak(b"another program"), made.public)
    assert refusal(l1, other, made.parts()[0]) == "WrongKey"


@pytest.mark.parametrize("word", range(8))
def test_a_wrong_public_input_is_refused(l1: OnL1, word: int) -> None:
    made = stored()
    public = list(made.public)
    public[word] ^= 1
    wrong = Statement(made.key.hash, tuple(public))
    assert refusal(l1, wrong, made.parts()[0]) in ("ConstraintMismatch", "GrindingTooWeak", "WrongPosition")


# -- the encoding -----------------------------------------------------------------------------------------------------


def test_there_is_one_encoding_of_a_call(l1: OnL1) -> None:
    made = stored()
    part = made.parts()[0]
    data = made.statement.call(part)
    padding = -len(part) % 32
    assert padding, "the test needs a part whose bytes do not end with a word"
    offset = 4 + 64
    moved = data[:offset] + (0x80).to_bytes(32, "big") + bytes(32) + data[offset + 32 :]
    for wrong in (
        data + b"\0",
        data + bytes(32),
        data[:-1],
        data[:-1] + b"\1",
        data[:-padding] + b"\1" * padding,
        moved,
    ):
        with pytest.raises(Refused):
            l1.send(wrong)
    l1.send(data)


def test_nothing_may_be_missing_or_left_over(l1: OnL1) -> None:
    made = stored()
    first, second = made.parts()
    for wrong in (b"", b"\0", first[:100], first[:-1], first[:-25], first + b"\0", first + first[-25:]):
        refusal(l1, made.statement, wrong)
    l1.submit(made.statement, first)
    for wrong in (second[:1], second[:100], second[:-1], second[:-25], second + b"\0", second + second[-25:]):
        refusal(l1, made.statement, wrong)
    l1.submit(made.statement, second)


def test_a_part_opens_queries_that_are_left(l1: OnL1) -> None:
    made = stored()
    first, second = made.parts()
    l1.submit(made.statement, first)
    at = 5 + int.from_bytes(second[3:5], "big")
    count = int.from_bytes(second[at : at + 2], "big")
    for wrong in (0, count + 1, 0xFFFF):
        changed = second[:at] + wrong.to_bytes(2, "big") + second[at + 2 :]
        assert refusal(l1, made.statement, changed) == "WrongOpenings"
    fewer = second[:at] + (count - 1).to_bytes(2, "big") + second[at + 2 :]
    refusal(l1, made.statement, fewer)


def test_elements_are_below_p(l1: OnL1) -> None:
    """v + p is the same element in another coat, wherever it fits."""
    made = stored()
    parts = made.parts()
    seen = set()
    for number, part in enumerate(parts):
        for at in range(0, len(part) - 8, 977):
            # Small values are frequent, since the guest is short: each is an element, or the end of one and a zero.
            found = part.find(bytes(5), at)
            value = int.from_bytes(part[found : found + 8], "big")
            if found < 0 or value + P >= 1 << 64:
                continue
            changed = part[:found] + (value + P).to_bytes(8, "big") + part[found + 8 :]
            others = [changed if index == number else each for index, each in enumerate(parts)]
            seen.add(l1.verdict(made.statement, others))
    assert "" not in seen
    assert "NonCanonicalElement" in seen


def test_every_column_of_a_row_is_below_p(l1: OnL1) -> None:
    """Four elements are looked at together, and only closer where one has the upper half of p − 1."""
    made = stored()
    first, second = made.parts()
    l1.submit(made.statement, first)
    for name, begin, end, item in regions(made, second, 1):
        if not name.startswith("rows"):
            continue
        row = end - item
        for at in range(row, end, 8):
            # The last row's last columns are followed by whatever comes next.
            for value in (P, *((2**64 - 1, P - 1) if at % 5 == 0 else ())):
                changed = second[:at] + value.to_bytes(8, "big") + second[at + 8 :]
                refused = refusal(l1, made.statement, changed) == "NonCanonicalElement"
                assert refused == (value >= P), (name, at - begin)
    l1.submit(made.statement, second)
