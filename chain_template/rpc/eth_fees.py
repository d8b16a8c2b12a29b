"""eth_: what gas costs, has cost and should be offered."""

from itertools import pairwise
from typing import Any, Final

from chain_template.headers import BlockHeader
from chain_template.rpc.errors import InvalidParams
from chain_template.rpc.format import Json
from chain_template.rpc.params import BlockId, Malformed, Param, block_number, list_of, quantity, show
from chain_template.rpc.registry import Methods, Run
from chain_template.rpc.view import View
from chain_template.store.records import StoredReceipt

methods = Methods()

_MAX_HISTORY_BLOCKS: Final = 1_024
_MAX_PERCENTILES: Final = 100
#: Blocks whose tips are looked at for a suggestion.
_TIP_BLOCKS: Final = 5
#: The share of tips in a full block that a suggestion should beat, percent.
_TIP_PERCENTILE: Final = 60.0
#: EIP-4844's minimum: no block carries blobs, so the price of one never rises.
_BLOB_BASE_FEE: Final = 1


@methods("eth_gasPrice")
def gas_price(view: View) -> str:
    """A gas price that stays good for a while: half as much again as the next block's base fee, plus a tip.

    Some clients offer exactly this as their maximum fee, with no tip; a full block raises the base fee by an eighth.
    """
    return hex(suggested_price(view))


def suggested_price(view: View) -> int:
    """Wei per gas; see :func:`gas_price`."""
    base_fee = view.backend.pending_context(view.snapshot).base_fee_per_gas
    return base_fee * 3 // 2 + suggested_tip(view)


@methods("eth_maxPriorityFeePerGas")
def max_priority_fee_per_gas(view: View) -> str:
    """A tip that gets a transaction into the next blocks: zero unless blocks are filling up."""
    return hex(suggested_tip(view))


def suggested_tip(view: View) -> int:
    """Wei per gas; see :func:`max_priority_fee_per_gas`."""
    head = view.snapshot.head
    tips: list[tuple[int, int]] = []
    for number in range(head.number, max(head.number - _TIP_BLOCKS, 0), -1):
        header = view.snapshot.header(number)
        if header is None or header.gas_used <= header.gas_limit // 2:
            break
        tips += _tips(header, view.snapshot.receipts(number))
    tips.sort()
    return _percentiles(tips, [_TIP_PERCENTILE])[0]


@methods("eth_blobBaseFee")
def blob_base_fee(view: View) -> str:
    """The least a blob can cost; this chain's blocks carry none."""
    return hex(_BLOB_BASE_FEE)


def _percentile(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise Malformed(f"expected a percentile between 0 and 100, got {show(value)}")
    return float(value)


@methods(
    "eth_feeHistory",
    Param("blockCount", quantity),
    Param("newestBlock", block_number),
    Param("rewardPercentiles", list_of(_percentile, _MAX_PERCENTILES), optional=True, default=()),
    run=Run.POOL,
)
def fee_history(view: View, count: int, newest: BlockId, percentiles: list[float]) -> Json:
    """Base fees, how full blocks were, and tips paid, of a range of blocks and the base fee after it."""
    if any(low > high for low, high in pairwise(percentiles)):
        raise InvalidParams("invalid reward percentile: they must not fall")
    last = view.header(newest)
    first = last.number + 1 - min(count, _MAX_HISTORY_BLOCKS, last.number + 1)
    shown: Json = {"oldestBlock": hex(first if count else 0), "gasUsedRatio": []}
    if not count:
        return shown
    # What was recovered from L1 has no history of fees; clients ask for some blocks back and take fewer.
    known = (min(lost_last, last.number) for lost, lost_last in view.snapshot.lost_blocks() if lost <= last.number)
    first = max([first, *known])
    shown["oldestBlock"] = hex(first)
    headers = [_header(view, number) for number in range(first, last.number + 1)]
    fees = [header.base_fee_per_gas for header in headers] + [_fee_after(view, last)]
    shown["baseFeePerGas"] = [hex(fee) for fee in fees]
    shown["gasUsedRatio"] = [header.gas_used / header.gas_limit for header in headers]
    shown["baseFeePerBlobGas"] = [hex(_BLOB_BASE_FEE)] * len(fees)
    shown["blobGasUsedRatio"] = [0.0] * len(headers)
    if percentiles:
        shown["reward"] = [_rewards(view, header, percentiles) for header in headers]
    return shown


def _rewards(view: View, header: BlockHeader, percentiles: list[float]) -> list[str]:
    view.check_time()
    tips = sorted(_tips(header, view.snapshot.receipts(header.number)))
    return [hex(tip) for tip in _percentiles(tips, percentiles)]


def _tips(header: BlockHeader, receipts: list[StoredReceipt]) -> list[tuple[int, int]]:
    """(tip, gas) of each transaction that a user sent: what came from L1 or the sequencer bids for nothing."""
    return [
        (stored.receipt.effective_gas_price - header.base_fee_per_gas, stored.receipt.gas_used)
        for stored in receipts
        if stored.transaction.is_user
    ]


def _percentiles(tips: list[tuple[int, int]], percentiles: list[float]) -> list[int]:
    """For each percentile the tip below which that share of the gas was bought; ``tips`` ascending."""
    if not tips:
        return [0] * len(percentiles)
    total = sum(gas for _, gas in tips)
    found, index, seen = [], 0, tips[0][1]
    for percentile in percentiles:
        while seen < total * percentile / 100 and index < len(tips) - 1:
            index += 1
            seen += tips[index][1]
        found.append(tips[index][0])
    return found


def _header(view: View, number: int) -> BlockHeader:
    return view.header(BlockId(number=number))


def _fee_after(view: View, header: BlockHeader) -> int:
    if header.number == view.snapshot.head_number:
        return view.backend.pending_context(view.snapshot).base_fee_per_gas
    return _header(view, header.number + 1).base_fee_per_gas
