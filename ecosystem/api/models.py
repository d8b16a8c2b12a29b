"""What clients send to the API."""

from typing import Annotated

from pydantic import Field, field_validator

from chain_template.config import Settings
from cluster.pool.jobs import Progress
from ecosystem.bridge_desk import Wish
from ecosystem.chain_config import L1_NAME
from ecosystem.settings import NAME_PATTERN, ChainSettings
from ecosystem.tokens import RESERVED_SYMBOLS


class NewChain(ChainSettings):
    """A chain to be created: its name, and every setting that is not to have its default."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, examples=["gamma"])]

    def settings(self) -> ChainSettings:
        """The settings without the name."""
        return ChainSettings.model_validate({key: getattr(self, key) for key in ChainSettings.model_fields})


_Layer = Annotated[str, Field(pattern=NAME_PATTERN, examples=["alpha"])]
_Token = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]{1,66}$",
        examples=["eth"],
        description="`eth`, the symbol of a token the hub deployed, an address where it leaves from, or an asset id.",
    ),
]
_Amount = Annotated[
    str, Field(pattern=r"^[0-9]{1,78}$", examples=["1000000000000000000"], description="In the smallest unit.")
]
_Address = Annotated[str, Field(pattern=r"^(0x[0-9a-fA-F]{40})?$")]
_Request = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{0,64}$",
        description="A name of your own: repeating the call under the same name moves nothing twice.",
    ),
]


class _Wished(Settings):
    """What every way over the bridge needs."""

    token: _Token = "eth"
    amount: _Amount
    to: _Address = ""
    account: _Address = ""
    request: _Request = ""

    def wish(self, source: str, destination: str, relay: bool | None) -> Wish:
        """The wish, with its ends."""
        return Wish(source, destination, self.token, int(self.amount), self.to, self.account, self.request, relay)


class NewDeposit(_Wished):
    """Value to be moved from L1 to a chain, by a development account."""

    chain: _Layer

    def order(self) -> Wish:
        """What is wished for."""
        return self.wish(L1_NAME, self.chain, None)


class NewWithdrawal(_Wished):
    """Value to be moved from a chain to L1, by a development account."""

    chain: _Layer
    relay: bool | None = None

    def order(self) -> Wish:
        """What is wished for."""
        return self.wish(self.chain, L1_NAME, self.relay)


class NewTransfer(_Wished):
    """Value to be moved from a chain to another one, by a development account."""

    source: _Layer
    destination: _Layer
    relay: bool | None = None

    def order(self) -> Wish:
        """What is wished for."""
        return self.wish(self.source, self.destination, self.relay)


class NewMessage(Settings):
    """A transaction that sent something over the bridge, to be followed and claimed."""

    source: _Layer
    transaction: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]


class NewToken(Settings):
    """A token for development."""

    symbol: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,15}$", examples=["TEST"])]
    where: _Layer = L1_NAME
    name: Annotated[str, Field(max_length=64)] = ""
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    supply: _Amount = "0"
    account: _Address = ""

    @field_validator("symbol")
    @classmethod
    def _not_ether(cls, symbol: str) -> str:
        if symbol.lower() in RESERVED_SYMBOLS:
            raise ValueError(f'"{symbol}" means a chain\'s own token')
        return symbol

    @field_validator("supply")
    @classmethod
    def _fits(cls, supply: str) -> str:
        if int(supply) >> 256:
            raise ValueError("a supply fits into 256 bits")
        return supply


class Priority(Settings):
    """How a batch's proof is to be treated."""

    urgent: bool = True
    due_in_s: Annotated[float, Field(gt=0, le=10**9)] | None = None


class ProverShare(Settings):
    """What a chain gets of the prover pool; what is left out stays as it is."""

    weight: Annotated[float, Field(ge=0.001, le=1_000)] | None = None
    reserved: Annotated[float, Field(ge=0, le=0.9)] | None = None
    deadline_s: Annotated[float, Field(ge=0, le=10**9)] | None = None


class Scale(Settings):
    """How many workers there shall be."""

    workers: Annotated[int, Field(ge=0, le=256)]


class Drain(Settings):
    """Whom it is about; the empty name stands for all workers."""

    worker: Annotated[str, Field(pattern=r"^[a-z0-9-]{0,64}$")] = ""


class NewProver(Settings):
    """A prover that is to join over HTTP."""

    name: Annotated[str, Field(pattern=NAME_PATTERN, examples=["basement"])]


_Incarnation = Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{1,64}$", examples=["5f2d9c0a11b34e77"])]
_Lease = Annotated[int, Field(ge=1, le=2**53)]
_Bytes = Annotated[int, Field(ge=1, le=2**50)]


class OutsidePick(Settings):
    """A question for work; ``sequence`` grows with each of one incarnation."""

    incarnation: _Incarnation
    sequence: Annotated[int, Field(ge=0, le=2**53)]
    memory_bytes: _Bytes | None = None


class OutsideProgress(Settings):
    """How far a job is."""

    stage: Annotated[str, Field(max_length=64)]
    number: Annotated[int, Field(ge=1, le=1_000)]
    stages: Annotated[int, Field(ge=1, le=1_000)]
    fraction: Annotated[float, Field(ge=0, le=1)]

    def known(self) -> Progress:
        """As the pool takes it."""
        return Progress(self.stage, self.number, self.stages, self.fraction)


class OutsideLife(Settings):
    """A sign of life."""

    incarnation: _Incarnation
    lease: _Lease | None = None
    progress: OutsideProgress | None = None
    memory_bytes: _Bytes | None = None


class OutsideFailure(Settings):
    """Word that there is no proof; ``refused``: because the batch is wrong."""

    incarnation: _Incarnation
    lease: _Lease
    error: Annotated[str, Field(max_length=4_000)]
    refused: bool = False
    needs_bytes: Annotated[int, Field(ge=0, le=2**50)] = 0
