"""A node's figures for monitoring: plain numbers by name, units in the names."""

import resource
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chain_template.node import NodeStatus


def node_metrics(status: "NodeStatus", started_at: float, restarts: int) -> dict[str, float]:
    """Figures of one node; ``started_at`` is Unix time of its process's start."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "head_block": status.head_number,
        "head_timestamp_seconds": status.head_timestamp,
        "mempool_transactions": status.mempool_size,
        "pending_priority_operations": status.pending_priority_operations,
        "unbatched_blocks": status.unbatched_blocks,
        "failing_loops": len(status.errors),
        "paused": int(status.paused),
        **{f"last_batch_{stage}": number for stage, number in status.batches.items()},
        "uptime_seconds": time.time() - started_at,
        "restarts": restarts,
        "cpu_seconds_total": usage.ru_utime + usage.ru_stime,
        # Linux counts the peak in KiB.
        "peak_memory_bytes": usage.ru_maxrss * 1024,
    }
