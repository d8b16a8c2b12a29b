"""What one transaction left behind: logs, messages to L1, and how much pubdata they and its state diff need."""

from dataclasses import dataclass

from eth.abc import ComputationAPI
from eth.typing import JournalDBCheckpoint

from chain_template.executor.pubdata_bound import log_bytes, state_bytes
from chain_template.executor.pyevm.state import Changed, HubState
from chain_template.executor.pyevm.transactions import Applied
from chain_template.receipts import L2ToL1Log, Log, message_log, priority_result_log
from chain_template.transactions.types import PRIORITY_TYPE, Transaction


@dataclass(frozen=True, slots=True)
class Effects:
    """What a transaction did.

    Attributes:
        touched: Accounts and slots written, reverted writes included.
        pubdata_bytes: Upper bound, counted over ``touched``.
    """

    applied: Applied
    logs: tuple[Log, ...]
    l2_to_l1_logs: tuple[L2ToL1Log, ...]
    touched: set[Changed]
    pubdata_bytes: int


def measured(state: HubState, tx: Transaction, applied: Applied, tx_index: int) -> Effects:
    """Gather the effects of a transaction that has just run."""
    logs = _logs(applied.computation)
    messages = _l2_to_l1_logs(tx, logs, applied.success, tx_index)
    touched = state.accounts.take_touched()
    size = state_bytes(touched, _created_code_bytes(applied.computation, state)) + log_bytes(messages)
    return Effects(applied, logs, messages, touched, size)


def exact_pubdata_bytes(state: HubState, effects: Effects, checkpoint: JournalDBCheckpoint) -> int:
    """Pubdata of what really changed since ``checkpoint``, to which the state is taken back."""
    after = {item: _value(state, item) for item in effects.touched}
    code = _created_code_bytes(effects.applied.computation, state)
    state.accounts.discard(checkpoint)
    changed = [item for item, value in after.items() if value != _value(state, item)]
    return state_bytes(changed, code) + log_bytes(effects.l2_to_l1_logs)


def _value(state: HubState, item: Changed) -> object:
    address, slot = item
    if slot is not None:
        return state.get_storage(address, slot)
    return state.get_nonce(address), state.get_balance(address), state.get_code_hash(address)


def _created_code_bytes(computation: ComputationAPI | None, state: HubState) -> int:
    if computation is None or computation.is_error:
        return 0
    own = len(state.get_code(computation.msg.storage_address)) if computation.msg.is_create else 0
    return own + sum(_created_code_bytes(child, state) for child in computation.children)


def _logs(computation: ComputationAPI | None) -> tuple[Log, ...]:
    if computation is None:
        return ()
    return tuple(
        Log(address, tuple(topic.to_bytes(32, "big") for topic in topics), data)
        for address, topics, data in computation.get_log_entries()
    )


def _l2_to_l1_logs(tx: Transaction, logs: tuple[Log, ...], success: bool, index: int) -> tuple[L2ToL1Log, ...]:
    """User messages in the order of their events; the result of an L1 operation comes first."""
    found = [item for log in logs if (item := message_log(log, index)) is not None]
    if tx.type == PRIORITY_TYPE:
        found.insert(0, priority_result_log(tx.hash, success, index))
    return tuple(found)
