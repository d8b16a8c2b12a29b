"""What a chain is created with on L1."""

from dataclasses import dataclass
from typing import Final

from contracts.codec import abi_encode
from contracts.messages import DA_CALLDATA, DA_VALIDIUM

PRIORITY_EXPIRATION_S: Final = 4 * 24 * 3600
PRIORITY_TX_MAX_GAS: Final = 72_000_000


@dataclass(frozen=True, slots=True)
class FeeParams:
    """What the base cost of a request from L1 is computed with; ZK Stack's defaults.

    Attributes:
        batch_overhead_l1_gas: L1 gas a batch costs, shared by its transactions.
        max_pubdata_per_batch: Bytes.
        max_l2_gas_per_batch: Gas.
        priority_tx_max_pubdata: Bytes one request may publish.
        minimal_l2_gas_price: Wei.
    """

    batch_overhead_l1_gas: int = 1_000_000
    max_pubdata_per_batch: int = 120_000
    max_l2_gas_per_batch: int = 80_000_000
    priority_tx_max_pubdata: int = 99_000
    minimal_l2_gas_price: int = 250_000_000


@dataclass(frozen=True, slots=True)
class ChainParams:
    """A chain as it is created on L1; its program and verifier are those of the newest protocol version.

    Attributes:
        chain_id: 1 to 2^48 - 1, unique in the hub.
        genesis_state_commitment: keccak(RLP(genesis header)), 32 bytes.
        genesis_timestamp: Of the genesis block, seconds.
        da_scheme: ``DA_CALLDATA`` (rollup) or ``DA_VALIDIUM``.
        base_token_asset_id: Registered in the Bridgehub; ether where it is left out.
        fees: Fee parameters; pubdata is priced for a rollup, free for a validium.
        token_multiplier: Price of ether in base token, as (nominator, denominator).
        priority_expiration_s: How long a request may wait before anyone may force it, seconds.
        priority_tx_max_gas: Gas one request may ask for.
    """

    chain_id: int
    genesis_state_commitment: bytes
    genesis_timestamp: int
    da_scheme: int = DA_CALLDATA
    base_token_asset_id: bytes | None = None
    fees: FeeParams = FeeParams()
    token_multiplier: tuple[int, int] = (1, 1)
    priority_expiration_s: int = PRIORITY_EXPIRATION_S
    priority_tx_max_gas: int = PRIORITY_TX_MAX_GAS

    def init_data(self) -> bytes:
        """``abi.encode(ChainInitData)``, see ``src/l1/chain/ZKChainStorage.sol``."""
        pricing_mode = 1 if self.da_scheme == DA_VALIDIUM else 0
        fee_params = (
            pricing_mode,
            self.fees.batch_overhead_l1_gas,
            self.fees.max_pubdata_per_batch,
            self.fees.max_l2_gas_per_batch,
            self.fees.priority_tx_max_pubdata,
            self.fees.minimal_l2_gas_price,
        )
        struct = (
            self.genesis_state_commitment,
            self.genesis_timestamp,
            self.da_scheme,
            fee_params,
            *self.token_multiplier,
            self.priority_expiration_s,
            self.priority_tx_max_gas,
        )
        fee_type = "(uint8,uint32,uint32,uint32,uint32,uint64)"
        init_type = f"(bytes32,uint64,uint8,{fee_type},uint128,uint128,uint64,uint256)"
        return abi_encode([init_type], [struct])


@dataclass(frozen=True, slots=True)
class Validators:
    """Who may do what with a chain's batches through the timelock; the addresses may be the same."""

    committer: str
    prover: str
    executor: str
    reverter: str

    @classmethod
    def all_by(cls, address: str) -> "Validators":
        """One key for everything."""
        return cls(address, address, address, address)
