"""Every error the cluster raises on purpose.

::

    ClusterError
    ├── RayError
    │   ├── RayAlreadyImported      ray was imported before its settings were in the environment
    │   ├── RayStartFailed          a cluster of our own did not come up
    │   ├── RayTokenMissing         joining needs Ray's token and there is none
    │   ├── RayTokenRefused         the cluster does not take this token
    │   ├── RayUnreachable          nothing answers at the address
    │   └── NotConnected            an actor was asked for before start or join
    ├── ActorError
    │   ├── ActorMissing            no actor of this name
    │   ├── ActorUnavailable        dead or restarting; trying again is right
    │   │   └── ActorDied           it will not restart by itself: ended, or its constructor failed
    │   ├── ActorTimeout            no answer within the time limit
    │   └── ActorFailed             the actor's code raised something that is not ours
    ├── NoFreePort                  every port tried on this address is taken
    ├── PoolError
    │   ├── UnknownJob
    │   ├── IllegalJobTransition    the job's state machine has no such step
    │   ├── StaleLease              the job was taken from this worker in the meantime
    │   ├── PoolClosed              the pool is stopping
    │   ├── UnknownWorker           the pool has no worker of this name
    │   ├── ReservedTooMuch         all reserved shares together would be too much
    │   ├── ProofRefused            a proof that was handed in proves nothing
    │   ├── HubUnreachable          the hub that a prover from outside works for does not answer
    │   ├── OutsideError            about provers that are no part of the cluster
    │   │   ├── OutsideProverExists
    │   │   ├── UnknownOutsideProver
    │   │   └── TokenRefused        the token is nobody's, or has been revoked
    │   └── PoolStoreError          the pool's database cannot be used
    │       ├── PoolStoreCorrupt    it is damaged or of another version
    │       └── PoolStoreFull       the disk refused a write; nothing of it is in the database
    ├── RouterError
    │   ├── MessageMissing          the router has no message of this id
    │   ├── MessageNotRetryable     it is not on the dead-letter list
    │   ├── OrderConflict           another order has this name
    │   ├── NoEndpoints             the router was not told yet where the chains are
    │   ├── RouterClosed            the router is stopping
    │   ├── IllegalMessageTransition
    │   └── RouterStoreError        the router's database cannot be used
    │       ├── RouterStoreCorrupt  it is damaged or of another version
    │       └── RouterStoreFull     the disk refused a write; nothing of it is in the database
    └── ProverError
        ├── UnknownBackend          no prover of this name
        ├── BatchRefused            the batch is wrong, or more than one proof holds: no proof of it can exist
        ├── ProofWrong              a proof that was checked does not prove its batch
        ├── NotCheckable            nobody knows how to check what a backend makes
        ├── OtherProgramWanted      L1 asks for proofs of another program or profile than the prover makes
        └── Abandoned               nobody wants the proof any more
"""

import difflib
from collections.abc import Sequence
from typing import Self

from zkhub.errors import HubError


class ClusterError(HubError):
    """Base of every error of this package."""


class RayError(ClusterError):
    """Ray itself cannot do what was asked."""


class RayAlreadyImported(RayError):
    """Ray was imported before its settings were in the environment, where it reads them once."""


class RayStartFailed(RayError):
    """A local Ray cluster did not come up."""


class RayTokenMissing(RayError):
    """Joining a cluster needs its token."""


class RayTokenRefused(RayError):
    """The cluster does not take this token."""


class RayUnreachable(RayError):
    """Nothing that speaks Ray answers at the address."""


class NotConnected(RayError):
    """This process has neither started nor joined a cluster."""


