"""An L1 account of the chain's operator: one call in flight at a time, replaced when it is stuck, never sent twice.

What is about to be sent is written down first, with its nonce. After a crash the same bytes are sent again (signatures
are deterministic, so it is the same transaction), and whatever the node makes of that, the nonce is used once.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from chain_template.config import GWEI, SettlementSettings
from chain_template.errors import SettlementError
from chain_template.primitives import keccak
from chain_template.settlement.calls import SettlementCall
from chain_template.store import Store
from chain_template.store.records import BatchStage
from contracts.client import Fees, L1Client, Receipt
from contracts.errors import AlreadyKnown, FeeTooLow, InsufficientFunds, NonceTooLow
from contracts.sender import GAS_MARGIN_PERCENT, Sender

log = structlog.get_logger(__name__)

#: No transaction may have more gas (EIP-7825); the margin of an estimate stays below it.
_MAX_CALL_GAS: Final = 1 << 24
#: A replacement must raise both fees by an eighth on the strictest nodes (geth asks a tenth).
_RAISE_PERCENT: Final = 13
_MAX_RAISES_AT_ONCE: Final = 30
#: How long L1 may be beyond a call's nonce without a receipt of it: some nodes show receipts a little later.
_RECEIPT_GRACE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One version of a transaction: all have the same nonce, so at most one is ever included.

    Attributes:
        sent_at: Unix seconds.
    """

    hash: bytes
    fees: Fees
    sent_at: float


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call on its way, as it is written down."""

    call: SettlementCall
    nonce: int
    gas: int
    attempts: tuple[Attempt, ...]

    def to_json(self) -> bytes:
        """What is stored."""
        call = self.call
        return json.dumps(
            {
                "stage": None if call.stage is None else call.stage.value,
                "first": call.first,
                "last": call.last,
                "to": call.to,
                "data": call.data.hex(),
                "part": call.part,
                "parts": call.parts,
                "proof": call.proof,
                "nonce": self.nonce,
                "gas": self.gas,
                "attempts": [
                    [item.hash.hex(), item.fees.max_fee_per_gas, item.fees.max_priority_fee_per_gas, item.sent_at]
                    for item in self.attempts
                ],
            }
        ).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "PendingCall":
        """Read :meth:`to_json`'s bytes."""
        content: dict[str, Any] = json.loads(text)
        call = SettlementCall(
            None if content["stage"] is None else BatchStage(content["stage"]),
            content["first"],
            content["last"],
            content["to"],
            bytes.fromhex(content["data"]),
            content.get("part"),
            content.get("parts", 0),
            content.get("proof", ""),
        )
        attempts = tuple(
            Attempt(bytes.fromhex(tx_hash), Fees(fee, tip), sent_at)
            for tx_hash, fee, tip, sent_at in content["attempts"]
        )
        return cls(call, content["nonce"], content["gas"], attempts)


@dataclass(frozen=True, slots=True)
class Included:
    """A call that is in an L1 block now, successful or not."""

    call: SettlementCall
    receipt: Receipt


class FeeAboveLimit(SettlementError):
    """L1 is more expensive than the operator is willing to pay; the sender waits."""


