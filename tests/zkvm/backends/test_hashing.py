"""Keccak-256 of rows, nodes and messages, and the search for a nonce, against an independent keccak."""

import struct

import numpy as np
import pytest
from Crypto.Hash import keccak as pycryptodome
from eth_hash.auto import keccak

from tests.zkvm.backends.samples import columns


def independent(data):
    return pycryptodome.new(digest_bits=256, data=data).digest()


@pytest.mark.parametrize("length", [0, 1, 7, 8, 64, 135, 136, 137, 271, 272, 1000])
def test_messages(backend, length):
    messages = np.random.default_rng(length).integers(0, 256, (11, length), dtype=np.uint8)
    expected = [independent(message.tobytes()) for message in messages]
    assert [digest.tobytes() for digest in backend.keccak256(messages)] == expected


def test_no_messages(backend):
    assert backend.keccak256(np.empty((0, 5), dtype=np.uint8)).shape == (0, 32)


@pytest.mark.parametrize("rows", [1, 2, 13, 64])
@pytest.mark.parametrize("node_bytes", [20, 25, 32])
def test_a_row_digest_is_keccak_of_big_endian_elements(backend, rows, node_bytes):
    groups = [columns(2, rows), columns(16, rows, 1)]
    digests = backend.digest_rows(groups, node_bytes)
    for row, digest in enumerate(digests):
        elements = [int(value) for group in groups for value in group[:, row]]
        assert digest.tobytes() == independent(struct.pack(">18Q", *elements))[:node_bytes]


@pytest.mark.parametrize("nodes", [1, 9, 64])
@pytest.mark.parametrize("node_bytes", [25, 32])
def test_nodes(backend, nodes, node_bytes):
    random = np.random.default_rng(nodes)
    children = random.integers(0, 256, (2 * nodes, node_bytes), dtype=np.uint8)
    injected = random.integers(0, 256, (nodes, node_bytes), dtype=np.uint8)
    plain, mixed = backend.hash_nodes(children, None), backend.hash_nodes(children, injected)
    for node in range(nodes):
        pair = children[2 * node].tobytes() + children[2 * node + 1].tobytes()
        assert plain[node].tobytes() == independent(pair)[:node_bytes]
        assert mixed[node].tobytes() == independent(pair + injected[node].tobytes())[:node_bytes]


@pytest.mark.parametrize("bits", [0, 1, 5, 9, 12])
def test_the_nonce_is_the_smallest_with_enough_zero_bits(backend, bits):
    state = bytes(range(32))

    def zeros(nonce):
        return 256 - int.from_bytes(keccak(state + nonce.to_bytes(8, "big")), "big").bit_length()

    nonce = backend.grind(state, bits)
    assert zeros(nonce) >= bits
    assert all(zeros(earlier) < bits for earlier in range(nonce))
