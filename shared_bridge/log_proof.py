"""Proof words of L2→L1 logs, checked without asking anyone (ZK Stack's format).

A proof begins with a metadata word: version 1, number of words of the log leaf's path (15: 14 siblings and the
aggregated root), number of words of the batch leaf's path, final-node flag, 28 zero bytes.

*Final*: the path leads to the ChainBatchRoot that the chain's contract on L1 stores. *Not final*: after it come the
batch leaf's mask and path to the chain's root, a word ``L1 block << 128 | mask of the chain's leaf``, L1's chain id,
and a final proof (metadata and path) of the chain's leaf in the message root of that block.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from eth_hash.auto import keccak

from shared_bridge.errors import ProofError
from shared_bridge.message_root import batch_leaf, chain_id_leaf, fold

LOG_BYTES: Final = 88
TREE_DEPTH: Final = 14
_PATH_WORDS: Final = TREE_DEPTH + 1
_VERSION: Final = 1
_EMPTY_LEAF: Final = keccak(bytes(LOG_BYTES))
L1_MESSENGER: Final = bytes.fromhex("0000000000000000000000000000000000008008")
BOOTLOADER: Final = bytes.fromhex("0000000000000000000000000000000000008001")


@dataclass(frozen=True, slots=True)
class MessageRootTarget:
    """What a proof that is not final leads to.

    Attributes:
        l1_block: Block of L1 whose message root it is.
        l1_chain_id: L1.
        root: The message root of that block, if the proof holds.
    """

    l1_block: int
    l1_chain_id: int
    root: bytes


def packed_log(sender: bytes, key: bytes, value: bytes, tx_number: int, *, is_service: bool = True) -> bytes:
    """The 88 bytes of a log (shard 0)."""
    if len(sender) != 20 or len(key) != 32 or len(value) != 32:
        raise ProofError("a log has a sender of 20 bytes, and key and value of 32")
    try:
        return b"\x00" + bytes([is_service]) + tx_number.to_bytes(2) + sender + key + value
    except OverflowError as error:
        raise ProofError(f"transaction number {tx_number} does not fit into 16 bits") from error


def message_leaf(sender: bytes, message: bytes, tx_number: int) -> bytes:
    """Leaf of a message that ``sender`` sent through the L1Messenger."""
    return keccak(packed_log(L1_MESSENGER, bytes(12) + sender, keccak(message), tx_number))


def result_leaf(canonical_hash: bytes, tx_number: int, *, succeeded: bool) -> bytes:
    """Leaf of the result of an L1→L2 operation."""
    return keccak(packed_log(BOOTLOADER, canonical_hash, int(succeeded).to_bytes(32), tx_number))


def root_of_final_proof(leaf: bytes, index: int, words: Sequence[bytes]) -> bytes:
    """The ChainBatchRoot that a final proof of a log leads to.

    Raises:
        ProofError: The words have another format, or the leaf is the empty one.
    """
    batch_words, is_final = _log_metadata(words)
    if not is_final or batch_words or len(words) != 1 + _PATH_WORDS:
        raise ProofError("not a final proof")
    return _batch_root(leaf, index, words)


def message_root_of_proof(
    leaf: bytes, index: int, words: Sequence[bytes], *, chain_id: int, batch_number: int
) -> MessageRootTarget:
    """Block and message root that a proof between chains leads to.

    Raises:
        ProofError: The words have another format, or the leaf is the empty one.
    """
    batch_words, is_final = _log_metadata(words)
    if is_final:
        raise ProofError("a final proof: it says nothing about the message root")
    after_log = 1 + _PATH_WORDS
    after_batch = after_log + 1 + batch_words
    if len(words) < after_batch + 3:
        raise ProofError(f"{len(words)} words are too few for this metadata")
    leaf_of_batch = batch_leaf(_batch_root(leaf, index, words), batch_number)
    path = words[after_log + 1 : after_batch]
    chain_root = fold(leaf_of_batch, int.from_bytes(words[after_log]), path)
    packed = int.from_bytes(words[after_batch])
    nested = words[after_batch + 2 :]
    if nested[0] != _metadata(len(nested) - 1, 0, True):
        raise ProofError("the settlement layer's part is not a final proof of the right length")
    root = fold(chain_id_leaf(chain_root, chain_id), packed & (2**128 - 1), nested[1:])
    return MessageRootTarget(packed >> 128, int.from_bytes(words[after_batch + 1]), root)


def target_of(words: Sequence[bytes]) -> tuple[int, int]:
    """L1 block and L1 chain id that a proof between chains names, without checking it."""
    batch_words, is_final = _log_metadata(words)
    at = 1 + _PATH_WORDS + 1 + batch_words
    if is_final or len(words) < at + 3:
        raise ProofError("not a proof against a message root")
    return int.from_bytes(words[at]) >> 128, int.from_bytes(words[at + 1])


def between_chains(
    log_path: Sequence[bytes],
    batch: tuple[int, Sequence[bytes]],
    l1: tuple[int, int],
    chain: tuple[int, Sequence[bytes]],
) -> list[bytes]:
    """Put the words of a proof against a message root together.

    Args:
        log_path: The 14 siblings and the aggregated root.
        batch: Index and path of the batch's leaf.
        l1: L1's chain id, and the block whose message root it is.
        chain: Index and path of the chain's leaf.
    """
    batch_index, batch_path = batch
    l1_chain_id, l1_block = l1
    chain_index, chain_path = chain
    return [
        _metadata(len(log_path), len(batch_path), False),
        *log_path,
        batch_index.to_bytes(32),
        *batch_path,
        (l1_block << 128 | chain_index).to_bytes(32),
        l1_chain_id.to_bytes(32),
        _metadata(len(chain_path), 0, True),
        *chain_path,
    ]


def _metadata(log_words: int, batch_words: int, is_final: bool) -> bytes:
    return bytes([_VERSION, log_words, batch_words, is_final]) + bytes(28)


def _log_metadata(words: Sequence[bytes]) -> tuple[int, bool]:
    """Words of the batch leaf's path, and whether the proof is final."""
    if any(len(word) != 32 for word in words):
        raise ProofError("a proof word does not have 32 bytes")
    if len(words) < 1 + _PATH_WORDS:
        raise ProofError(f"{len(words)} words are too few for a log's path")
    version, log_words, batch_words, final = words[0][:4]
    if version != _VERSION or log_words != _PATH_WORDS or final > 1 or any(words[0][4:]):
        raise ProofError(f"metadata 0x{words[0].hex()} is not known")
    return batch_words, bool(final)


def _batch_root(leaf: bytes, index: int, words: Sequence[bytes]) -> bytes:
    if leaf == _EMPTY_LEAF:
        raise ProofError("the empty leaf proves nothing")
    local_root = fold(leaf, index, words[1 : 1 + TREE_DEPTH])
    return keccak(local_root + words[1 + TREE_DEPTH])
