"""The commands that move value: deposit, withdraw, send. Everything is checked before anything is sent."""

from dataclasses import dataclass
from typing import Final, TypeVar

from eth_utils.address import to_checksum_address

from contracts.client import Receipt
from contracts.deposits import priority_requests
from contracts.messages import GAS_PER_PUBDATA
from shared_bridge import interfaces as abi
from shared_bridge.asset_ids import ETH, ZERO_ASSET, checked_recipient, eth_asset_id
from shared_bridge.errors import AmountError, BridgeRefused, ChainPausedError, UnknownChain, UnknownMessage
from shared_bridge.formats import deposit_asset_data, second_bridge_data
from shared_bridge.hub import Chain, Hub
from shared_bridge.node import Account, Call, Node, account_address
from shared_bridge.receipts import messages_of
from shared_bridge.records import Deposit, Message, Transfer, Withdrawal

_M = TypeVar("_M", bound=Message)

BASE_DEPOSIT_L2_GAS: Final = 500_000
"""For a plain transfer of the base token; above the least that L1 takes."""
TOKEN_DEPOSIT_L2_GAS: Final = 3_000_000
"""For the first deposit of a token, which creates its bridged copy. What is not used comes back on the chain."""


@dataclass(frozen=True, slots=True)
class _DepositPlan:
    """A deposit before it is sent."""

    chain: Chain
    asset_id: bytes
    token: str
    amount: int
    receiver: str

    @property
    def is_base(self) -> bool:
        return self.asset_id == self.chain.base_asset_id

    @property
    def asset_data(self) -> bytes:
        return b"" if self.is_base else deposit_asset_data(self.amount, self.receiver, self.token)


def deposit(
    hub: Hub,
    account: Account,
    chain: str | int,
    token: str | bytes,
    amount: int,
    to: str | None = None,
    *,
    l2_gas_limit: int | None = None,
) -> Deposit:
    """Move a token from L1 to a chain; returns when L1 has it in the chain's queue.

    Besides ``amount`` the account pays for gas on the chain, in the chain's base token; what is not used comes back
    to the account there.

    Raises:
        UnknownChain, UnknownToken, AmountError, RecipientError, ChainPausedError: Nothing was sent.
        BridgeRefused: A contract refused; nothing has moved.
        RpcLost: Repeat the command; it is not done twice.
    """
    sender = account_address(account)
    receiver = checked_recipient(to if to is not None else sender)
    _require_amount(amount)
    there = hub.chain(chain)
    asset_id, address = hub.asset_on_l1(token)
    plan = _DepositPlan(there, asset_id, address, amount, receiver)
    identity = ("deposit", there.chain_id, asset_id, amount, receiver)
    receipt = hub.l1.resume(account, identity)
    if receipt is None:
        gas = l2_gas_limit or (BASE_DEPOSIT_L2_GAS if plan.is_base else TOKEN_DEPOSIT_L2_GAS)
        receipt = hub.l1.transact(account, _deposit_call(hub, account, plan, gas), identity)
    with hub.l1.errors("reading the deposit's receipt"):
        queued = priority_requests(receipt, there.zk_chain)
    if len(queued) != 1:
        raise UnknownMessage(f"the deposit's receipt holds {len(queued)} priority requests")
    return Deposit(
        asset_id=asset_id,
        amount=amount,
        sender=sender,
        receiver=receiver,
        chain_id=there.chain_id,
        l1_transaction_hash=receipt.transaction_hash,
        l2_transaction_hash=queued[0].canonical_hash,
        asset_data=plan.asset_data,
    )


