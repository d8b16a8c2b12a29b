"""Every setting of a chain, typed and range-checked, in one place."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

GWEI = 10**9
#: ZK Stack: chain ids are 1 … 2^48 − 1.
MAX_CHAIN_ID = 2**48 - 1
#: Largest gas limit of one L1→L2 operation (ZK Stack's priorityTxMaxGasLimit).
PRIORITY_TX_MAX_GAS = 72_000_000


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataAvailability(StrEnum):
    """Where a batch's state diff goes: to L1 (rollup), or nowhere but the operator (validium: a weaker guarantee)."""

    ROLLUP = "rollup"
    VALIDIUM = "validium"


class BlockSettings(Settings):
    """When a block is sealed, and what it may hold."""

    interval_ms: Annotated[int, Field(ge=10, le=60_000)] = 250
    """Milliseconds from the first pending transaction to the seal. There are no empty blocks."""
    gas_limit: Annotated[int, Field(ge=1_000_000, le=1_000_000_000)] = 100_000_000
    max_transactions: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    max_pubdata_bytes: Annotated[int, Field(ge=4_096, le=110_000)] = 90_000


class BatchSettings(Settings):
    """When a batch is sealed; whichever bound is met first."""

    max_age_ms: Annotated[int, Field(ge=50, le=86_400_000)] = 2_000
    """Milliseconds from the batch's first block."""
    max_blocks: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_gas: Annotated[int, Field(ge=1_000_000)] = 200_000_000
    fit_proof: bool = False
    """Keep every block and batch within what one proof holds, as the proof system's cost meter counts it."""
    max_pubdata_bytes: Annotated[int, Field(ge=4_096, le=120_000)] = 100_000
    """Bytes; one L1 transaction carries them, and public mempools refuse more than 128 KiB."""
    max_l2_to_l1_logs: Annotated[int, Field(ge=1, le=16_384)] = 16_384
    max_priority_operations: Annotated[int, Field(ge=1, le=1_000)] = 200


class FeeSettings(Settings):
    """What gas costs on the chain."""

    min_base_fee_wei: Annotated[int, Field(ge=1)] = GWEI // 10
    min_l2_gas_price_wei: Annotated[int, Field(ge=1)] = GWEI // 4
    """ZK Stack's minimalL2GasPrice: the floor of the price that L1→L2 operations buy at."""


class MempoolSettings(Settings):
    """How much the pool holds."""

    max_transactions: Annotated[int, Field(ge=1)] = 20_000
    max_per_sender: Annotated[int, Field(ge=1)] = 1_000
    max_nonce_gap: Annotated[int, Field(ge=0)] = 1_000
    max_transaction_bytes: Annotated[int, Field(ge=1_024)] = 131_072
    replacement_bump_percent: Annotated[int, Field(ge=1, le=1_000)] = 10
    lifetime_s: Annotated[int, Field(ge=1)] = 10_800


class SettlementSettings(Settings):
    """How batches reach L1."""

    poll_interval_ms: Annotated[int, Field(ge=10)] = 200
    confirmations: Annotated[int, Field(ge=0, le=1_000)] = 0
    """L1 blocks above an event before the chain acts on it; 0 for the embedded L1."""
    resend_after_s: Annotated[float, Field(gt=0)] = 15.0
    """Seconds without inclusion before a transaction is replaced at a higher price."""
    max_fee_gwei: Annotated[int, Field(ge=1)] = 500
    """Never pay more per gas on L1; the sender waits instead."""
    max_batches_per_call: Annotated[int, Field(ge=1, le=100)] = 8


class RpcSettings(Settings):
    """The chain's JSON-RPC endpoint."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """0 takes any free port."""
    max_request_bytes: Annotated[int, Field(ge=1_024)] = 15_000_000
    max_batch_length: Annotated[int, Field(ge=1)] = 1_000
    max_connections: Annotated[int, Field(ge=1)] = 1_000
    call_gas_limit: Annotated[int, Field(ge=21_000)] = 100_000_000
    call_timeout_s: Annotated[float, Field(gt=0)] = 10.0
    max_logs: Annotated[int, Field(ge=1)] = 20_000
    max_block_range: Annotated[int, Field(ge=1)] = 100_000
    filter_lifetime_s: Annotated[float, Field(gt=0)] = 900.0
    max_response_bytes: Annotated[int, Field(ge=1_024)] = 25_000_000
    """A batch array is answered with errors from where its answers are longer than this together."""
    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call, besides those served from this machine; "*" for every page there is."""


