"""Keccak-256 of rows, nodes and messages: how ``kernels/hash.cu`` is launched."""

from collections.abc import Sequence

import numpy as np

from zkvm.backends.cuda.arrays import DeviceArray
from zkvm.backends.cuda.device import Launch
from zkvm.backends.cuda.launching import Kernels

THREADS = 128
DIGEST_WORDS = 4  # of shared memory a thread
BLOCK_WORDS = 17
LEAST_STRETCH = 1 << 16
"""Nonces of the first search; every further one is twice as long."""
MOST_STRETCH = 1 << 24
LAST_NONCE = 1 << 63
NONE = (1 << 64) - 1


def digest_rows(kernels: Kernels, groups: Sequence[DeviceArray], node_bytes: int) -> DeviceArray:
    """Row digests, natural order."""
    rows = groups[0].shape[1]
    columns = kernels.words(*(column.address for group in groups for column in group))
    out = kernels.empty(rows, node_bytes, dtype=np.uint8)
    shape = _shape(rows, DIGEST_WORDS)
    kernels.launch("hash", "digest_rows", shape, columns, len(columns), rows, node_bytes, out)
    return out


def hash_nodes(kernels: Kernels, children: DeviceArray, injected: DeviceArray | None) -> DeviceArray:
    """One level of a tree from the level below."""
    nodes, node_bytes = len(children) // 2, children.shape[1]
    out = kernels.empty(nodes, node_bytes, dtype=np.uint8)
    kernels.launch("hash", "hash_nodes", _shape(nodes, BLOCK_WORDS), children, injected, nodes, node_bytes, out)
    return out


def hash_messages(kernels: Kernels, messages: DeviceArray) -> DeviceArray:
    """Digests of equally long messages."""
    count, length = messages.shape
    out = kernels.empty(count, 32, dtype=np.uint8)
    kernels.launch("hash", "hash_messages", _shape(count, BLOCK_WORDS), messages, count, length, out)
    return out


def scatter_digests(kernels: Kernels, digests: DeviceArray, out: DeviceArray) -> None:
    """Digests of rows to their positions in the tree."""
    rows, node_bytes = digests.shape
    log_rows = rows.bit_length() - 1
    kernels.launch("hash", "scatter_digests", kernels.over(digests.nbytes), digests, out, log_rows, node_bytes)


def pick_digests(kernels: Kernels, digests: DeviceArray, positions: Sequence[int]) -> list[bytes]:
    """Some digests, on the host."""
    count, node_bytes = len(positions), digests.shape[1]
    out = kernels.empty(count, node_bytes, dtype=np.uint8)
    where = kernels.words(*positions)
    kernels.launch("hash", "pick_digests", kernels.over(out.size), digests, node_bytes, where, count, out)
    return [digest.tobytes() for digest in out.to_host()]


def grind(kernels: Kernels, state: bytes, bits: int, stretch: int = LEAST_STRETCH) -> int:
    """The smallest nonce that shows the work: searched in stretches, each in any order."""
    if bits == 0:
        return 0
    words = np.frombuffer(state, dtype="<u8").tolist()
    found, first = kernels.words(NONE), 0
    while first < LAST_NONCE:
        kernels.launch("hash", "grind", kernels.over(stretch), *words, bits, first, stretch, found)
        nonce = int(found.to_host()[0])
        if nonce != NONE:
            return nonce
        first, stretch = first + stretch, min(2 * stretch, MOST_STRETCH)
    raise AssertionError(f"no nonce below 2^63 shows {bits} bits of work")


def _shape(messages: int, words: int) -> Launch:
    """A message a thread."""
    return Launch(-(-messages // THREADS), THREADS, shared=8 * words * THREADS)