def _deposit_call(hub: Hub, account: Account, plan: _DepositPlan, l2_gas: int) -> Call:
    """Check, approve what is missing, and write the request."""
    sender = account_address(account)
    require_open(hub, plan.chain)
    with hub.l1.errors("fees"):
        fees = hub.l1.client.fees()
    chain_id = plan.chain.chain_id
    cost = hub.l1.read(hub.bridgehub, abi.BASE_COST, chain_id, fees.max_fee_per_gas, l2_gas, GAS_PER_PUBDATA)
    mint_value = cost + (plan.amount if plan.is_base else 0)
    eth = eth_asset_id(hub.l1_chain_id)
    needs: dict[str, int] = {to_checksum_address(hub.l1.read(hub.bridgehub, abi.BASE_TOKEN, chain_id)): mint_value}
    if not plan.is_base:
        needs[plan.token] = needs.get(plan.token, 0) + plan.amount
    value = needs.pop(ETH, 0)
    _require_balances(hub.l1, sender, needs | {ETH: value}, plan.amount)
    for token, needed in needs.items():
        approve(hub.l1, account, token, hub.asset_router, needed)
    what = f"deposit of {plan.amount} to {plan.chain.name}"
    if plan.is_base:
        target = (plan.receiver, plan.amount, b"", l2_gas, GAS_PER_PUBDATA, (), sender)
        return Call(hub.bridgehub, abi.REQUEST_DIRECT.encode((chain_id, mint_value, *target)), value, what, fees=fees)
    second_value = plan.amount if plan.asset_id == eth else 0
    data = second_bridge_data(plan.asset_id, plan.asset_data)
    head = (chain_id, mint_value, 0, l2_gas, GAS_PER_PUBDATA, sender, hub.asset_router)
    request = abi.REQUEST_TWO_BRIDGES.encode((*head, second_value, data))
    return Call(hub.bridgehub, request, value, what, fees=fees)


def withdraw(
    hub: Hub, account: Account, chain: str | int, token: str | bytes, amount: int, to: str | None = None
) -> Withdrawal:
    """Move a token from a chain to L1; returns when the chain has it in a block. It must be claimed later.

    Raises as :func:`deposit`.
    """
    sender = account_address(account)
    receiver = checked_recipient(to if to is not None else sender)
    _require_amount(amount)
    here = hub.chain(chain)
    asset_id, address = hub.asset_on_chain(here, token)
    identity = ("withdraw", here.chain_id, asset_id, amount, receiver)
    receipt = here.node.resume(account, identity)
    if receipt is None:
        _require_balances(here.node, sender, {address: amount}, amount)
        what = f"withdrawal of {amount} from {here.name}"
        if asset_id == here.base_asset_id:
            call = Call(abi.L2_BASE_TOKEN, abi.WITHDRAW_BASE.encode(receiver), amount, what)
        else:
            _approve_native(hub, account, here, asset_id, address, amount)
            data = abi.WITHDRAW_ASSET.encode(asset_id, deposit_asset_data(amount, receiver, address))
            call = Call(abi.L2_ASSET_ROUTER, data, 0, what)
        receipt = here.node.transact(account, call, identity)
    return _sent(hub, here, receipt, Withdrawal, (asset_id, amount, receiver))


def send(
    hub: Hub,
    account: Account,
    source: str | int,
    destination: str | int,
    token: str | bytes,
    amount: int,
    to: str | None = None,
) -> Transfer:
    """Move a token from a chain to another; returns when the source has it in a block.

    It must be claimed on the destination when its batch is executed on L1. Raises as :func:`deposit`.
    """
    sender = account_address(account)
    receiver = checked_recipient(to if to is not None else sender)
    _require_amount(amount)
    here, there = hub.chain(source), hub.chain(destination)
    if here.chain_id == there.chain_id:
        raise UnknownChain(there.name, [name for name in hub.names if name != here.name])
    asset_id, address = hub.asset_on_chain(here, token)
    identity = ("send", here.chain_id, there.chain_id, asset_id, amount, receiver)
    receipt = here.node.resume(account, identity)
    if receipt is None:
        _require_balances(here.node, sender, {address: amount}, amount)
        is_base = asset_id == here.base_asset_id
        if not is_base:
            _register(here, account, address)
            _approve_native(hub, account, here, asset_id, address, amount)
        data = abi.SEND_TOKEN.encode(there.chain_id, asset_id, amount, receiver)
        what = f"transfer of {amount} from {here.name} to {there.name}"
        receipt = here.node.transact(account, Call(abi.INTEROP_CENTER, data, amount if is_base else 0, what), identity)
    return _sent(hub, here, receipt, Transfer, (asset_id, amount, receiver))


