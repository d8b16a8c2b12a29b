"""What a command returns: a handle on one message, enough to find it again and to claim it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from shared_bridge.errors import UnknownMessage
from shared_bridge.stages import MessageStage, Refund


@dataclass(frozen=True, slots=True)
class Message:
    """Value on its way from one layer to another.

    Attributes:
        asset_id: What moves.
        amount: How much, in the token's smallest unit.
        sender: Who gave it, checksummed.
        receiver: Who gets it, checksummed.
    """

    asset_id: bytes
    amount: int
    sender: str
    receiver: str

    def describe(self) -> str:
        """A few words that name it."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """A JSON object; :func:`message_from_json` reads it."""
        content = {name: _shown(value) for name, value in asdict(self).items()}
        return {"kind": type(self).__name__.lower(), **content}

    @classmethod
    def _from_fields(cls, content: Mapping[str, Any]) -> Self:
        names = {field.name: str(field.type) for field in fields(cls)}
        if set(content) != set(names):
            raise UnknownMessage(f"a {cls.__name__.lower()} has the fields {', '.join(names)}")
        return cls(**{name: _read(value, names[name]) for name, value in content.items()})


@dataclass(frozen=True, slots=True)
class Deposit(Message):
    """From L1 to a chain.

    Attributes:
        chain_id: Where it goes.
        l1_transaction_hash: The L1 transaction.
        l2_transaction_hash: Hash of the priority operation on the chain.
        asset_data: What claims it back if the L2 half fails; empty for a base token, which the chain itself gives
            to the refund recipient then.
    """

    chain_id: int
    l1_transaction_hash: bytes
    l2_transaction_hash: bytes
    asset_data: bytes = b""

    def describe(self) -> str:
        """A few words that name it."""
        return f"deposit 0x{self.l1_transaction_hash.hex()} to chain {self.chain_id}"


@dataclass(frozen=True, slots=True)
class Withdrawal(Message):
    """From a chain to L1.

    Attributes:
        chain_id: Where it comes from.
        l2_transaction_hash: The transaction on the chain.
        index: Which of that transaction's messages to L1 it is, from 0.
    """

    chain_id: int
    l2_transaction_hash: bytes
    index: int = 0

    def describe(self) -> str:
        """A few words that name it."""
        return f"withdrawal 0x{self.l2_transaction_hash.hex()} from chain {self.chain_id}"


@dataclass(frozen=True, slots=True)
class Transfer(Message):
    """From a chain to another. ``asset_id`` and ``amount`` are 0 for a bundle that moves no single asset.

    Attributes:
        chain_id: Where it comes from.
        destination_chain_id: Where it goes.
        l2_transaction_hash: The transaction on the source.
        bundle_hash: Name of the bundle on both chains.
        index: Which of that transaction's messages to L1 it is, from 0.
    """

    chain_id: int
    destination_chain_id: int
    l2_transaction_hash: bytes
    bundle_hash: bytes
    index: int = 0

    def describe(self) -> str:
        """A few words that name it."""
        return f"transfer 0x{self.bundle_hash.hex()} from chain {self.chain_id} to {self.destination_chain_id}"


@dataclass(frozen=True, slots=True)
class Status:
    """Where a message is.

    Attributes:
        stage: The stage.
        detail: What it waits for, or why it failed; may be empty.
        refund: What becomes of a failed deposit's money.
    """

    stage: MessageStage
    detail: str = ""
    refund: Refund = Refund.NONE


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is claimed.

    Attributes:
        message: The message.
        transaction_hash: The transaction that claimed it, or ``None`` if it was claimed before this command.
    """

    message: Message
    transaction_hash: bytes | None

    @property
    def was_claimed_before(self) -> bool:
        """Whether somebody, perhaps an earlier run of this command, had claimed it."""
        return self.transaction_hash is None


_KINDS: dict[str, type[Message]] = {kind.__name__.lower(): kind for kind in (Deposit, Withdrawal, Transfer)}


def message_from_json(content: Mapping[str, Any]) -> Message:
    """Read what :meth:`Message.to_json` wrote.

    Raises:
        UnknownMessage: It is something else.
    """
    kind = _KINDS.get(str(content.get("kind")))
    if kind is None:
        raise UnknownMessage(f"{content.get('kind')!r} is no kind of message; known are {', '.join(_KINDS)}")
    try:
        return kind._from_fields({name: value for name, value in content.items() if name != "kind"})
    except ValueError as error:
        raise UnknownMessage(f"a damaged {content['kind']}: {error}") from error


def _shown(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _read(value: Any, kind: str) -> Any:
    if "bytes" in kind:
        return bytes.fromhex(str(value).removeprefix("0x"))
    if "int" in kind and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"{value!r} is not a number")
    return value
