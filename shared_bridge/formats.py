"""What a message to L1 says: withdrawals and bundles, byte for byte as ZK Stack writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

from contracts.codec import abi_decode, abi_encode
from contracts.errors import EncodingError
from shared_bridge.errors import UnknownMessage
from shared_bridge.interfaces import FINALIZE_DEPOSIT_L2, INTEROP_CENTER, L2_ASSET_ROUTER, L2_BASE_TOKEN

BASE_WITHDRAWAL: Final = bytes.fromhex("6c0960f9")
"""First bytes of a base token's withdrawal: selector of ``finalizeEthWithdrawal``."""
BUNDLE_PREFIX: Final = b"\x01"
BUNDLE_VERSION: Final = 1
_BUNDLE: Final = "(uint8,uint256,uint256,bytes32,address,address,(address,address,uint256,bytes)[])"
_TRANSFER_DATA: Final = ("address", "address", "address", "uint256", "bytes")
_NOBODY: Final = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class BaseTokenWithdrawal:
    """The base token leaves for L1.

    Attributes:
        receiver: On L1, checksummed.
        amount: Wei of the base token.
    """

    receiver: str
    amount: int


@dataclass(frozen=True, slots=True)
class TransferData:
    """A token on its way, as both routers write it.

    Attributes:
        original_caller: Who sent it.
        receiver: Who gets it.
        origin_token: The token's address where it was born.
        amount: In its smallest unit.
        metadata: Name, symbol and decimals for a chain that sees the token for the first time.
    """

    original_caller: str
    receiver: str
    origin_token: str
    amount: int
    metadata: bytes

    @classmethod
    def decode(cls, data: bytes) -> "TransferData":
        """Read ``abi.encode(originalCaller, receiver, originToken, amount, metadata)``."""
        caller, receiver, token, amount, metadata = abi_decode(_TRANSFER_DATA, data)
        sides = (to_checksum_address(caller), to_checksum_address(receiver))
        return cls(*sides, to_checksum_address(token), amount, metadata)

    def encode(self) -> bytes:
        """The same, written."""
        values = (self.original_caller, self.receiver, self.origin_token, self.amount, self.metadata)
        return abi_encode(_TRANSFER_DATA, values)


@dataclass(frozen=True, slots=True)
class TokenWithdrawal:
    """A token leaves for L1.

    Attributes:
        chain_id: Where it comes from.
        asset_id: The asset.
        transfer: From whom to whom, and how much.
    """

    chain_id: int
    asset_id: bytes
    transfer: TransferData


@dataclass(frozen=True, slots=True)
class InteropCall:
    """One call of a bundle, as the destination makes it."""

    to: str
    sender: str
    value: int
    data: bytes


@dataclass(frozen=True, slots=True)
class InteropBundle:
    """Calls that one chain sends another, all or nothing.

    Attributes:
        source_chain_id: Where it comes from.
        destination_chain_id: Where it goes.
        salt: keccak(sender ‖ nonce): tells equal bundles apart.
        sender: Who sent it.
        execution_address: Who alone may execute it, or the zero address.
        calls: The calls.
    """

    source_chain_id: int
    destination_chain_id: int
    salt: bytes
    sender: str
    execution_address: str
    calls: tuple[InteropCall, ...]

    @classmethod
    def decode(cls, encoded: bytes) -> "InteropBundle":
        """Read ``abi.encode(InteropBundle)``."""
        ((version, source, destination, salt, sender, executor, calls),) = abi_decode([_BUNDLE], encoded)
        if version != BUNDLE_VERSION:
            raise UnknownMessage(f"a bundle of version {version}; known is {BUNDLE_VERSION}")
        made = tuple(InteropCall(to_checksum_address(to), to_checksum_address(by), *rest) for to, by, *rest in calls)
        return cls(source, destination, salt, to_checksum_address(sender), to_checksum_address(executor), made)

    def encode(self) -> bytes:
        """``abi.encode(InteropBundle)``."""
        calls = [(call.to, call.sender, call.value, call.data) for call in self.calls]
        head = (BUNDLE_VERSION, self.source_chain_id, self.destination_chain_id, self.salt)
        return abi_encode([_BUNDLE], [(*head, self.sender, self.execution_address, calls)])

    @property
    def is_open(self) -> bool:
        """Whether anyone may execute it."""
        return self.execution_address == _NOBODY

    def token_legs(self) -> list[tuple[bytes, TransferData]]:
        """Asset and transfer of each call that brings a token."""
        legs = []
        for call in self.calls:
            arguments = FINALIZE_DEPOSIT_L2.arguments(call.data) if call.to == L2_ASSET_ROUTER else None
            if arguments is not None and call.sender == L2_ASSET_ROUTER:
                legs.append((arguments[1], TransferData.decode(arguments[2])))
        return legs


