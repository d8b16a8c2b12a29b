"""keccak-256 in C, all at once and in parts."""

import ctypes

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chain_template.primitives import keccak
from tests.zkvm.guest.native import shared_library, sources_of


@pytest.fixture(scope="module")
def library() -> ctypes.CDLL:
    return shared_library(sources_of("base"))


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.binary(max_size=300), max_size=4))
@example(parts=[b"\x01" * 136])
@example(parts=[b"\x01" * 135, b"\x02" * 137])
def test_digest(library: ctypes.CDLL, parts: list[bytes]) -> None:
    whole = b"".join(parts)
    digest = ctypes.create_string_buffer(32)
    library.keccak256(digest, whole, ctypes.c_size_t(len(whole)))
    assert digest.raw == keccak(whole)
    # 25 lanes and a counter, with room to spare.
    state = (ctypes.c_uint64 * 32)()
    library.keccak_start(state)
    for part in parts:
        library.keccak_update(state, part, ctypes.c_size_t(len(part)))
    library.keccak_finish(state, digest)
    assert digest.raw == keccak(whole)
