"""RLP, read and written, against the public vectors and the ``rlp`` library."""

import json
from typing import Any

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.vectors import unpacked
from tests.zkvm.guest.chain.scripts import Output, Reason, Runner, Step, sized, start

Nested = bytes | list["Nested"]
NESTED = st.recursive(
    st.binary(max_size=70) | st.integers(0, 255).map(lambda byte: bytes([byte])), lambda inner: st.lists(inner)
)


class NotCanonical(Exception):
    """An item that the reader refuses."""


def answer(run: Runner, step: Step, data: bytes) -> Output:
    reason, output = run(start() + bytes([step]) + data, memory=0)
    assert reason == Reason.OK
    return Output(output)


def read_first(run: Runner, data: bytes) -> tuple[Nested, bytes]:
    """The first item, with all that is in it, and the rest."""
    output = answer(run, Step.READ_ITEM, sized(data))
    is_read, is_list = output.take(2)
    payload, rest = output.sized(), output.sized()
    output.end()
    if not is_read:
        raise NotCanonical(data.hex())
    if not is_list:
        return payload, rest
    items: list[Nested] = []
    while payload:
        item, payload = read_first(run, payload)
        items.append(item)
    return items, rest


def read(run: Runner, data: bytes) -> Nested:
    item, rest = read_first(run, data)
    if rest:
        raise NotCanonical(data.hex())
    return item


def write(run: Runner, item: Nested) -> bytes:
    if isinstance(item, bytes):
        return answer(run, Step.WRITE_STRING, sized(item)).sized()
    return answer(run, Step.WRITE_LIST, sized(b"".join(write(run, inner) for inner in item))).sized()


def given_item(value: Any) -> Nested:
    """What a vector's ``in`` stands for: ``#`` begins a number too large for JSON."""
    if isinstance(value, list):
        return [given_item(inner) for inner in value]
    if isinstance(value, str) and not value.startswith("#"):
        return value.encode()
    number = int(value[1:]) if isinstance(value, str) else value
    assert isinstance(number, int)
    return number.to_bytes((number.bit_length() + 7) // 8)


def vectors(name: str) -> list[tuple[Any, bytes]]:
    cases = json.loads((unpacked("ethereum-tests") / "RLPTests" / f"{name}.json").read_text())
    assert cases
    return [(case["in"], bytes.fromhex(case["out"].removeprefix("0x"))) for case in cases.values()]


def test_published_items(run: Runner) -> None:
    for value, data in vectors("rlptest"):
        item = given_item(value)
        assert write(run, item) == data
        assert read(run, data) == item


def test_published_bytes_that_are_no_items(run: Runner) -> None:
    for _, data in vectors("invalidRLPTest"):
        with pytest.raises(NotCanonical):
            read(run, data)


@settings(deadline=None, max_examples=50)
@given(item=NESTED)
def test_items_of_any_shape(run: Runner, item: Nested) -> None:
    data = rlp.encode(item)
    assert write(run, item) == data
    assert read(run, data) == item


@pytest.mark.parametrize("size", [55, 56, 255, 256, 65_535, 65_536])
def test_sizes_around_each_head(run: Runner, size: int) -> None:
    for step, item in ((Step.WRITE_STRING, b"\xab" * size), (Step.WRITE_LIST, [b"\x01"] * size)):
        data = rlp.encode(item)
        payload = data[-size:]
        assert answer(run, step, sized(payload)).sized() == data
        output = answer(run, Step.READ_ITEM, sized(data))
        assert output.take(2) == bytes([True, step == Step.WRITE_LIST])
        assert output.sized() == payload
        cut = answer(run, Step.READ_ITEM, sized(data[:-1]))
        assert cut.take(2)[0] == 0


@settings(deadline=None, max_examples=50)
@given(data=st.binary(max_size=12) | st.binary(max_size=12).map(lambda tail: b"\xf8" + tail))
def test_any_bytes_are_read_as_the_library_reads_them(run: Runner, data: bytes) -> None:
    try:
        expected = rlp.decode(data, strict=True) if data else None
    except rlp.exceptions.DecodingError:
        expected = None
    try:
        found = read(run, data)
    except NotCanonical:
        assert expected is None
    else:
        assert found == expected


@pytest.mark.parametrize(
    "number", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 2**32, 2**56 - 1, 2**64 - 1, 2**64, 2**128, 2**248, 2**256 - 1, 2**256]
)
def test_numbers(run: Runner, number: int) -> None:
    data = rlp.encode(number)
    narrow, wide = read_numbers(run, data)
    assert narrow == (number if number < 2**64 else None)
    assert wide == (number if number < 2**256 else None)
    if number < 2**256:
        output = answer(run, Step.WRITE_NUMBER, number.to_bytes(32))
        assert output.sized() == data
        output.end()


@pytest.mark.parametrize("data", ["", "00", "8100", "817f", "820001", "c0", "c101", "8201", "a1" + "01" * 33])
def test_bytes_that_are_no_numbers(run: Runner, data: str) -> None:
    assert read_numbers(run, bytes.fromhex(data)) == (None, None)


def read_numbers(run: Runner, data: bytes) -> tuple[int | None, int | None]:
    """As 64 bits and as 256; None where it was refused."""
    output = answer(run, Step.READ_NUMBER, sized(data))
    is_narrow, narrow = output.take(1)[0], int.from_bytes(output.take(8), "little")
    is_wide, wide = output.take(1)[0], int.from_bytes(output.take(32))
    output.end()
    return narrow if is_narrow else None, wide if is_wide else None
