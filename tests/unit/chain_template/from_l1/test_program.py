"""Which program a batch was verified by, read from L1's events."""

from types import SimpleNamespace

import pytest

from chain_template.errors import L1Diverged
from chain_template.from_l1.program import ProgramInForce, program_of
from chain_template.store.records import BatchStage
from contracts.artifacts import load
from contracts.client import Log
from contracts.codec import abi_encode

CHAIN = load("ZKChain")
A, B, C = ("0x" + digit * 40 for digit in "abc")
P, Q = b"\x01" * 32, b"\x02" * 32
START, HEAD = 5, 99


def new_program(version, verifier, program):
    data = abi_encode(["address", "bytes32"], [verifier, program])
    return Log(A, (CHAIN.event("NewProgram").topic, version.to_bytes(32, "big")), data, 0, b"", b"", 0)


def new_code(version):
    topics = (CHAIN.event("ExecuteUpgrade").topic, bytes(32), version.to_bytes(32, "big"))
    return Log(A, topics, abi_encode(["address"], [C]), 0, b"", b"", 0)


def verification(first, last):
    topics = (CHAIN.event("BlocksVerification").topic, (first - 1).to_bytes(32, "big"), last.to_bytes(32, "big"))
    return Log(A, topics, b"", 0, b"", b"", 0)


def asked(logs, number, stage=BatchStage.EXECUTED):
    def events(names, first, last):
        assert (set(names), first, last) == ({"NewProgram", "ExecuteUpgrade", "BlocksVerification"}, START, HEAD)
        return logs

    chain = SimpleNamespace(events=events, chain=CHAIN, link=SimpleNamespace(start_block=START))
    return program_of(chain, number, stage, HEAD)


def test_a_batch_has_the_program_of_its_verification():
    logs = [
        new_program(1, A, P),
        verification(1, 2),
        new_program(2, A, Q),
        verification(3, 3),
        new_program(3, B, Q),
        verification(4, 6),
    ]
    found = [asked(logs, number) for number in range(1, 7)]
    assert found[0] == found[1] == ProgramInForce(1, A, P, is_current=False)
    assert found[2] == ProgramInForce(2, A, Q, is_current=False)
    assert found[3] == found[4] == found[5] == ProgramInForce(3, B, Q, is_current=True)


def test_what_was_verified_twice_counts_as_of_the_last_time():
    logs = [new_program(1, A, P), verification(1, 3), new_program(2, B, Q), verification(2, 2)]
    assert asked(logs, 2) == ProgramInForce(2, B, Q, is_current=True)
    assert asked(logs, 1).program_id == P
    # Taken back, and committed once more: it waits for a proof by the program of today.
    assert asked(logs, 3, BatchStage.COMMITTED) == ProgramInForce(2, B, Q, is_current=True)


def test_a_version_with_the_same_program_changes_the_version_alone():
    logs = [
        new_program(1, A, P),
        verification(1, 1),
        new_code(2),
        verification(2, 2),
        new_program(3, A, Q),
        new_code(3),
    ]
    assert asked(logs, 1) == ProgramInForce(1, A, P, is_current=False)
    assert asked(logs, 2) == ProgramInForce(2, A, P, is_current=False)
    assert asked(logs, 3, BatchStage.COMMITTED) == ProgramInForce(3, A, Q, is_current=True)


def test_a_program_that_comes_back_is_current():
    logs = [new_program(1, A, P), verification(1, 1), new_program(2, A, Q), new_program(3, A, P)]
    assert asked(logs, 1) == ProgramInForce(1, A, P, is_current=True)


@pytest.mark.parametrize(
    ("logs", "stage"),
    [
        ([], BatchStage.COMMITTED),
        ([verification(1, 1)], BatchStage.EXECUTED),
        ([new_program(1, A, P)], BatchStage.EXECUTED),
        ([new_program(1, A, P), verification(2, 2)], BatchStage.VERIFIED),
    ],
)
def test_events_that_do_not_say_are_not_guessed_at(logs, stage):
    with pytest.raises(L1Diverged, match="by which program batch 1"):
        asked(logs, 1, stage)
