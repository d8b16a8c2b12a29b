"""The hub's refusals as clients meet them: for every error a stable word, an HTTP status and a title."""

from dataclasses import dataclass

from chain_template.errors import ChainError
from cluster import errors as cluster_errors
from contracts.errors import L1Error, L1Unavailable
from ecosystem import errors
from ecosystem.hub import Hub
from shared_bridge import errors as bridge_errors
from zkhub.errors import HubError

#: Methods of :class:`ecosystem.hub.Hub` that the API may call.
QUESTIONS = frozenset(name for name in dir(Hub) if not name.startswith("_"))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of refusal: the word that ends its type, its HTTP status, its title."""

    slug: str
    status: int
    title: str


INTERNAL = Kind("internal", 500, "The hub has a bug")

#: The first class that fits counts, so a class stands before its base.
TABLE: tuple[tuple[type[HubError], Kind], ...] = (
    (errors.UnknownChain, Kind("unknown-chain", 404, "There is no such chain")),
    (errors.UnknownOperation, Kind("unknown-operation", 404, "There is no such operation")),
    (errors.UnknownBatch, Kind("unknown-batch", 404, "There is no such batch")),
    (cluster_errors.UnknownJob, Kind("unknown-job", 404, "There is no such proof job")),
    (cluster_errors.UnknownWorker, Kind("unknown-worker", 404, "There is no such prover worker")),
    (cluster_errors.UnknownOutsideProver, Kind("unknown-prover", 404, "There is no such prover from outside")),
    (cluster_errors.OutsideProverExists, Kind("prover-exists", 409, "The name is taken, or is none")),
    (cluster_errors.TokenRefused, Kind("prover-token-refused", 403, "The prover's token is not good")),
    (cluster_errors.ReservedTooMuch, Kind("reserved-too-much", 422, "Too much would be reserved")),
    (cluster_errors.StaleLease, Kind("stale-lease", 409, "The job is no longer this prover's")),
    (cluster_errors.ProofRefused, Kind("proof-refused", 422, "The proof is wrong")),
    (cluster_errors.NotCheckable, Kind("not-checkable", 409, "Proofs of this kind cannot be checked")),
    (errors.UnknownAccount, Kind("unknown-account", 404, "The hub has no key of this account")),
    (errors.UnknownSymbol, Kind("unknown-token", 404, "There is no such token")),
    (errors.UnknownStage, Kind("unknown-stage", 422, "There is no such stage")),
    (cluster_errors.MessageMissing, Kind("unknown-message", 404, "There is no such message")),
    (bridge_errors.UnknownChain, Kind("unknown-chain", 404, "There is no such chain")),
    (bridge_errors.UnknownToken, Kind("unknown-token", 404, "There is no such token")),
    (bridge_errors.UnknownMessage, Kind("unknown-message", 404, "There is no such message")),
    (errors.TokenExists, Kind("token-exists", 409, "Another token has this symbol")),
    (cluster_errors.OrderConflict, Kind("request-used", 409, "The request's name stands for another order")),
    (cluster_errors.MessageNotRetryable, Kind("not-retryable", 409, "There is nothing to try again")),
    (bridge_errors.ChainPausedError, Kind("paused", 409, "The bridge or the chain takes nothing now")),
    (bridge_errors.MessageError, Kind("wrong-stage", 409, "The message's stage does not allow it")),
    (bridge_errors.AmountError, Kind("wrong-amount", 422, "The amount cannot be moved")),
    (bridge_errors.RecipientError, Kind("wrong-recipient", 422, "The recipient is no address")),
    (bridge_errors.RpcLost, Kind("node-lost", 503, "A node does not answer")),
    (bridge_errors.BridgeError, Kind("bridge-refused", 502, "The bridge refused")),
    (cluster_errors.NoEndpoints, Kind("starting", 503, "The hub is coming up")),
    (cluster_errors.RouterError, Kind("unavailable", 503, "A part of the hub does not answer")),
    (errors.ChainExists, Kind("chain-exists", 409, "The name or the id is taken")),
    (errors.ChainBusy, Kind("chain-busy", 409, "Another operation is at work")),
    (errors.WrongChainState, Kind("wrong-chain-state", 409, "The chain's state does not allow it")),
    (cluster_errors.IllegalJobTransition, Kind("wrong-job-state", 409, "The job's state does not allow it")),
    (cluster_errors.PoolError, Kind("pool-refused", 503, "The prover pool cannot do it now")),
    (errors.PortInUse, Kind("port-in-use", 409, "The port is in use")),
    (errors.ConfigError, Kind("invalid-setting", 422, "A setting is not acceptable")),
    (errors.HubStarting, Kind("starting", 503, "The hub is coming up")),
    (errors.HubUnavailable, Kind("unavailable", 503, "A part of the hub does not answer")),
    (cluster_errors.ActorTimeout, Kind("timeout", 504, "A part of the hub took too long")),
    (cluster_errors.ActorFailed, INTERNAL),
    (cluster_errors.ActorError, Kind("unavailable", 503, "A part of the hub does not answer")),
    (cluster_errors.RayError, Kind("unavailable", 503, "A part of the hub does not answer")),
    (L1Unavailable, Kind("l1-unavailable", 503, "The L1 does not answer")),
    (L1Error, Kind("l1-refused", 502, "The L1 refused")),
    (ChainError, Kind("chain-error", 502, "The chain reports an error")),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal on its way from the controller's process to the API's."""

    kind: Kind
    detail: str
    hint: str

    @classmethod
    def of(cls, error: HubError) -> "Refusal":
        """The refusal that an error is."""
        kind = next((kind for base, kind in TABLE if isinstance(error, base)), INTERNAL)
        return cls(kind, error.message, error.hint)

    @classmethod
    def bug(cls, detail: str) -> "Refusal":
        """Something that should not happen."""
        return cls(INTERNAL, detail, "this is a bug; the hub's logs tell more")


class Refused(HubError):
    """The controller refused a request of the API."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail, hint=refusal.hint)
        self.refusal = refusal
