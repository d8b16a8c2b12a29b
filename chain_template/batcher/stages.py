"""The batch's state machine, where a reader of the batcher looks for it first.

The table itself lives with the store, which enforces it on every update.
"""

from chain_template.store.stages import STAGE_RANK, TRANSITIONS, BatchStage, check_transition, has_reached

__all__ = ["STAGE_RANK", "TRANSITIONS", "BatchStage", "check_transition", "has_reached"]
