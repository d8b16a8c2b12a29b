"""Claims: withdrawals on L1, transfers on their destination, failed deposits back to the depositor.

Anyone may claim for anyone: the value goes where the message says. A claim that was made before is no error, since a
command must be repeatable; whoever needs to know looks at ``Claim.was_claimed_before``.
"""

import time
from dataclasses import dataclass
from typing import Any, Final

from shared_bridge import interfaces as abi
from shared_bridge import log_proof
from shared_bridge.errors import AlreadyClaimed, BridgeRefused, NotClaimable, ProofError, StageTimeout
from shared_bridge.formats import words
from shared_bridge.hub import Chain, Hub
from shared_bridge.node import Account, Call, Identity
from shared_bridge.receipts import RawMessage, raw_message, receipt_of
from shared_bridge.records import Claim, Deposit, Message, Transfer, Withdrawal
from shared_bridge.stages import MessageStage

ROOT_TIMEOUT_S: Final = 60.0
"""How long a destination may take to import a message root it was asked for."""
_ROOT_POLL_S: Final = 0.1
_BOOTLOADER: Final = "0x" + log_proof.BOOTLOADER.hex()


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A log and the proof words that its chain gave.

    Attributes:
        raw: The message; ``None`` for the result of a deposit.
        batch_number: Its batch.
        index: Its place in the batch's log tree.
        tx_number: Its transaction's place in the batch.
        proof: The words, not checked yet.
    """

    raw: RawMessage | None
    batch_number: int
    index: int
    tx_number: int
    proof: tuple[bytes, ...]


def claim(hub: Hub, payer: Account, message: Message, *, must_be_first: bool = False) -> Claim:
    """Claim a message; ``payer`` pays for the transaction and gets nothing.

    The proof is checked here against what L1 stores before anything is sent.

    Args:
        hub: The hub.
        payer: Who pays.
        message: A withdrawal, a transfer, or a deposit whose L2 half failed.
        must_be_first: Raise :class:`AlreadyClaimed` where it was claimed before.

    Raises:
        NotClaimable: Not yet, or never.
        ProofError: The chain's node gave a proof that does not lead to what L1 stores.
        RpcLost: Repeat the command.
    """
    try:
        if claimed(hub, message):
            return _claimed_before(message, must_be_first)
        done = _CLAIMS[type(message)](hub, payer, message)
    except BridgeRefused:
        # Somebody else may have been faster.
        if not claimed(hub, message):
            raise
        return _claimed_before(message, must_be_first)
    return Claim(message, done)


def _claimed_before(message: Message, must_be_first: bool) -> Claim:
    if must_be_first:
        raise AlreadyClaimed(message)
    return Claim(message, None)


def claimed(hub: Hub, message: Message) -> bool:
    """Whether a message was claimed, as the layer that pays it out says."""
    if isinstance(message, Deposit):
        chain = hub.chain(message.chain_id)
        receipt = receipt_of(chain, message.l2_transaction_hash)
        if receipt is None or int(receipt["status"], 16) or not message.asset_data:
            return False
        happened = hub.l1.read(hub.nullifier, abi.DEPOSIT_HAPPENED, message.chain_id, message.l2_transaction_hash)
        return bool(happened == bytes(32))
    if isinstance(message, Transfer):
        there = hub.chain(message.destination_chain_id)
        return bool(there.node.read(abi.INTEROP_HANDLER, abi.IS_EXECUTED, message.bundle_hash))
    assert isinstance(message, Withdrawal)
    found = inclusion(hub, message)
    if found is None:
        return False
    key = (message.chain_id, found.batch_number, found.index)
    return bool(hub.l1.read(hub.nullifier, abi.IS_FINALIZED, *key))


# -- withdrawals ---------------------------------------------------------------------------------------------------


def _claim_withdrawal(hub: Hub, payer: Account, message: Withdrawal) -> bytes:
    identity = ("claim", message.chain_id, message.l2_transaction_hash, message.index)
    receipt = hub.l1.resume(payer, identity)
    if receipt is not None:
        return receipt.transaction_hash
    chain = hub.chain(message.chain_id)
    return finalize_withdrawal(hub, payer, chain.chain_id, chain.zk_chain, _included(hub, message), identity)


def finalize_withdrawal(
    hub: Hub, payer: Account, chain_id: int, zk_chain: str, found: Inclusion, identity: Identity
) -> bytes:
    """Have L1 pay out a withdrawal whose proof is at hand; returns the L1 transaction.

    Raises:
        ProofError: The proof does not lead to what L1 stores.
        BridgeRefused: L1 refused, for example because it was paid out before.
    """
    raw = found.raw
    assert raw is not None, "a withdrawal is a message"
    leaf = log_proof.message_leaf(bytes.fromhex(raw.sender[2:]), raw.data, found.tx_number)
    _check_final(hub, zk_chain, leaf, found)
    head = (chain_id, found.batch_number, found.index, raw.sender, found.tx_number)
    data = abi.FINALIZE_DEPOSIT_L1.encode((*head, raw.data, found.proof))
    receipt = hub.l1.transact(payer, Call(hub.nullifier, data, what="claim of a withdrawal"), identity)
    return receipt.transaction_hash


# -- transfers -----------------------------------------------------------------------------------------------------


def _claim_transfer(hub: Hub, payer: Account, message: Transfer) -> bytes:
    there = hub.chain(message.destination_chain_id)
    identity = ("claim", message.chain_id, message.bundle_hash)
    receipt = there.node.resume(payer, identity)
    if receipt is None:
        found = _included(hub, message, target="messageRoot")
        raw = found.raw
        assert raw is not None, "a transfer is a message"
        leaf = log_proof.message_leaf(bytes.fromhex(raw.sender[2:]), raw.data, found.tx_number)
        target = log_proof.message_root_of_proof(
            leaf, found.index, found.proof, chain_id=message.chain_id, batch_number=found.batch_number
        )
        stored = hub.l1.read(hub.message_root, abi.HISTORICAL_ROOT, target.l1_block)
        if stored == bytes(32):
            # An honest node says so too, for a moment: L1 reorganised, and it has not looked since.
            raise NotClaimable(message, f"L1 has no message root of its block {target.l1_block}, which its proof names")
        if target.l1_chain_id != hub.l1_chain_id or target.root != stored:
            raise ProofError(
                f"the proof leads to 0x{target.root.hex()}, and L1's message root of block {target.l1_block} is "
                f"0x{stored.hex()}"
            )
        _import_root(there, message, target)
        proof = (message.chain_id, found.batch_number, found.index, found.tx_number, found.proof)
        data = abi.EXECUTE_BUNDLE.encode(raw.data[1:], proof)
        what = f"claim of a transfer on {there.name}"
        receipt = there.node.transact(payer, Call(abi.INTEROP_HANDLER, data, what=what), identity)
    return receipt.transaction_hash


def _import_root(there: Chain, message: Transfer, target: log_proof.MessageRootTarget) -> None:
    """Have the destination import the root, and wait until it has."""
    started = time.monotonic()
    asked = False
    while True:
        known = there.node.read(abi.INTEROP_ROOTS, abi.INTEROP_ROOT, target.l1_chain_id, target.l1_block)
        if known == target.root:
            return
        if known != bytes(32):
            raise ProofError(f"chain {there.name} imported a false root of L1's block {target.l1_block}")
        if not asked:
            there.node.rpc("zkhub_requestInteropRoot", hex(target.l1_block))
            asked = True
        if time.monotonic() - started > ROOT_TIMEOUT_S:
            raise StageTimeout(message, MessageStage.CLAIMABLE, MessageStage.CLAIMED, ROOT_TIMEOUT_S)
        time.sleep(_ROOT_POLL_S)


# -- failed deposits -----------------------------------------------------------------------------------------------


def _claim_deposit(hub: Hub, payer: Account, message: Deposit) -> bytes:
    identity = ("recover", message.chain_id, message.l2_transaction_hash)
    receipt = hub.l1.resume(payer, identity)
    if receipt is None:
        chain = hub.chain(message.chain_id)
        found = _failure(hub, chain, message)
        leaf = log_proof.result_leaf(message.l2_transaction_hash, found.tx_number, succeeded=False)
        _check_final(hub, chain.zk_chain, leaf, found)
        head = (message.chain_id, message.sender, message.asset_id, message.asset_data, message.l2_transaction_hash)
        data = abi.RECOVER_DEPOSIT.encode(*head, found.batch_number, found.index, found.tx_number, found.proof)
        receipt = hub.l1.transact(payer, Call(hub.asset_router, data, what="claim of a failed deposit"), identity)
    return receipt.transaction_hash


def _failure(hub: Hub, chain: Chain, message: Deposit) -> Inclusion:
    receipt = receipt_of(chain, message.l2_transaction_hash)
    if receipt is None:
        raise NotClaimable(message, f"{chain.name} has not executed it yet")
    if int(receipt["status"], 16):
        raise NotClaimable(message, "it did not fail")
    if not message.asset_data:
        raise NotClaimable(message, "the chain gave its value to the refund recipient")
    found = failure_proof(chain, message, receipt)
    if found is None:
        raise NotClaimable(message, "the batch with its failure is not executed on L1 yet")
    return found


def failure_proof(chain: Chain, message: Deposit, receipt: dict[str, Any]) -> Inclusion | None:
    """Proof of a failed deposit's result, or ``None`` while its batch is not executed."""
    key = "0x" + message.l2_transaction_hash.hex()
    logs = receipt["l2ToL1Logs"]
    found = [at for at, log in enumerate(logs) if log["sender"].lower() == _BOOTLOADER and log["key"].lower() == key]
    proof = _ask_proof(chain, message.l2_transaction_hash, found[0], None) if found else None
    if proof is None or receipt.get("l1BatchTxIndex") is None:
        return None
    return Inclusion(None, proof[0], proof[1], int(receipt["l1BatchTxIndex"], 16), proof[2])


