"""Headers and base fees against those of the chain's own Python."""

from dataclasses import replace
from typing import Any

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.headers import BlockHeader, next_base_fee
from tests.zkvm.guest.chain.scripts import Output, Reason, Runner, Step, sized, start

WORDS = st.binary(min_size=32, max_size=32)
UINT64 = st.integers(0, 2**64 - 1) | st.integers(0, 300)
GAS_LIMITS = st.integers(2, 2**63) | st.integers(2, 100)
FEES = st.integers(0, 2**192 - 1) | st.integers(0, 2000)
HEADERS = st.builds(
    BlockHeader,
    parent_hash=WORDS,
    coinbase=st.binary(min_size=20, max_size=20),
    state_root=WORDS,
    transactions_root=WORDS,
    receipts_root=WORDS,
    logs_bloom=st.binary(min_size=256, max_size=256),
    number=UINT64,
    gas_limit=GAS_LIMITS,
    gas_used=UINT64,
    timestamp=UINT64,
    base_fee_per_gas=FEES,
    extra_data=st.binary(max_size=60),
    ommers_hash=WORDS,
    difficulty=st.integers(0, 2**256 - 1),
    mix_hash=WORDS,
    nonce=st.binary(min_size=8, max_size=8),
    withdrawals_root=WORDS,
    blob_gas_used=UINT64,
    excess_blob_gas=UINT64,
    parent_beacon_block_root=WORDS,
)
FRESH = BlockHeader(bytes(32), bytes(20), bytes(32), bytes(32), bytes(32), bytes(256), 0, 0, 0, 0, 0)


def decoded(run: Runner, data: bytes, minimum: int = 0) -> tuple[bytes, int] | None:
    """The header encoded again, and the base fee after it; None where it was refused."""
    reason, written = run(start() + bytes([Step.HEADER]) + minimum.to_bytes(32) + sized(data))
    assert reason == Reason.OK
    output = Output(written)
    if not output.take(1)[0]:
        output.end()
        return None
    result = output.sized(), int.from_bytes(output.take(32))
    output.end()
    return result


def test_a_fresh_header(run: Runner) -> None:
    reason, written = run(start() + bytes([Step.FRESH_HEADER]))
    assert (reason, written) == (Reason.OK, sized(FRESH.encode()))


@settings(deadline=None, max_examples=100)
@given(header=HEADERS, minimum=FEES)
def test_any_header(run: Runner, header: BlockHeader, minimum: int) -> None:
    assert decoded(run, header.encode(), minimum) == (header.encode(), next_base_fee(header, minimum))


@settings(deadline=None, max_examples=100)
@given(header=HEADERS, per_limit=st.integers(0, 8), off=st.integers(-1, 1))
def test_base_fees_around_the_target(run: Runner, header: BlockHeader, per_limit: int, off: int) -> None:
    used = min(max(0, header.gas_limit * per_limit // 8 + off), header.gas_limit)
    parent = replace(header, gas_used=used)
    found = decoded(run, parent.encode())
    assert found is not None
    assert found[1] == next_base_fee(parent, 0)


@pytest.mark.parametrize("limit", [0, 1])
def test_a_base_fee_stays_where_there_is_no_target(run: Runner, limit: int) -> None:
    for used in (0, 5):
        header = replace(FRESH, gas_limit=limit, gas_used=used, base_fee_per_gas=77)
        assert decoded(run, header.encode()) == (header.encode(), 77)


def test_fields_of_the_wrong_kind_or_size(run: Runner) -> None:
    fields: list[Any] = rlp.decode(FRESH.encode())
    assert decoded(run, rlp.encode(fields)) is not None
    numbers, free = (7, 8, 9, 10, 11, 15, 17, 18), 12
    for at, field in enumerate(fields):
        wrong: list[Any] = [[], [b""], b"\0" + field]
        if at in numbers:
            wrong += [b"\0", b"\0\x01", b"\x01" * 33]
            wrong += [b"\x01" * 9] if at not in (7, 15) else []
        elif at == free:
            wrong = wrong[:2]
        else:
            wrong += [field[1:], b""]
        for item in wrong:
            assert decoded(run, rlp.encode([*fields[:at], item, *fields[at + 1 :]])) is None, (at, item)
    for items in (fields[:-1], [*fields, b""]):
        assert decoded(run, rlp.encode(items)) is None
    data = FRESH.encode()
    for broken in (b"", data[:-1], data + b"\0"):
        assert decoded(run, broken) is None
