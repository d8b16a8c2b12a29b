"""Verifying keys: one encoding, and a hash that covers everything."""

from contextlib import suppress
from dataclasses import replace

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zkvm.stark.honest import honest
from tests.zkvm.stark.toys import TOY
from zkvm.air.examples import accumulator, lookup
from zkvm.field import P
from zkvm.stark.errors import MalformedKey, WrongKey
from zkvm.stark.key import VerifyingKey, constraints_digest, root_heights

KEY = VerifyingKey(
    machine="toy",
    log_blowup=2,
    node_bytes=25,
    parameters={"entry": 4096, "halt_pc": 8},
    heights={"rom": 64, "byte": 65536},
    roots={16: bytes(range(25)), 17: bytes(25)},
    constraints=bytes(range(32)),
)


def test_bytes_and_key_are_one_to_one() -> None:
    for key in (KEY, honest("lookup, low user").key, honest("fibonacci").key):
        data = key.to_bytes()
        assert VerifyingKey.from_bytes(data) == key
        assert VerifyingKey.from_bytes(data).to_bytes() == data
        assert key.hash == keccak(data)


@pytest.mark.parametrize(
    "changed",
    [
        replace(KEY, machine="toz"),
        replace(KEY, log_blowup=3),
        replace(KEY, parameters={"entry": 4096, "halt_pc": 9}),
        replace(KEY, parameters={"entry": 4096}),
        replace(KEY, heights={"rom": 128, "byte": 65536}),
        replace(KEY, roots={16: bytes(25), 17: bytes(25)}),
        replace(KEY, roots={16: bytes(range(25))}),
        replace(KEY, constraints=bytes(32)),
    ],
)
def test_the_hash_covers_every_part(changed: VerifyingKey) -> None:
    assert changed.hash != KEY.hash


def test_the_order_of_names_does_not_matter() -> None:
    assert replace(KEY, parameters={"halt_pc": 8, "entry": 4096}).hash == KEY.hash


def test_every_truncation_and_extension_is_refused() -> None:
    data = KEY.to_bytes()
    for length in range(len(data)):
        with pytest.raises(MalformedKey):
            VerifyingKey.from_bytes(data[:length])
    with pytest.raises(MalformedKey):
        VerifyingKey.from_bytes(data + b"\0")


@given(st.integers(0, 10**6), st.integers(0, 7))
@settings(deadline=None)
def test_a_flipped_bit_gives_another_key_or_none(at: int, bit: int) -> None:
    data = bytearray(KEY.to_bytes())
    data[at % len(data)] ^= 1 << bit
    with suppress(MalformedKey):
        assert VerifyingKey.from_bytes(bytes(data)).to_bytes() == bytes(data)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_random_bytes_are_no_key(data: bytes) -> None:
    for candidate in (data, KEY.to_bytes()[:14] + data):
        with suppress(MalformedKey):
            assert VerifyingKey.from_bytes(candidate).to_bytes() == candidate


def test_unordered_names_and_odd_numbers_are_refused() -> None:
    data = KEY.to_bytes()
    for old, new in (
        (b"\0\5entry", b"\0\5zntry"),
        (b"\0\7halt_pc", b"\0\7aalt_pc"),
        ((4096).to_bytes(8, "big"), P.to_bytes(8, "big")),
        ((65536).to_bytes(8, "big"), (65537).to_bytes(8, "big")),
        ((65536).to_bytes(8, "big"), bytes(8)),
        (b"\x10\0\1\2", b"\x11\0\1\2"),
        (b"\x10\0\1\2", b"\x21\0\1\2"),
        (b"\0\3toy", b"\0\3\xff\xff\xff"),
    ):
        assert data.count(old) == 1
        with pytest.raises(MalformedKey):
            VerifyingKey.from_bytes(data.replace(old, new))


def test_a_key_needs_a_root_for_every_height_from_the_tallest_fixed_table() -> None:
    assert list(root_heights(lookup(), {"squares": 256})) == list(range(8, 19))
    assert list(root_heights(accumulator(), {})) == []


def test_the_check_names_what_is_wrong() -> None:
    key = honest("lookup, low user").key
    key.check(lookup(), TOY)
    with pytest.raises(WrongKey, match="accumulator"):
        key.check(accumulator(), TOY)
    with pytest.raises(WrongKey, match="log2 N"):
        replace(key, roots={}).check(lookup(), TOY)
    assert constraints_digest(lookup()) != constraints_digest(accumulator())
