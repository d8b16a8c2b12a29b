"""The functions and events of both sides that the bridge uses, by their signatures.

Clients in other languages rely on the same signatures; a test holds them to the compiled contracts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.grammar import TupleType, parse
from eth_hash.auto import keccak

from contracts.codec import abi_decode, abi_encode


@dataclass(frozen=True, slots=True)
class Function:
    """A contract function.

    Attributes:
        signature: ``name(type,...)`` with tuples written out.
        returns: Types of the results.
    """

    signature: str
    returns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.signature.partition("(")[0]

    @property
    def selector(self) -> bytes:
        """Its four bytes."""
        return keccak(self.signature.encode())[:4]

    def encode(self, *args: Any) -> bytes:
        """Calldata."""
        return self.selector + abi_encode(types_of(self.signature), args)

    def decode(self, data: bytes) -> Any:
        """The result, or a tuple of several."""
        values = abi_decode(self.returns, data)
        return values[0] if len(values) == 1 else values

    def arguments(self, calldata: bytes) -> tuple[Any, ...] | None:
        """Arguments of a call of this function, or ``None`` if the calldata is of another."""
        if calldata[:4] != self.selector:
            return None
        return abi_decode(types_of(self.signature), calldata[4:])


def types_of(signature: str) -> Sequence[str]:
    """Types of the parameters of ``name(type,...)``."""
    if signature.endswith("()"):
        return []
    parameters = parse(signature[signature.index("(") :])
    assert isinstance(parameters, TupleType)
    return [component.to_type_str() for component in parameters.components]


def topic(signature: str) -> bytes:
    """Topic 0 of an event."""
    return keccak(signature.encode())


# -- L1 ------------------------------------------------------------------------------------------------------------

GET_ZK_CHAIN: Final = Function("getZKChain(uint256)", ("address",))
CHAIN_IDS: Final = Function("getAllZKChainChainIDs()", ("uint256[]",))
BASE_TOKEN_ASSET: Final = Function("baseTokenAssetId(uint256)", ("bytes32",))
BASE_TOKEN: Final = Function("baseToken(uint256)", ("address",))
BASE_COST: Final = Function("l2TransactionBaseCost(uint256,uint256,uint256,uint256)", ("uint256",))
ASSET_ROUTER: Final = Function("assetRouter()", ("address",))
MESSAGE_ROOT: Final = Function("messageRoot()", ("address",))
PAUSED: Final = Function("paused()", ("bool",))
REQUEST_DIRECT: Final = Function(
    "requestL2TransactionDirect((uint256,uint256,address,uint256,bytes,uint256,uint256,bytes[],address))", ("bytes32",)
)
REQUEST_TWO_BRIDGES: Final = Function(
    "requestL2TransactionTwoBridges((uint256,uint256,uint256,uint256,uint256,address,address,uint256,bytes))",
    ("bytes32",),
)
NULLIFIER: Final = Function("L1_NULLIFIER()", ("address",))
VAULT: Final = Function("nativeTokenVault()", ("address",))
RECOVER_DEPOSIT: Final = Function(
    "bridgeRecoverFailedTransfer(uint256,address,bytes32,bytes,bytes32,uint256,uint256,uint16,bytes32[])"
)
IS_FINALIZED: Final = Function("isWithdrawalFinalized(uint256,uint256,uint256)", ("bool",))
FINALIZE_DEPOSIT_L1: Final = Function("finalizeDeposit((uint256,uint256,uint256,address,uint16,bytes,bytes32[]))")
DEPOSIT_HAPPENED: Final = Function("depositHappened(uint256,bytes32)", ("bytes32",))
CHAIN_BALANCE: Final = Function("chainBalance(uint256,bytes32)", ("uint256",))
HISTORICAL_ROOT: Final = Function("historicalRoot(uint256)", ("bytes32",))
BATCHES_EXECUTED: Final = Function("getTotalBatchesExecuted()", ("uint256",))
BATCHES_VERIFIED: Final = Function("getTotalBatchesVerified()", ("uint256",))
LOGS_ROOT: Final = Function("l2LogsRootHash(uint256)", ("bytes32",))
IS_FROZEN: Final = Function("isDiamondStorageFrozen()", ("bool",))
QUEUE_SIZE: Final = Function("getPriorityQueueSize()", ("uint256",))
FIRST_UNPROCESSED: Final = Function("getFirstUnprocessedPriorityTx()", ("uint256",))
REQUEST_TIME: Final = Function("getPriorityOpRequestTimestamp(uint256)", ("uint64",))
PRIORITY_EXPIRATION: Final = Function("getPriorityExpiration()", ("uint64",))
IS_PRIORITY_MODE: Final = Function("isPriorityMode()", ("bool",))
ACTIVATE_PRIORITY_MODE: Final = Function("activatePriorityMode()")

# -- both sides ----------------------------------------------------------------------------------------------------

ASSET_ID: Final = Function("assetId(address)", ("bytes32",))
TOKEN_ADDRESS: Final = Function("tokenAddress(bytes32)", ("address",))
ORIGIN_CHAIN: Final = Function("originChainId(bytes32)", ("uint256",))
ORIGIN_TOKEN: Final = Function("originToken(bytes32)", ("address",))

BALANCE_OF: Final = Function("balanceOf(address)", ("uint256",))
TOTAL_SUPPLY: Final = Function("totalSupply()", ("uint256",))
ALLOWANCE: Final = Function("allowance(address,address)", ("uint256",))
APPROVE: Final = Function("approve(address,uint256)", ("bool",))

# -- chains --------------------------------------------------------------------------------------------------------

L1_MESSENGER: Final = "0x0000000000000000000000000000000000008008"
L2_BASE_TOKEN: Final = "0x000000000000000000000000000000000000800A"
L2_BRIDGEHUB: Final = "0x0000000000000000000000000000000000010002"
L2_ASSET_ROUTER: Final = "0x0000000000000000000000000000000000010003"
L2_VAULT: Final = "0x0000000000000000000000000000000000010004"
INTEROP_ROOTS: Final = "0x0000000000000000000000000000000000010008"
MESSAGE_VERIFICATION: Final = "0x0000000000000000000000000000000000010009"
INTEROP_CENTER: Final = "0x000000000000000000000000000000000001000d"
INTEROP_HANDLER: Final = "0x000000000000000000000000000000000001000E"
BASE_TOKEN_HOLDER: Final = "0x0000000000000000000000000000000000010011"

WITHDRAW_BASE: Final = Function("withdraw(address)")
WITHDRAW_ASSET: Final = Function("withdraw(bytes32,bytes)", ("bytes32",))
FINALIZE_DEPOSIT_L2: Final = Function("finalizeDeposit(uint256,bytes32,bytes)")
SEND_TOKEN: Final = Function("sendToken(uint256,bytes32,uint256,address)", ("bytes32",))
EXECUTE_BUNDLE: Final = Function("executeBundle(bytes,(uint256,uint256,uint256,uint16,bytes32[]))")
IS_EXECUTED: Final = Function("isExecuted(bytes32)", ("bool",))
REGISTER_TOKEN: Final = Function("ensureTokenIsRegistered(address)", ("bytes32",))
INTEROP_ROOT: Final = Function("interopRoots(uint256,uint256)", ("bytes32",))

L1_MESSAGE_SENT: Final = topic("L1MessageSent(address,bytes32,bytes)")
TOKEN_REGISTERED: Final = topic("TokenRegistered(bytes32,uint256,address,address)")
