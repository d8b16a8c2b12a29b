"""Parts of the batch program against those of the chain's own Python: compression, the log tree."""

import ctypes

from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.batcher.compression import compress
from chain_template.batcher.log_tree import MAX_LOGS, LogTree
from chain_template.primitives import keccak
from tests.zkvm.guest.batch.native import library

# Around the sizes where another form becomes the shortest.
NUMBERS = st.integers(0, 2**256 - 1) | st.integers(0, 300) | st.integers(0, 255).map(lambda bits: 2**256 - 2**bits)
STEPS = st.integers(-(2**20), 2**20) | st.integers(0, 255).map(lambda bits: 2**bits)


def changed(old: int, new: int) -> bytes:
    to = ctypes.create_string_buffer(33)
    size = library().batch_change(to, old.to_bytes(32), new.to_bytes(32))
    return to.raw[:size]


@settings(deadline=None)
@given(old=NUMBERS, new=NUMBERS)
def test_any_change(old: int, new: int) -> None:
    assert changed(old, new) == compress(old, new).encode()


@settings(deadline=None)
@given(old=NUMBERS, step=STEPS)
def test_a_change_by_little(old: int, step: int) -> None:
    new = (old + step) % 2**256
    assert changed(old, new) == compress(old, new).encode()
    assert changed(new, old) == compress(new, old).encode()


def log_root(leaves: list[bytes]) -> bytes:
    root = ctypes.create_string_buffer(32)
    hashes = ctypes.create_string_buffer(b"".join(map(keccak, leaves)), 32 * (len(leaves) + 1))
    library().batch_log_root(root, hashes, len(leaves))
    return root.raw


def test_log_trees_of_every_shape() -> None:
    for count in [*range(18), 31, 32, 33, 1000, MAX_LOGS - 1, MAX_LOGS]:
        leaves = [index.to_bytes(88) for index in range(1, count + 1)]
        assert log_root(leaves) == LogTree(leaves).chain_batch_root, count
