"""The EVM in C. Use ``chain_template.executor.native``; the numbers are those of zkvm/guest.

Numbers of 256 bits go in as 32 bytes, big-endian.
"""

from collections.abc import Sequence
from typing import Any, Protocol

class _View(Protocol):
    def __getitem__(self, key: bytes, /) -> bytes: ...

class _Transaction(Protocol):
    @property
    def raw(self) -> bytes: ...
    @property
    def sender(self) -> bytes: ...

class Failure(Exception):
    """A run gave up: (reason of base.h, hash of the node that is missing)."""

def keccak(data: bytes, /) -> bytes:
    """Keccak-256."""

def rlp_decode(data: bytes, /) -> Any:
    """Bytes, and lists of them, from RLP in its one form, at most 32 lists deep; ``ValueError`` for all else."""

def read_dynamic_fee(
    raw: bytes, /
) -> tuple[int, int, int, int, int, bytes | None, int, bytes, int, int, int, bytes, bytes] | None:
    """The fields of a transaction of type 0x02 with an empty access list; None for all else, good or bad.

    Chain id, nonce, tip, fee cap, gas, to, value, data, parity, r, s; then its hash, and the digest that was signed.
    """

def signers(digests: bytes, signatures: bytes, /) -> list[bytes | None]:
    """Addresses, 20 bytes each, of who signed; None where r or s is out of range or high (EIP-2), or no key fits.

    ``digests`` has 32 bytes for each, ``signatures`` 65: r, s, parity of y. Python's lock is not held meanwhile.
    """

class Recoverer:
    """A thread that finds signers, as :func:`signers` does, and never holds Python's lock."""

    def __new__(cls, bell: int) -> Recoverer:
        """``bell``: a file descriptor that gets a byte when there is something to take where nothing was."""

    def put(self, id: int, digest: bytes, signature: bytes, /) -> None: ...
    def take(self) -> list[tuple[int, bytes | None]]:
        """What has been found since the last time, in the order of coming."""

    def close(self) -> None:
        """Ends the thread; what it has not begun is never found."""

class Nodes:
    """Trie nodes and codes by hash: a view, and a cache of what was used last. Threads may share it."""

    def __new__(cls, view: _View, cache_bytes: int) -> Nodes: ...
    @property
    def view(self) -> Any: ...
    @property
    def remembered(self) -> tuple[int, int]:
        """Accounts and slots of the newest state that are known by name."""

class Engine:
    """Memory for runs, kept from one to the next. Threads may share it."""

    def __new__(
        cls,
        included: tuple[type, tuple[str, ...]],
        receipt: tuple[type, tuple[str, ...]],
        log: tuple[type, tuple[str, ...]],
        l2_log: tuple[type, tuple[str, ...]],
        bootloader: bytes,
        messenger: bytes,
    ) -> Engine:
        """The classes of what a block gives, each with the names of its fields in order, and the senders of L2 logs."""

    def call(
        self,
        nodes: Nodes,
        block_hashes: Sequence[bytes],
        block: tuple[int, int, int, bytes, bytes, bytes, int],
        state_root: bytes,
        request: tuple[bytes, bytes | None, bytes, bytes, int, bytes, bytes, bytes],
        overrides: list[tuple[bytes, bytes | None, int | None, bytes | None, bool, list[tuple[bytes, bytes]]]],
        accesses: list[tuple[bytes, bytes]],
        watch: tuple[int, int, int, int, float | None],
        /,
    ) -> int | tuple[int, int, int, int, int, bytes, bytes, bytes]:
        """Runs a message call that leaves no trace.

        ``block``: number, timestamp, gas limit, fee recipient, base fee, mix hash, chain id. ``request``: sender, to,
        data, value, gas for the call, gas price, what the sender must have, what is taken from it. ``overrides``:
        address, balance, nonce, code, whether its storage is replaced, slots.

        Gives the balance of a sender who cannot pay, or: status, opcode and its place, gas left, refund, output,
        created address, and what was seen.
        """

class Block:
    """One block being executed, by one thread at a time."""

    def __new__(
        cls,
        engine: Engine,
        nodes: Nodes,
        rules: tuple[int, bool, bool, int],
        context: tuple[bytes, bytes, int, bytes, int, bytes, bytes, bytes, int, Sequence[bytes]],
        /,
    ) -> Block:
        """``rules``: chain id, whole fee to the coinbase, base token holder, most pubdata of a transaction.

        ``context``: parent's header and hash, timestamp, fee recipient, gas limit, base fee, extra data, mix hash, most
        pubdata, hashes of blocks before.
        """

    @property
    def gas_used(self) -> int: ...
    def apply(self, transactions: Sequence[_Transaction], /) -> list[Any]:
        """Tries transactions in order, up to one that makes the block invalid.

        An object of the class ``included`` for each that is. For each other a tuple: verdict, refusal, the sender's
        nonce and balance, status, opcode and its place.
        """

    def watch(self, wish: tuple[int, int, int, int, float | None] | None, /) -> None:
        """Looks on from now on, or no more: events, details, most steps shown, most steps, deadline."""

    def seen(self) -> bytes:
        """What was seen since then."""

    def seal(
        self,
    ) -> tuple[
        bytes,
        bytes,
        bytes,
        bytes,
        bytes,
        int,
        dict[bytes, bytes],
        frozenset[bytes],
        frozenset[tuple[bytes, int | None]],
    ]:
        """Hash, state root, transactions root, receipts root, bloom, gas used, new nodes, hashes read, touched."""
