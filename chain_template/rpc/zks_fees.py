"""zks_: what gas and pubdata cost, here and on L1 (ZK Stack's shapes)."""

from dataclasses import dataclass, replace
from typing import Any, Final

from chain_template.executor.interface import StateOverride
from chain_template.rpc.call_request import CallObject, call_object
from chain_template.rpc.errors import InvalidParams
from chain_template.rpc.eth_calls import Site, search_gas, site
from chain_template.rpc.eth_fees import suggested_price
from chain_template.rpc.format import Json
from chain_template.rpc.params import PENDING, Param, mapping
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.transactions.intrinsic import TX_GAS
from contracts.genesis import L2_ASSET_ROUTER

methods = Methods()

#: ZK Stack's only allowed l2GasPerPubdataByteLimit.
_GAS_PER_PUBDATA: Final = 800
#: L1 gas a byte of pubdata costs as calldata, overhead included (ZK Stack's L1_GAS_PER_PUBDATA_BYTE).
_L1_GAS_PER_PUBDATA_BYTE: Final = 17
_UNLIMITED_BALANCE: Final = 1 << 128
#: ZKsync OS's price of an operation before it does anything, as L1's ``BaseCost`` has it.
_NATIVE_INTRINSIC: Final = 2_875_420
_NATIVE_PER_HASH_ROUND: Final = 17_500
_HASH_RATE: Final = 136
_INTRINSIC_PUBDATA: Final = 351
#: The older ``finalizeDeposit(address,address,address,uint256,bytes)`` of the asset router: clients estimate with it.
_ESTIMATED_DEPOSIT: Final = bytes.fromhex("cfe7af7c")
#: Bytes by which the calldata of the real deposit, ``finalizeDeposit(uint256,bytes32,bytes)``, is longer at most: chain
#: id, asset id, and the offsets, lengths and version byte of the token's description.
_REAL_DEPOSIT_EXTRA_BYTES: Final = 16 * 32
_GAS_PER_CALLDATA_BYTE: Final = 16
#: ``abi.encode`` of an L2CanonicalTransaction without calldata: one offset, 19 words of fields, five lengths.
_EMPTY_OPERATION_BYTES: Final = 25 * 32


@dataclass(frozen=True, slots=True)
class FairPrices:
    """Wei a unit.

    Attributes:
        l1_gas_price: Base fee of the newest L1 block seen; 0 before the first.
        pubdata_price: Of a byte that goes to L1.
    """

    l1_gas_price: int
    l2_gas_price: int
    pubdata_price: int


def fair_prices(view: View) -> FairPrices:
    """Today's prices."""
    settlement = view.backend.settlement
    head = settlement.l1_head() if settlement is not None else None
    l1_gas_price = head.base_fee if head is not None else 0
    base_fee = view.backend.pending_context(view.snapshot).base_fee_per_gas
    return FairPrices(l1_gas_price, base_fee, _L1_GAS_PER_PUBDATA_BYTE * l1_gas_price)


@methods("zks_getL1GasPrice", l1_only=True)
def get_l1_gas_price(view: View) -> str:
    """Base fee of the newest L1 block this chain has seen, wei."""
    return hex(fair_prices(view).l1_gas_price)


@methods("zks_gasPerPubdata", l1_only=True)
def gas_per_pubdata(view: View) -> str:
    """Gas per byte of pubdata that an L1 operation has to offer."""
    return hex(_GAS_PER_PUBDATA)


@methods("zks_getFeeParams", l1_only=True)
def get_fee_params(view: View) -> Json:
    """The parameters that prices are made of."""
    prices, config = fair_prices(view), view.config
    return {
        "V2": {
            "config": {
                "minimal_l2_gas_price": config.fees.min_l2_gas_price_wei,
                "compute_overhead_part": 0.0,
                "pubdata_overhead_part": 1.0,
                "batch_overhead_l1_gas": 0,
                "max_gas_per_batch": config.batch.max_gas,
                "max_pubdata_per_batch": config.batch.max_pubdata_bytes,
            },
            "l1_gas_price": prices.l1_gas_price,
            "l1_pubdata_price": prices.pubdata_price,
            "conversion_ratio": {"numerator": 1, "denominator": 1},
        }
    }


@methods("zks_getBatchFeeInput", l1_only=True)
def get_batch_fee_input(view: View) -> Json:
    """Prices that the current batch is made at, wei."""
    prices = fair_prices(view)
    return {
        "fair_l2_gas_price": hex(prices.l2_gas_price),
        "fair_pubdata_price": hex(prices.pubdata_price),
        "l1_gas_price": hex(prices.l1_gas_price),
    }


@methods("zks_estimateFee", Param("transaction", call_object), l1_only=True, run=Run.POOL)
def estimate_fee(view: View, wanted: CallObject) -> Json:
    """Gas limit and prices for a transaction."""
    wanted.check(view.config)
    return {
        "gas_limit": hex(search_gas(site(view, PENDING, None, None), wanted)),
        "gas_per_pubdata_limit": hex(_GAS_PER_PUBDATA),
        "max_fee_per_gas": hex(suggested_price(view)),
        "max_priority_fee_per_gas": "0x0",
    }


def _l1_request(value: Any) -> CallObject:
    """Read the object of an L1→L2 estimate; clients label it 0x71 and add ``eip712Meta``, neither of which matters."""
    fields = {name: each for name, each in mapping(value).items() if name in ("from", "to", "data", "input", "value")}
    read: CallObject = call_object(fields)
    return read


@methods("zks_estimateGasL1ToL2", Param("transaction", _l1_request, optional=True), l1_only=True, run=Run.POOL)
def estimate_gas_l1_to_l2(view: View, wanted: CallObject | None) -> str:
    """Gas limit for an L1→L2 operation; clients use it as it is, so a margin is in it, and L1 takes it.

    The operation brings its own money, so the sender, who may be an address nobody has used, needs none here. A token's
    deposit is estimated in its older form, which does on this chain what the real one does, the making of the token's
    bridged twin included; the real one's longer calldata is added.
    """
    if wanted is None:
        raise InvalidParams(
            "missing value for required argument 0 (transaction)",
            hint="viem sends null when the chain object lacks chainConfig of viem/zksync",
        )
    rich = {wanted.sender: StateOverride(balance=_UNLIMITED_BALANCE)}
    here: Site = site(view, PENDING, rich, None)
    needed, data_bytes = search_gas(here, replace(wanted, gas_price=None)), len(wanted.data)
    if wanted.to == L2_ASSET_ROUTER and wanted.data[:4] == _ESTIMATED_DEPOSIT:
        needed += _REAL_DEPOSIT_EXTRA_BYTES * _GAS_PER_CALLDATA_BYTE
        data_bytes += _REAL_DEPOSIT_EXTRA_BYTES
    return hex(max(needed * 6 // 5, _least_l1_gas(view, data_bytes)))


def _least_l1_gas(view: View, data_bytes: int) -> int:
    """The least that L1 takes for an operation, at the lowest price it may be given (``BaseCost.minimalGasLimit``)."""
    encoded_bytes = _EMPTY_OPERATION_BYTES + -(-data_bytes // 32) * 32
    native = _NATIVE_INTRINSIC + _NATIVE_PER_HASH_ROUND * -(-encoded_bytes // _HASH_RATE) + data_bytes
    price = view.config.fees.min_l2_gas_price_wei
    for_proving = native * 10 // price + _INTRINSIC_PUBDATA * _GAS_PER_PUBDATA
    return max(TX_GAS + _GAS_PER_CALLDATA_BYTE * data_bytes, for_proving)