# -- proofs --------------------------------------------------------------------------------------------------------


def inclusion(
    hub: Hub, message: Withdrawal | Transfer, receipt: dict[str, Any] | None = None, *, target: str | None = None
) -> Inclusion | None:
    """A message and its proof, or ``None`` while its batch is not executed."""
    chain = hub.chain(message.chain_id)
    seen = receipt if receipt is not None else receipt_of(chain, message.l2_transaction_hash)
    if seen is None or not int(seen["status"], 16):
        return None
    raw = raw_message(seen, message.index)
    proof = _ask_proof(chain, message.l2_transaction_hash, raw.log_position, target)
    if proof is None or raw.batch_number is None:
        return None
    return Inclusion(raw, proof[0], proof[1], raw.tx_number, proof[2])


def _included(hub: Hub, message: Withdrawal | Transfer, *, target: str | None = None) -> Inclusion:
    found = inclusion(hub, message, target=target)
    if found is None:
        raise NotClaimable(message, "its batch is not executed on L1 yet, or its transaction failed")
    return found


def _ask_proof(
    chain: Chain, tx_hash: bytes, position: int, target: str | None
) -> tuple[int, int, tuple[bytes, ...]] | None:
    """Batch, index and words, as the chain's node says."""
    mode = [] if target is None else [target]
    answer = chain.node.rpc("zks_getL2ToL1LogProof", "0x" + tx_hash.hex(), position, *mode)
    if answer is None:
        return None
    return int(answer["batchNumber"]), int(answer["id"]), tuple(words(answer["proof"]))


def _check_final(hub: Hub, zk_chain: str, leaf: bytes, found: Inclusion) -> None:
    root = log_proof.root_of_final_proof(leaf, found.index, found.proof)
    stored = hub.l1.read(zk_chain, abi.LOGS_ROOT, found.batch_number)
    if root != stored:
        raise ProofError(
            f"the proof leads to 0x{root.hex()}, and L1 stores 0x{stored.hex()} for batch {found.batch_number} of the "
            f"chain at {zk_chain}"
        )


_CLAIMS: Final[dict[type[Message], Any]] = {
    Withdrawal: _claim_withdrawal,
    Transfer: _claim_transfer,
    Deposit: _claim_deposit,
}