class ActorError(ClusterError):
    """An actor cannot be reached or used.

    Attributes:
        actor: The actor's name.
    """

    def __init__(self, message: str, *, actor: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.actor = actor


class ActorMissing(ActorError):
    """There is no actor of this name."""


class ActorUnavailable(ActorError):
    """The actor is dead or being restarted; the call may or may not have run."""


class ActorDied(ActorUnavailable):
    """The actor is gone and will not come back by itself: it was ended, or its constructor failed."""


class ActorTimeout(ActorError):
    """The actor gave no answer within the time limit; the call may still run."""


class ActorFailed(ActorError):
    """The actor's code raised an error that is not one of the hub's own: a bug."""


class NoFreePort(ClusterError):
    """Every port tried on this address is taken."""


class PoolError(ClusterError):
    """The prover pool cannot do what was asked."""


class UnknownJob(PoolError):
    """The pool has no such job."""


class IllegalJobTransition(PoolError):
    """The job's state machine has no such step."""


class StaleLease(PoolError):
    """The job was taken away from this worker (time-out, cancellation); its result is not wanted."""


class PoolClosed(PoolError):
    """The pool is stopping; whoever restarts it will find every job in place."""


class UnknownWorker(PoolError):
    """The pool has no worker of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        listed = ", ".join(known) or "none"
        super().__init__(
            f'there is no prover worker "{name}"; there are: {listed}',
            hint=f'Did you mean "{near[0]}"?' if near else "",
        )


class ReservedTooMuch(PoolError):
    """All reserved shares together would leave too little to chains that have reserved nothing.

    Attributes:
        wanted: The share that was asked for, 0 to 1.
        others: What other chains have reserved.
        most: What all together may be.
    """

    def __init__(self, wanted: float, others: float, most: float) -> None:
        super().__init__(
            f"{wanted:.0%} of the provers cannot be reserved: others have {others:.0%}, all may have {most:.0%}",
            hint=f"reserve at most {max(0.0, most - others):.0%}, or lower another chain's share first",
        )
        self.wanted = wanted
        self.others = others
        self.most = most


class ProofRefused(PoolError):
    """A proof that was handed in does not prove the batch."""

    def __init__(self, worker: str, batch_number: int, chain_name: str, reason: str) -> None:
        super().__init__(f"the proof of batch {batch_number} of {chain_name} by {worker} is wrong: {reason}")
        self.reason = reason

    @classmethod
    def as_told(cls, message: str) -> Self:
        """The error that a hub on another machine told of."""
        error = cls.__new__(cls)
        error.args = (message,)
        error.reason = message
        return error


class HubUnreachable(PoolError):
    """The hub that a prover from outside works for does not answer as it should."""

    hint = "look at the URL and whether the hub runs; it is tried again"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"the hub at {url} does not answer: {reason}")


class OutsideError(PoolError):
    """About provers that are no part of the cluster."""


class OutsideProverExists(OutsideError):
    """The name is taken, or is none."""


class UnknownOutsideProver(OutsideError):
    """No prover from outside has this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f'there is no prover "{name}" from outside; there are: {", ".join(known) or "none"}')


class TokenRefused(OutsideError):
    """The token is nobody's, or has been revoked."""

    hint = "ask the hub's operator for another: zkhub prover token create NAME"

    def __init__(self) -> None:
        super().__init__("this prover token is not good")


class PoolStoreError(PoolError):
    """The pool's database cannot be used."""


class PoolStoreCorrupt(PoolStoreError):
    """The pool's database is damaged, or was written by an incompatible version."""


class PoolStoreFull(PoolStoreError):
    """The disk refused a write; nothing of that change is in the database."""


class RouterError(ClusterError):
    """The message router cannot do what was asked."""


class MessageMissing(RouterError):
    """The router has no message of this id."""

    hint = "list them: zkhub message ls"

    def __init__(self, message_id: str) -> None:
        super().__init__(f'there is no message "{message_id}"')


class MessageNotRetryable(RouterError):
    """Only what is on the dead-letter list, or waits to be claimed, can be tried again."""

    def __init__(self, message_id: str, stage: str) -> None:
        super().__init__(f'message "{message_id}" is {stage}: there is nothing to try again')


class OrderConflict(RouterError):
    """The name of an order stands for another order already."""

    def __init__(self, request: str) -> None:
        super().__init__(
            f'the request "{request}" was used for another order', hint="give a new order a new name, or none"
        )


class NoEndpoints(RouterError):
    """The router was not told yet where the chains are."""

    hint = "try again in a moment"


class RouterClosed(RouterError):
    """The router is stopping; whoever restarts it will find every message in place."""


class IllegalMessageTransition(RouterError):
    """A message's state machine has no such step."""

    def __init__(self, message_id: str, old: str, new: str) -> None:
        super().__init__(f'message "{message_id}" is {old} and cannot become {new}')


class RouterStoreError(RouterError):
    """The router's database cannot be used."""


class RouterStoreCorrupt(RouterStoreError):
    """The router's database is damaged, or was written by an incompatible version."""


class RouterStoreFull(RouterStoreError):
    """The disk refused a write; nothing of that change is in the database."""


class ProverError(ClusterError):
    """A prover cannot do what was asked."""


class ProverBroken(ProverError):
    """A prover can prove nothing more until its process has begun anew."""


class UnknownBackend(ProverError):
    """There is no prover backend of this name."""


class BatchRefused(ProverError):
    """The batch program does not produce what the batch claims, so no proof of it can exist.

    Attributes:
        reason: Short stable code, such as ``public-input-mismatch`` or the batch program's own.
    """

    def __init__(self, message: str, *, reason: str = "refused", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class ProofWrong(ProverError):
    """A proof that was checked does not prove its batch."""


class NotCheckable(ProverError):
    """Nobody knows how to check what a backend makes."""


class OtherProgramWanted(ProverError):
    """A chain's L1 contract asks for proofs of another program, or of another profile, than the prover makes.

    Attributes:
        wanted: Hash of the verifying key that L1 has.
        made: Hash of the prover's own.
    """

    def __init__(self, wanted: bytes, made: bytes, profile: str) -> None:
        super().__init__(
            f"L1 accepts proofs under the verifying key 0x{wanted.hex()}; this prover's is 0x{made.hex()} ({profile})",
            hint="run the version of zkhub, and the profile, that the chain was created with, or upgrade the chain",
        )
        self.wanted = wanted
        self.made = made


class Abandoned(ProverError):
    """Nobody wants the proof any more, so the prover stopped."""