def _sent(hub: Hub, chain: Chain, receipt: Receipt, kind: type[_M], order: tuple[bytes, int, str]) -> _M:
    """What was ordered, among all that the transaction sent: a token's own code may send something beside it."""
    found = messages_of(hub, chain, receipt.transaction_hash)
    own = [m for m in found if isinstance(m, kind) and (m.asset_id, m.amount, m.receiver) == order]
    if len(own) != 1:
        raise UnknownMessage(f"the transaction made {len(own)} of the {kind.__name__.lower()}s that were ordered")
    return own[0]


# -- checks and approvals ------------------------------------------------------------------------------------------


def require_open(hub: Hub, chain: Chain) -> None:
    """Raise :class:`ChainPausedError` if the bridge or the chain takes no deposits."""
    for what, contract in (("the Bridgehub", hub.bridgehub), ("the bridge", hub.asset_router)):
        if hub.l1.read(contract, abi.PAUSED):
            raise ChainPausedError(what)
    if hub.l1.read(chain.zk_chain, abi.IS_FROZEN):
        raise ChainPausedError(f"chain {chain.name}")


def approve(node: Node, account: Account, token: str, spender: str, amount: int) -> None:
    """Let ``spender`` take ``amount``, unless it may already. Tokens that insist on it are set to 0 first."""
    owner = account_address(account)
    allowed = node.read(token, abi.ALLOWANCE, owner, spender)
    if allowed >= amount:
        return
    if allowed:
        # USDT and its like refuse to change an allowance that is not zero.
        _approve(node, account, token, spender, 0)
    _approve(node, account, token, spender, amount)


def _approve(node: Node, account: Account, token: str, spender: str, amount: int) -> None:
    call = Call(token, abi.APPROVE.encode(spender, amount), what=f"approval of {amount} for {spender}")
    identity = ("approve", token, spender, amount)
    if node.resume(account, identity) is None:
        node.transact(account, call, identity)


def _approve_native(hub: Hub, account: Account, chain: Chain, asset_id: bytes, token: str, amount: int) -> None:
    """A token born on the chain is held by its vault, which needs leave; a bridged one is burned without."""
    origin = chain.node.read(abi.L2_VAULT, abi.ORIGIN_CHAIN, asset_id)
    unregistered = chain.node.read(abi.L2_VAULT, abi.ASSET_ID, token) == ZERO_ASSET
    if origin == chain.chain_id or unregistered:
        approve(chain.node, account, token, abi.L2_VAULT, amount)


def _register(chain: Chain, account: Account, token: str) -> None:
    """A transfer names its token by asset id alone, so one born on the chain is registered first."""
    if chain.node.read(abi.L2_VAULT, abi.ASSET_ID, token) == ZERO_ASSET:
        call = Call(abi.L2_VAULT, abi.REGISTER_TOKEN.encode(token), what=f"registration of {token}")
        chain.node.transact(account, call, ("register", token))


def _require_amount(amount: int) -> None:
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise AmountError(None, f"{amount!r} is not a whole number of the token's smallest unit")
    if amount <= 0:
        raise AmountError(amount, "an amount is above 0")
    if amount >> 256:
        raise AmountError(amount, "it does not fit into 256 bits")


def _require_balances(node: Node, owner: str, needs: dict[str, int], amount: int) -> None:
    for token, needed in needs.items():
        has = balance_of(node, token, owner)
        if has < needed:
            kind = "of the base token" if token in (ETH, abi.L2_BASE_TOKEN) else f"of {token}"
            raise AmountError(amount, f"{owner} has {has} {kind} on {node.name}, and {needed} is needed")


def balance_of(node: Node, token: str, owner: str) -> int:
    """Balance in a token's smallest unit; the base token by its place holder on either side."""
    if token in (ETH, abi.L2_BASE_TOKEN):
        return node.balance(owner)
    try:
        return int(node.read(token, abi.BALANCE_OF, owner))
    except BridgeRefused as error:
        raise AmountError(None, f"{token} on {node.name} does not tell balances: {error.reason}") from error
