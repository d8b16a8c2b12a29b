import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain_template.batcher.compression import CompressedValue, Operation, compress, decode_compressed
from chain_template.errors import BatchError

WORD = 1 << 256
words = st.one_of(st.integers(0, WORD - 1), st.integers(0, 300), st.integers(WORD - 300, WORD - 1))


@given(old=words, new=words)
def test_round_trip(old, new):
    encoded = compress(old, new).encode()
    value, end = decode_compressed(b"\xaa" + encoded + b"\xbb", 1)
    assert end == 1 + len(encoded)
    assert value.apply(old) == new
    assert len(encoded) <= 33


@given(old=words, new=words)
def test_no_form_is_shorter(old, new):
    operands = {
        Operation.ADD: (new - old) % WORD,
        Operation.SUB: (old - new) % WORD,
        Operation.TRANSFORM: new,
    }
    shortest = min(1 + (operand.bit_length() + 7) // 8 for operand in operands.values())
    assert len(compress(old, new).encode()) == min(shortest, 33)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (5, 0, "03"),  # clearing a slot is one byte: transform to nothing
        (10**18, 10**18 + 1, "0901"),
        (10**18, 10**18 - 256, "120100"),
        (0, 0xABCD, "11abcd"),  # add and transform tie; the lower code wins
        (2**256 - 1, 0, "03"),
        (2**256 - 1, 1, "0902"),
        (1 << 255, int("ff" * 16 + "00" * 16, 16), "00" + "ff" * 16 + "00" * 16),
    ],
)
def test_known_forms(old, new, expected):
    assert compress(old, new).encode().hex() == expected


@pytest.mark.parametrize("data", ["", "04", "07", "08", "0a00", "0900", "1101", "00" * 32, "f8" + "00" * 31])
def test_malformed_values_are_refused(data):
    with pytest.raises(BatchError):
        decode_compressed(bytes.fromhex(data), 0)


def test_sum_wraps_modulo_the_word():
    assert CompressedValue(Operation.ADD, 2).apply(WORD - 1) == 1
    assert CompressedValue(Operation.SUB, 2).apply(1) == WORD - 1
