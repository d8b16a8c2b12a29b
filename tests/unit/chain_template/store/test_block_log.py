"""The block log by itself."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain_template.errors import StoreCorrupt
from chain_template.store.block_log import EMPTY_TAIL, FIRST_RECORD, BlockLog, LogIdentity, RecordKind, Tail
from chain_template.store.logged import decode_batch, decode_block, encode_batch, encode_block

IDENTITY = LogIdentity(271, b"\x07" * 32)

records = st.lists(
    st.tuples(st.sampled_from(RecordKind), st.integers(0, 2**63), st.binary(max_size=300)), min_size=1, max_size=6
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blocks.log"


def write(path: Path, entries: list[tuple[RecordKind, int, bytes]], *, confirm: bool = False) -> list[Tail]:
    tails = [EMPTY_TAIL]
    with BlockLog.create(path, IDENTITY) as log:
        for kind, number, payload in entries:
            tails.append(log.append(tails[-1], kind, number, payload))
        if confirm:
            log.confirm(tails[-1])
    return tails


def read(path: Path) -> list[tuple[RecordKind, int, bytes]]:
    with BlockLog(path, writable=False) as log:
        return [(record.kind, record.number, record.payload) for record in log.records()]


def test_an_empty_log(path):
    write(path, [])
    assert read(path) == []
    assert path.stat().st_size == FIRST_RECORD
    with BlockLog(path) as log:
        assert log.identity == IDENTITY
        assert log.confirmed == FIRST_RECORD
        assert log.record_at(FIRST_RECORD) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(entries=records)
def test_records_come_back(path, entries):
    write(path, entries, confirm=True)
    assert read(path) == entries


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(entries=records, data=st.data())
def test_a_torn_last_record_is_left_out(path, entries, data):
    tails = write(path, entries)
    end = data.draw(st.integers(tails[-2].end, tails[-1].end - 1))
    os.truncate(path, end)
    assert read(path) == entries[:-1]
    # A file system may also have given the space and not written it.
    with path.open("ab") as file:
        file.write(bytes(tails[-1].end - end) if end == tails[-2].end else b"")
    assert read(path) == entries[:-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(entries=records, data=st.data())
def test_no_flip_in_a_confirmed_record_goes_unnoticed(path, entries, data):
    tails = write(path, entries, confirm=True)
    at = data.draw(st.integers(FIRST_RECORD, tails[-1].end - 1))
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="is unreadable"):
        read(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(entries=records, data=st.data())
def test_no_confirmed_record_can_be_cut_off(path, entries, data):
    tails = write(path, entries, confirm=True)
    os.truncate(path, data.draw(st.integers(FIRST_RECORD, tails[-1].end - 1)))
    with pytest.raises(StoreCorrupt, match="is unreadable"):
        read(path)


def test_an_append_takes_the_place_of_an_unfinished_one(path):
    first = write(path, [(RecordKind.BLOCK, 1, b"one"), (RecordKind.BLOCK, 2, b"a longer one")])[1]
    with BlockLog(path) as log:
        log.append(first, RecordKind.BLOCK, 2, b"2")
    assert read(path) == [(RecordKind.BLOCK, 1, b"one"), (RecordKind.BLOCK, 2, b"2")]


@pytest.mark.parametrize("at", [0, 8, 9, 10, 20, 40, 52])
def test_a_flip_in_the_header_is_noticed(path, at):
    write(path, [(RecordKind.BLOCK, 1, b"one")])
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt):
        BlockLog(path)


def test_another_version_is_not_read(path, monkeypatch):
    monkeypatch.setattr("chain_template.store.block_log.LOG_VERSION", 9)
    write(path, [])
    monkeypatch.undo()
    with pytest.raises(StoreCorrupt, match="version 9; this program reads 1"):
        BlockLog(path)


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\xc0"])
def test_a_block_that_this_program_did_not_write(payload):
    with pytest.raises(StoreCorrupt, match="not well-formed"):
        decode_block(payload, 271)


@pytest.mark.parametrize("payload", [b"", b"\xc0", b"\xc3\x80\xc0\xc0", b"not rlp at all", b"\xc4\x80\x80\x80\xc0"])
def test_a_batch_that_this_program_did_not_write(payload):
    with pytest.raises(StoreCorrupt, match="not well-formed"):
        decode_batch(1, payload)


def test_no_part_of_a_block_is_a_block(world):
    block = world.blocks[2]
    payload = encode_block(block.header, block.transactions, {})
    assert decode_block(payload, 271).transactions == block.transactions
    ends = set()
    for end in range(len(payload)):
        try:
            ends.add(len(decode_block(payload[:end], 271).transactions))
        except StoreCorrupt:
            continue
    assert ends == set(range(len(block.transactions)))  # where one transaction ends, and nowhere else


@given(first=st.integers(0, 2**63), last=st.integers(0, 2**63), at=st.integers(0, 2**63), reason=st.text(max_size=20))
def test_a_batch_comes_back(first, last, at, reason):
    batch = decode_batch(5, encode_batch(first, last, reason, at))
    assert (batch.number, batch.first_block, batch.last_block, batch.seal_reason, batch.sealed_at_ms) == (
        5,
        first,
        last,
        reason,
        at,
    )
