"""Keccak-256 of rows, nodes and messages, one at a time."""

from collections.abc import Sequence

import numpy as np
from eth_hash.auto import keccak

from zkvm.backends.reference.transforms import bit_reversed
from zkvm.backends.tree import Bytes
from zkvm.field.base import Array


def keccak256(messages: Bytes) -> Bytes:
    """Digests of all rows of ``messages``."""
    digests = b"".join(keccak(message.tobytes()) for message in messages)
    return np.frombuffer(digests, dtype=np.uint8).reshape(len(messages), 32).copy()


def digest_rows(groups: Sequence[Array], node_bytes: int) -> Bytes:
    """Digests of the rows, elements big-endian."""
    rows = np.ascontiguousarray(np.concatenate(groups).T).astype(">u8")
    return np.ascontiguousarray(keccak256(rows.view(np.uint8))[:, :node_bytes])


def hash_nodes(children: Bytes, injected: Bytes | None) -> Bytes:
    """Parents of pairs of children."""
    node_bytes = children.shape[1]
    messages = children.reshape(-1, 2 * node_bytes)
    if injected is not None:
        messages = np.concatenate([messages, injected], axis=1)
    return np.ascontiguousarray(keccak256(messages)[:, :node_bytes])


def scatter_digests(digests: Bytes, out: Bytes) -> None:
    """Bit-reverse the order of rows."""
    out[...] = digests[bit_reversed(len(digests).bit_length() - 1)]


def grind(state: bytes, bits: int) -> int:
    """Try nonces from 0."""
    nonce = 0
    while int.from_bytes(keccak(state + nonce.to_bytes(8, "big")), "big") >> (256 - bits):
        nonce += 1
    return nonce
