"""What passes between L1 and the chains, and from chain to chain: deposits, withdrawals, messages and their proofs.

::

    with Bridge(l1_url, {"alpha": alpha_url, "beta": beta_url}) as bridge:
        deposit = bridge.deposit(account, "alpha", "eth", 10**18)
        bridge.wait(deposit)
        transfer = bridge.send(account, "alpha", "beta", "eth", 10**17)
        bridge.wait(transfer, MessageStage.CLAIMABLE)
        bridge.claim(account, transfer)

:class:`AsyncBridge` is the same with ``await``. The proofs can be checked without any of it: ``log_proof`` and
``message_root`` compute from a message to what L1 stores. ``conservation`` adds up what exists; ``escape`` is the way
out with L1 alone.
"""

from shared_bridge.aio import AsyncBridge
from shared_bridge.bridge import Bridge
from shared_bridge.errors import (
    AccountError,
    AlreadyClaimed,
    AmountError,
    BridgeError,
    BridgeRefused,
    ChainPausedError,
    ConservationBroken,
    EscapeError,
    MessageError,
    MessageFailed,
    NotAHub,
    NotClaimable,
    ProofError,
    RecipientError,
    RpcLost,
    StageTimeout,
    UnknownChain,
    UnknownMessage,
    UnknownToken,
)
from shared_bridge.records import Claim, Deposit, Message, Status, Transfer, Withdrawal, message_from_json
from shared_bridge.stages import TRANSITIONS, MessageStage, Refund

__all__ = [
    "TRANSITIONS",
    "AccountError",
    "AlreadyClaimed",
    "AmountError",
    "AsyncBridge",
    "Bridge",
    "BridgeError",
    "BridgeRefused",
    "ChainPausedError",
    "Claim",
    "ConservationBroken",
    "Deposit",
    "EscapeError",
    "Message",
    "MessageError",
    "MessageFailed",
    "MessageStage",
    "NotAHub",
    "NotClaimable",
    "ProofError",
    "RecipientError",
    "Refund",
    "RpcLost",
    "StageTimeout",
    "Status",
    "Transfer",
    "UnknownChain",
    "UnknownMessage",
    "UnknownToken",
    "Withdrawal",
    "message_from_json",
]
