"""Every setting of the cluster, typed and range-checked, in one place."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: What all reserved shares of the prover pool together may be: the rest is for chains that have reserved nothing.
MOST_RESERVED = 0.9


class ClusterSettings(BaseModel):
    """Base of this package's settings: unknown keys are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RaySettings(ClusterSettings):
    """A Ray cluster of the hub's own, on this machine."""

    data_dir: Path
    """The hub's data directory; Ray's token is kept in it."""
    num_cpus: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: os.cpu_count() or 1)
    object_store_bytes: Annotated[int, Field(ge=80_000_000)] = 200_000_000
    loopback: bool = True
    """Bind every port of Ray to 127.0.0.1. Turn it off only when other machines are to join."""
    lean: bool = True
    """Start without Ray's monitors and dashboard process, which a hub on one machine does not use; saves seconds."""

    nodes: Annotated[int, Field(ge=1, le=16)] = 1
    """Nodes of Ray on this machine: more than one simulate several machines."""
    gpus_per_node: Annotated[int, Field(ge=0, le=16)] | None = None
    """GPUs that each node offers, whether the machine has them or not; left out: those the machine has, on the head."""

    @property
    def token_path(self) -> Path:
        """File of Ray's token, mode 0600 in a directory of mode 0700."""
        return self.data_dir / "keys" / "ray-token"

    @property
    def log_dir(self) -> Path:
        """Where the processes of the cluster write their logs."""
        return self.data_dir / "logs"


class PoolSettings(ClusterSettings):
    """How the prover pool treats jobs and workers."""

    heartbeat_s: Annotated[float, Field(gt=0)] = 1.0
    """Seconds between two signs of life of a worker."""
    heartbeat_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    """Seconds of silence after which a worker counts as dead and its job is queued again."""
    job_timeout_s: Annotated[float, Field(gt=0)] = 3_600.0
    """Seconds a worker may spend on one attempt."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 5
    """Attempts after which a job counts as failed until someone asks for a retry."""
    retry_delay_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds before the second attempt; doubled for each further one."""
    max_retry_delay_s: Annotated[float, Field(ge=0)] = 60.0
    ageing_s: Annotated[float, Field(gt=0)] = 1_800.0
    """Seconds at the head of its chain's queue after which a job is passed over no more."""
    due_lead_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds before its deadline from which a job goes before those of other chains."""
    max_lag_s: Annotated[float, Field(gt=0)] = 3_600.0
    """Prover seconds that a chain may be behind its share, to claim them later, or ahead of it by urgency."""
    max_wrong_proofs: Annotated[int, Field(ge=1)] = 3
    """Wrong proofs after which a prover from outside loses its token."""
    max_input_bytes: Annotated[int, Field(ge=1)] = 1_000_000_000


class RouterSettings(ClusterSettings):
    """How the message router treats messages."""

    auto_relay: bool = True
    """Follow every chain and claim what its users send, unless an order says otherwise."""
    shortest_look_s: Annotated[float, Field(gt=0)] = 0.3
    """Seconds between two looks at a message that moves; they grow with the time it stays in a stage."""
    longest_look_s: Annotated[float, Field(gt=0)] = 15.0
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    """Failed claims after which a message goes to the dead-letter list."""
    retry_delay_s: Annotated[float, Field(gt=0)] = 1.0
    """Seconds before the second attempt; doubled for each further one."""
    max_retry_delay_s: Annotated[float, Field(gt=0)] = 120.0
    watch_claims_s: Annotated[float, Field(ge=0)] = 1_800.0
    """Seconds after a claim in which it is looked at again now and then: a reorganisation may undo it."""
    follow_s: Annotated[float, Field(ge=0)] = 1.0
    """Seconds between two looks at a chain on which nobody has sent anything."""
    follow_blocks: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    """Blocks of a chain that are read at once."""
    lanes: Annotated[int, Field(ge=1, le=64)] = 16
    """Messages that are looked at and claimed at the same time."""
    keep_records: Annotated[int, Field(ge=0)] = 10_000
    """Messages at their end that are kept for whoever looks back."""