class L1Link(Settings):
    """What a chain knows of the L1 it settles on: where it is and which contracts are its own."""

    url: str
    l1_chain_id: Annotated[int, Field(ge=1)]
    bridgehub: str
    zk_chain: str
    validator_timelock: str
    base_token_asset_id: str
    base_token: str = "0x" + 39 * "0" + "1"
    """The base token's address on L1; the default stands for ether."""
    base_token_origin_chain_id: Annotated[int, Field(ge=1)] | None = None
    """Chain where the base token was born; L1 where left out."""
    base_token_origin: str | None = None
    """Its address there; :attr:`base_token` where left out."""
    base_token_name: str = "Ether"
    base_token_symbol: str = "ETH"
    start_block: Annotated[int, Field(ge=0)] = 0
    """L1 block in which the chain was created; no event of it is older."""
    ecosystem_block: Annotated[int, Field(ge=0)] = 0
    """L1 block before the hub's first contract; the message root has no older event."""
    execution_delay_s: Annotated[int, Field(ge=0)] = 0
    contracts: dict[str, str] = Field(default_factory=dict)
    """Other L1 addresses that clients ask for (asset router, vault, message root …), by name."""


class OperatorKeys(Settings):
    """Private keys (hex) of the chain's L1 roles; kept in a file of mode 0600, never logged or shown."""

    committer: Annotated[str, Field(repr=False)]
    prover: Annotated[str, Field(repr=False)]
    executor: Annotated[str, Field(repr=False)]
    reverter: Annotated[str, Field(repr=False)]


class GenesisSettings(Settings):
    """What block 0 is made of. Everything in it is public, so anyone can rebuild it."""

    timestamp: Annotated[int, Field(ge=0)]
    premine: dict[str, int] = Field(default_factory=dict)
    """Address → wei. Only an L1 may have one: accounts on a chain are funded by deposits."""


class ChainConfig(Settings):
    """One chain.

    ``l1`` is None for a chain without a settlement layer: the embedded L1.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    chain_id: Annotated[int, Field(ge=1, le=MAX_CHAIN_ID)]
    data_dir: Path
    genesis: GenesisSettings
    data_availability: DataAvailability = DataAvailability.ROLLUP
    fee_recipient: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    executor: str = "native"
    """"native" is the batch program's C sources on this machine; "pyevm" is the reference, far slower."""
    shadow_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the blocks that the other executor executes too; the chain stops at the first difference."""
    proofs: Literal["stark", "none"] = "none"
    """"none" is the labelled development mode: batches are re-executed by the prover pool, not proven."""
    profile: str = "fast"
    """Parameters of the proofs, by name; L1's verifier takes proofs of one profile."""
    program_id: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")] | None = None
    """The batch program that this hub's provers prove, as 0x-hex. While L1 accepts another one's proofs nothing is
    committed, as nobody could prove it; where left out, whatever L1 accepts is taken for it."""
    proof_memory_bytes: Annotated[int, Field(ge=1)] | None = None
    """What one proof may take; batches are cut to fit. Half of this machine's memory where left out."""
    block: BlockSettings = BlockSettings()
    batch: BatchSettings = BatchSettings()
    fees: FeeSettings = FeeSettings()
    mempool: MempoolSettings = MempoolSettings()
    settlement: SettlementSettings = SettlementSettings()
    rpc: RpcSettings = RpcSettings()
    l1: L1Link | None = None
    operator_keys: Annotated[OperatorKeys | None, Field(repr=False)] = None

    @property
    def proof_mode(self) -> str:
        """What batches are labelled with: "none", or "stark-" and the profile."""
        return self.proofs if self.proofs == "none" else f"{self.proofs}-{self.profile}"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.l1 is not None and self.genesis.premine:
            raise ValueError("genesis.premine is only for an L1: a chain's accounts are funded by deposits")
        if self.l1 is not None and self.operator_keys is None:
            raise ValueError("operator_keys are needed by a chain that settles on an L1")
        if self.l1 is not None and self.block.gas_limit < PRIORITY_TX_MAX_GAS:
            raise ValueError(
                f"block.gas_limit must be at least {PRIORITY_TX_MAX_GAS}: the largest L1 operation must fit a block"
            )
        if self.l1 is not None and self.l1.l1_chain_id == self.chain_id:
            raise ValueError(f"chain_id {self.chain_id} is the L1's own")
        return self