class L1Account:
    """Sends settlement calls from one key.

    Args:
        client: The L1.
        key: Private key, hex.
        chain_id: L1's chain id.
        store: Where what is in flight is written down.
        settings: How patient and how generous to be.
        clock: Unix seconds.
    """

    def __init__(
        self,
        client: L1Client,
        key: str,
        chain_id: int,
        store: Store,
        settings: SettlementSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._signer = Sender(client, bytes.fromhex(key.removeprefix("0x")), chain_id=chain_id)
        self.address = self._signer.address
        self._store = store
        self._settings = settings
        self._clock = clock
        self._meta_key = f"settlement/pending/{self.address.lower()}"
        stored = store.get_meta(self._meta_key)
        self.pending = PendingCall.from_json(stored) if stored else None
        # A call from before a restart may never have been handed in.
        self._is_handed_in = False
        #: When L1 was first seen beyond the call's nonce without a receipt of it.
        self._passed_at: float | None = None

    # -- sending -----------------------------------------------------------------------------------------------------

    def submit(self, call: SettlementCall) -> None:
        """Send a call; it is in :attr:`pending` until :meth:`check` finds it included.

        Raises:
            TransactionReverted: L1 would refuse it; nothing was sent.
            FeeAboveLimit: L1 is too expensive at the moment; nothing was sent.
            InsufficientFunds: The account cannot pay; nothing was sent.
            L1Error: L1 does not answer; when the call was written down before, it is sent again by :meth:`check`.
        """
        assert self.pending is None
        estimate = self._client.estimate_gas(call.to, call.data, sender=self.address, what=call.what)
        gas = min(estimate + estimate * GAS_MARGIN_PERCENT // 100, max(estimate, _MAX_CALL_GAS))
        fees = self._affordable(self._client.fees())
        nonce = self._client.get_nonce(self.address, "latest")
        self._remember(self._attempt(PendingCall(call, nonce, gas, ()), fees))
        log.info("L1 call", call=call.what, nonce=nonce, gas=gas, bytes=len(call.data))
        self._hand_in()

    def check(self) -> Included | None:
        """Look after the call in flight: find it included, send it again, or replace it by a better paid one."""
        if self.pending is None:
            return None
        included = self._find_receipt(self.pending)
        next_nonce = self._client.get_nonce(self.address, "latest") if included is None else 0
        if next_nonce <= self.pending.nonce:
            self._passed_at = None  # or not any more, after a reorganisation
        elif included is None:
            # Included between the two questions, or counted by a node that does not show the receipt yet, or the nonce
            # was used by something else.
            included = self._find_receipt(self.pending)
            if included is None:
                self._passed_at = self._passed_at or self._clock()
                if self._clock() - self._passed_at < _RECEIPT_GRACE_S:
                    return None
                log.warning("another transaction took the nonce", call=self.pending.call.what, nonce=self.pending.nonce)
                self._remember(None)
                return None
        if included is not None:
            self._remember(None)
            return included
        if self._clock() - self.pending.attempts[-1].sent_at >= self._settings.resend_after_s:
            if next_nonce < self.pending.nonce:
                # L1 has forgotten a call before this one: it could never be included at any price. What is due now
                # follows from where L1 is.
                log.warning("giving up a call behind a forgotten one", call=self.pending.call.what)
                self._remember(None)
                return None
            self._replace(self.pending)
        elif not self._is_handed_in:
            self._hand_in()
        return None

    def _find_receipt(self, pending: PendingCall) -> Included | None:
        for attempt in reversed(pending.attempts):
            receipt = self._client.get_receipt(attempt.hash)
            if receipt is not None:
                return Included(pending.call, receipt)
        return None

    def _replace(self, pending: PendingCall) -> None:
        raised = pending.attempts[-1].fees.raised(_RAISE_PERCENT)
        market = self._client.fees()
        fees = Fees(
            max(raised.max_fee_per_gas, market.max_fee_per_gas),
            max(raised.max_priority_fee_per_gas, market.max_priority_fee_per_gas),
        )
        limit = self._limit()
        if raised.max_fee_per_gas > limit:
            raise FeeAboveLimit(
                f"{pending.call.what} is stuck at {pending.attempts[-1].fees.max_fee_per_gas} wei a gas; "
                f"a replacement needs {raised.max_fee_per_gas}, above the limit of {limit}"
            )
        fees = Fees(min(fees.max_fee_per_gas, limit), min(fees.max_priority_fee_per_gas, limit))
        self._remember(self._attempt(pending, fees))
        log.warning("replacing a stuck L1 call", call=pending.call.what, max_fee_per_gas=fees.max_fee_per_gas)
        self._hand_in()

    def _hand_in(self) -> None:
        """Give the latest attempt to the node; raise the fees while it says that they are too low."""
        for _ in range(_MAX_RAISES_AT_ONCE):
            assert self.pending is not None
            try:
                self._client.send_raw(self._sign(self.pending, self.pending.attempts[-1].fees))
            except (AlreadyKnown, NonceTooLow):
                pass  # It is there already, or the nonce is used: check() finds out by what.
            except FeeTooLow:
                raised = self.pending.attempts[-1].fees.raised(_RAISE_PERCENT)
                if raised.max_fee_per_gas > self._limit():
                    self._is_handed_in = True
                    return
                self._remember(self._attempt(self.pending, raised))
                continue
            except InsufficientFunds:
                if len(self.pending.attempts) == 1:
                    self._remember(None)
                raise
            self._is_handed_in = True
            return

    # -- pieces ------------------------------------------------------------------------------------------------------

    def _affordable(self, wanted: Fees) -> Fees:
        """What is offered: the usual head room over the base fee, but never more than the limit."""
        limit = self._limit()
        base_fee = (wanted.max_fee_per_gas - wanted.max_priority_fee_per_gas) // 2
        if base_fee + wanted.max_priority_fee_per_gas > limit:
            raise FeeAboveLimit(f"L1 asks {base_fee} wei a gas, above the limit of {limit}")
        return replace(wanted, max_fee_per_gas=min(wanted.max_fee_per_gas, limit))

    def _limit(self) -> int:
        return self._settings.max_fee_gwei * GWEI

    def _attempt(self, pending: PendingCall, fees: Fees) -> PendingCall:
        raw = self._sign(pending, fees)
        attempt = Attempt(keccak(raw), fees, self._clock())
        return replace(pending, attempts=(*pending.attempts, attempt))

    def _sign(self, pending: PendingCall, fees: Fees) -> bytes:
        return self._signer.sign(pending.call.to, pending.call.data, 0, pending.gas, fees, pending.nonce)

    def _remember(self, pending: PendingCall | None) -> None:
        """Write down what is in flight; always before it is."""
        self._store.set_meta(self._meta_key, pending.to_json() if pending is not None else b"")
        self.pending = pending
        self._is_handed_in, self._passed_at = False, None
