"""RLP read in C: what the library takes is read the same, and nothing else is taken."""

from typing import Any

import pytest
import rlp
from hypothesis import example, given
from hypothesis import strategies as st
from rlp.exceptions import DecodingError

from chain_template.primitives import decode_rlp

values: st.SearchStrategy[Any] = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6))


def nested(depth: int) -> bytes:
    data = b"\xc0"
    for _ in range(depth - 1):
        data = rlp.encode([rlp.decode(data)])
    return data


@given(values)
def test_values(value: Any) -> None:
    assert decode_rlp(rlp.encode(value)) == value


@given(st.binary(max_size=80))
@example(b"")
@example(b"\x81\x01")
@example(b"\xb8\x37" + b"a" * 55)
@example(b"\xf8\x01\x80")
@example(b"\xc2\x80")
def test_any_bytes(data: bytes) -> None:
    try:
        expected = rlp.decode(data)
    except DecodingError:
        with pytest.raises(DecodingError):
            decode_rlp(data)
    else:
        assert decode_rlp(data) == expected


@given(values, st.data())
def test_mutated_bytes(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(rlp.encode(value))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    test_any_bytes.hypothesis.inner_test(bytes(encoded))


def test_depth_is_bounded() -> None:
    assert decode_rlp(nested(32)) == rlp.decode(nested(32))
    with pytest.raises(DecodingError, match="deep"):
        decode_rlp(nested(33))
