"""The state machine of a batch: which stage may follow which.

::

    sealed → committed → proving → proved → verified → executed

A step back is taken when L1 reorganises and forgets a transaction, or when a proof is lost or refused. A batch that was
reverted on L1 is either rolled back, which removes it from the store, or sealed again as it stands.
"""

from types import MappingProxyType
from typing import Final

from chain_template.errors import IllegalBatchTransition
from chain_template.store.records import BatchStage

__all__ = ["STAGE_RANK", "TRANSITIONS", "BatchStage", "check_transition", "has_reached"]

_S = BatchStage

#: How far along a stage is. A reverted batch has reached nothing.
STAGE_RANK: Final = MappingProxyType(
    {
        _S.REVERTED: 0,
        _S.SEALED: 1,
        _S.COMMITTED: 2,
        _S.PROVING: 3,
        _S.PROVED: 4,
        _S.VERIFIED: 5,
        _S.EXECUTED: 6,
    }
)

#: Stage → stages that may follow it.
TRANSITIONS: Final = MappingProxyType(
    {
        # To proving at once in priority mode, where L1 takes commit and proof together.
        _S.SEALED: frozenset({_S.COMMITTED, _S.PROVING}),
        # Back to sealed: L1 forgot the commit. (The same from every later stage.)
        _S.COMMITTED: frozenset({_S.PROVING, _S.SEALED, _S.REVERTED}),
        # Back to committed: the prover gave up, or its proof was refused.
        _S.PROVING: frozenset({_S.PROVED, _S.COMMITTED, _S.SEALED, _S.REVERTED}),
        _S.PROVED: frozenset({_S.VERIFIED, _S.COMMITTED, _S.SEALED, _S.REVERTED}),
        # Back to proved: L1 forgot the verification; the proof is still good.
        _S.VERIFIED: frozenset({_S.EXECUTED, _S.PROVED, _S.COMMITTED, _S.SEALED, _S.REVERTED}),
        # Out of executed only when L1 forgot the execution; the contract itself never reverts an executed batch.
        _S.EXECUTED: frozenset({_S.VERIFIED, _S.PROVED, _S.COMMITTED, _S.SEALED}),
        _S.REVERTED: frozenset({_S.SEALED}),
    }
)


def check_transition(batch_number: int, current: BatchStage, following: BatchStage) -> None:
    """Refuse a step that the table does not have.

    Raises:
        IllegalBatchTransition: Names both stages and lists what is allowed.
    """
    if following not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current]))
        raise IllegalBatchTransition(
            f"batch {batch_number} is {current} and cannot become {following}; it may become: {allowed}"
        )


def has_reached(stage: BatchStage, goal: BatchStage) -> bool:
    """Whether a batch in ``stage`` is at least as far as ``goal``."""
    return STAGE_RANK[stage] >= STAGE_RANK[goal]
