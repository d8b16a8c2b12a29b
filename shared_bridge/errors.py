"""What can go wrong on the bridge.

::

    HubError
    └── BridgeError
        ├── UnknownChain          no chain of this name (or id) was given, or L1 does not know it
        ├── UnknownToken          what was named is no token there, or was never bridged there
        ├── UnknownMessage        a transaction that is not there, or sent nothing
        ├── AmountError           0, or more than the account has
        ├── RecipientError        not an address, or one that nobody can hold
        ├── AccountError          not a private key, nor an account that has one
        ├── ChainPausedError      the bridge or the chain takes nothing now
        ├── BridgeRefused         a contract said no for another reason
        ├── MessageError          about one message on its way
        │   ├── NotClaimable      not yet, or never
        │   ├── AlreadyClaimed    somebody did
        │   ├── MessageFailed     waited for a stage that it will not reach
        │   └── StageTimeout      not there in time; it goes on by itself
        ├── ProofError            proof words that do not prove what they should
        ├── NotAHub               the addresses or chain ids on both sides do not agree
        ├── ConservationBroken    more exists on the chains than L1 holds, or less
        ├── EscapeError           a forced way out cannot be taken (yet)
        └── RpcLost               a node did not answer; the same command may be repeated
"""

from typing import TYPE_CHECKING

from zkhub.errors import HubError

if TYPE_CHECKING:
    from shared_bridge.records import Message
    from shared_bridge.stages import MessageStage


class BridgeError(HubError):
    """Base of this package's errors."""


class UnknownChain(BridgeError):
    """There is no such chain.

    Attributes:
        chain: What was asked for.
    """

    def __init__(self, chain: str | int, known: list[str], *, near: str | None = None) -> None:
        names = ", ".join(known) or "none"
        super().__init__(f"there is no chain {chain!r}; known are {names}")
        self.chain = chain
        self.hint = f"did you mean {near!r}?" if near else "name one of them, or add its URL to the bridge"


class UnknownToken(BridgeError):
    """What was named is no token there.

    Attributes:
        token: What was asked for.
        where: The chain, or L1.
    """

    hint = "give the token's address where the value leaves from, its asset id, or 'eth'"

    def __init__(self, token: str, where: str, why: str) -> None:
        super().__init__(f"{token} is no token on {where}: {why}")
        self.token = token
        self.where = where


class UnknownMessage(BridgeError):
    """A transaction that is not there, or that sent nothing over the bridge."""


class AmountError(BridgeError):
    """An amount that cannot be moved; nothing was sent.

    Attributes:
        amount: What was asked for, in the token's smallest unit; ``None`` where the account cannot pay for gas.
    """

    def __init__(self, amount: int | None, why: str) -> None:
        super().__init__(why if amount is None else f"cannot move {amount}: {why}")
        self.amount = amount


class RecipientError(BridgeError):
    """A recipient that is no address, or one that nobody can hold."""

    def __init__(self, recipient: object, why: str) -> None:
        super().__init__(f"{recipient!r} cannot be the recipient: {why}")
        self.recipient = recipient


class AccountError(BridgeError):
    """Not a private key, nor an account that has one. The message never shows it."""


class ChainPausedError(BridgeError):
    """The bridge, or the chain, takes nothing now; nothing was sent."""

    hint = "try again when it is open; what is on its way goes on"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is paused")
        self.what = what


class BridgeRefused(BridgeError):
    """A contract refused; nothing has moved.

    Attributes:
        error_name: Name of the contract's error, or empty.
        reason: The whole, readable.
        transaction_hash: Set if the refusal is in a block, and its gas is spent.
    """

    def __init__(self, what: str, reason: str, *, error_name: str = "", transaction_hash: bytes | None = None) -> None:
        super().__init__(f"{what} was refused: {reason}")
        self.error_name = error_name
        self.reason = reason
        self.transaction_hash = transaction_hash


class MessageError(BridgeError):
    """About one message on its way.

    Attributes:
        bridge_message: The message.
    """

    def __init__(self, message: "Message", why: str) -> None:
        super().__init__(f"{message.describe()}: {why}")
        self.bridge_message = message


class NotClaimable(MessageError):
    """It cannot be claimed: its batch is not executed on L1 yet, or it failed."""

    hint = "wait(message, MessageStage.CLAIMABLE) tells when it can be"


class AlreadyClaimed(MessageError):
    """It was claimed before; each message is worth its value once."""

    def __init__(self, message: "Message") -> None:
        super().__init__(message, "claimed already")


class MessageFailed(MessageError):
    """It will never reach the stage that was waited for.

    Attributes:
        stage: Where it ended.
    """

    def __init__(self, message: "Message", stage: "MessageStage", why: str) -> None:
        super().__init__(message, f"it is {stage.value}: {why}")
        self.stage = stage


class StageTimeout(MessageError):
    """It did not reach a stage in time. It goes on by itself.

    Attributes:
        stage: Where it is.
        wanted: Where it should be.
        waited_s: Seconds.
    """

    hint = "wait again; waiting changes nothing"

    def __init__(self, message: "Message", stage: "MessageStage", wanted: "MessageStage", waited_s: float) -> None:
        super().__init__(message, f"still {stage.value}, not {wanted.value}, after {waited_s:g} s")
        self.stage = stage
        self.wanted = wanted
        self.waited_s = waited_s


class ProofError(BridgeError):
    """Proof words that do not have ZK Stack's format, or do not prove what they should."""


class NotAHub(BridgeError):
    """The URLs do not belong together: addresses or chain ids on both sides differ."""


class ConservationBroken(BridgeError):
    """What exists on the chains and on its way is not what L1 holds.

    Attributes:
        broken: A sentence for every sum that does not come out.
    """

    hint = "stop claims of the asset until the difference is understood"

    def __init__(self, broken: tuple[str, ...]) -> None:
        super().__init__("; ".join(broken))
        self.broken = broken


class EscapeError(BridgeError):
    """A forced way out cannot be taken, or not yet."""


class RpcLost(BridgeError):
    """A node did not answer, or stopped answering in the middle.

    Attributes:
        layer: Which node.
        url: Where.
    """

    hint = "repeat the same command: what may have been sent is picked up, never sent twice"

    def __init__(self, layer: str, url: str, reason: str) -> None:
        super().__init__(f"the node of {layer} at {url} was lost: {reason}")
        self.layer = layer
        self.url = url