@dataclass(frozen=True, slots=True)
class BundleMessage:
    """A bundle as the source sent it.

    Attributes:
        bundle: What it says.
        encoded: Its bytes, without the prefix.
    """

    bundle: InteropBundle
    encoded: bytes

    @property
    def bundle_hash(self) -> bytes:
        """Its name on both chains: keccak(abi.encode(source chain id, bundle))."""
        return bundle_hash(self.bundle.source_chain_id, self.encoded)


def bundle_hash(source_chain_id: int, encoded: bytes) -> bytes:
    """Name of an encoded bundle."""
    return keccak(abi_encode(["uint256", "bytes"], [source_chain_id, encoded]))


Content = BaseTokenWithdrawal | TokenWithdrawal | BundleMessage


def read_message(sender: str, message: bytes) -> Content | None:
    """What a message to L1 says; ``None`` for one that moves nothing (any contract may send messages)."""
    try:
        return _READERS[sender](message) if sender in _READERS else None
    except EncodingError as error:
        raise UnknownMessage(f"a message of {sender} that cannot be read: {error}") from error


def _base_withdrawal(message: bytes) -> Content | None:
    if message[:4] != BASE_WITHDRAWAL or len(message) < 56:
        return None
    return BaseTokenWithdrawal(to_checksum_address(message[4:24]), int.from_bytes(message[24:56]))


def _token_withdrawal(message: bytes) -> Content | None:
    if message[:4] != FINALIZE_DEPOSIT_L2.selector or len(message) < 68:
        return None
    transfer = TransferData.decode(message[68:])
    return TokenWithdrawal(int.from_bytes(message[4:36]), message[36:68], transfer)


def _bundle(message: bytes) -> Content | None:
    if message[:1] != BUNDLE_PREFIX:
        return None
    return BundleMessage(InteropBundle.decode(message[1:]), message[1:])


_READERS: Final[dict[str, Any]] = {
    L2_BASE_TOKEN: _base_withdrawal,
    L2_ASSET_ROUTER: _token_withdrawal,
    INTEROP_CENTER: _bundle,
}


def deposit_asset_data(amount: int, receiver: str, token: str) -> bytes:
    """Asset data of a deposit or withdrawal: ``abi.encode(amount, receiver, token)``."""
    return abi_encode(["uint256", "address", "address"], [amount, receiver, token])


def read_asset_data(data: bytes) -> tuple[int, str, str]:
    """Amount, receiver and token of asset data."""
    amount, receiver, token = abi_decode(["uint256", "address", "address"], data)
    return amount, to_checksum_address(receiver), to_checksum_address(token)


def second_bridge_data(asset_id: bytes, asset_data: bytes) -> bytes:
    """Calldata for the second bridge, encoding 1."""
    return b"\x01" + abi_encode(["bytes32", "bytes"], [asset_id, asset_data])


def deposit_data_hash(caller: str, asset_id: bytes, asset_data: bytes) -> bytes:
    """What L1 remembers of a deposit until it is claimed back."""
    return keccak(b"\x01" + abi_encode(["address", "bytes32", "bytes"], [caller, asset_id, asset_data]))


def words(proof: Sequence[str]) -> list[bytes]:
    """Proof words from their hex."""
    return [bytes.fromhex(word.removeprefix("0x")) for word in proof]
