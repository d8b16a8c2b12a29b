"""Receipts and blooms against those of the chain's own Python."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.receipts import Log, Receipt, logs_bloom
from tests.zkvm.guest.chain.scripts import Output, Reason, Runner, Step, sized, start

WORDS = st.binary(min_size=32, max_size=32)
ADDRESSES = st.binary(min_size=20, max_size=20)
DATA = st.binary(max_size=70) | st.sampled_from([b"\x7f", b"\x80", bytes(256)])
LOGS = st.builds(Log, ADDRESSES, st.lists(WORDS, max_size=4).map(tuple), DATA)


def encoded(run: Runner, kind: int, status: int, gas: int, logs: tuple[Log, ...]) -> tuple[bytes, bytes]:
    """The guest's receipt, and the bloom that its logs make one by one."""
    parts = [log.address + struct.pack("<I", len(log.topics)) + b"".join(log.topics) + sized(log.data) for log in logs]
    step = struct.pack("<BBBQI", Step.RECEIPT, kind, status, gas, len(logs)) + b"".join(parts)
    reason, written = run(start() + step)
    assert reason == Reason.OK
    output = Output(written)
    result = output.sized(), output.take(256)
    output.end()
    return result


def expected(kind: int, status: int, gas: int, logs: tuple[Log, ...]) -> tuple[bytes, bytes]:
    bloom = logs_bloom(logs)
    return Receipt(kind, status, 0, gas, 0, logs, bloom).encode(), bloom


@settings(deadline=None, max_examples=100)
@given(
    kind=st.sampled_from([0, 1, 2, 0x71, 0x7E, 0x7F]),
    status=st.sampled_from([0, 1]),
    gas=st.integers(0, 2**64 - 1),
    logs=st.lists(LOGS, max_size=5).map(tuple),
)
def test_any_receipt(run: Runner, kind: int, status: int, gas: int, logs: tuple[Log, ...]) -> None:
    assert encoded(run, kind, status, gas, logs) == expected(kind, status, gas, logs)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 70_000])
def test_sizes_of_data(run: Runner, size: int) -> None:
    logs = (Log(b"\x11" * 20, (), b"\x05" * size), Log(b"\x22" * 20, (b"\x33" * 32,) * 4, b""))
    assert encoded(run, 2, 1, 21_000, logs) == expected(2, 1, 21_000, logs)
