"""Looking keys up in a Merkle-Patricia trie, quickly: every node is decoded once, however many keys lie under it."""

from typing import Final

from rlp.exceptions import DecodingError

from chain_template.errors import MissingStateNode
from chain_template.executor.interface import StateView
from chain_template.primitives import EMPTY_TRIE_ROOT, decode_rlp

_BRANCH_ITEMS: Final = 17
#: First nibbles of a hex-prefix encoded path (Yellow Paper, appendix C): odd length, leaf.
_ODD: Final = 1
_LEAF: Final = 2

#: A branch is its 17 items; a leaf or extension is (path in hex digits, whether it is a leaf, value or child).
_Branch = list[object]
_Short = tuple[str, bool, object]


class TrieLookup:
    """Reads one trie by its root."""

    def __init__(self, state: StateView, root: bytes) -> None:
        self._state = state
        self._root = root
        self._decoded: dict[bytes, _Branch | _Short] = {}

    def get(self, key: bytes) -> bytes:
        """The value under a key; empty when there is none.

        Raises:
            MissingStateNode: The view lacks a node on the way, or holds something there that is no trie node.
        """
        if self._root == EMPTY_TRIE_ROOT:
            return b""
        path = key.hex()
        at = 0
        node = self._node(self._root)
        while True:
            if isinstance(node, tuple):
                prefix, is_leaf, child = node
                if not path.startswith(prefix, at):
                    return b""
                at += len(prefix)
                if is_leaf:
                    return _value(child) if at == len(path) else b""
            elif at == len(path):
                return _value(node[-1])
            else:
                child = node[int(path[at], 16)]
                at += 1
                if child == b"":
                    return b""
            node = self._node(child) if isinstance(child, bytes) else _decode(child)

    def _node(self, key: bytes) -> _Branch | _Short:
        node = self._decoded.get(key)
        if node is None:
            try:
                node = _decode(decode_rlp(self._state[key]))
            except KeyError:
                raise MissingStateNode(f"no trie node with hash 0x{key.hex()}") from None
            except DecodingError as exc:
                raise MissingStateNode(f"what has hash 0x{key.hex()} is no trie node: {exc}") from exc
            self._decoded[key] = node
        return node


def _decode(items: object) -> _Branch | _Short:
    if isinstance(items, list):
        if len(items) == _BRANCH_ITEMS:
            return items
        if len(items) == 2 and isinstance(items[0], bytes) and items[0]:
            flag = items[0][0] >> 4
            digits = items[0].hex()
            return (digits[1 if flag & _ODD else 2 :], bool(flag & _LEAF), items[1])
    raise MissingStateNode("the state view holds something that is no trie node")


def _value(item: object) -> bytes:
    if not isinstance(item, bytes):
        raise MissingStateNode("the state view holds a trie node whose value is a list")
    return item
