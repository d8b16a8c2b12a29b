"""Asset ids, and how a user may name a token.

An asset id is the same on every layer: keccak(abi.encode(origin chain id, 0x10004, token's address there)). Ether is
address 1 on L1.
"""

from dataclasses import dataclass
from typing import Final

from eth_utils.address import is_address, is_checksum_address, to_checksum_address

from contracts.genesis import asset_id, eth_asset_id
from shared_bridge.errors import RecipientError, UnknownToken

__all__ = ["ETH", "ZERO_ASSET", "TokenName", "asset_id", "asset_id_of", "checked_recipient", "eth_asset_id"]

ETH: Final = "0x0000000000000000000000000000000000000001"
"""Ether's place holder where contracts ask for a token's address."""
_ZERO: Final = "0x" + "00" * 20
ZERO_ASSET: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class TokenName:
    """A token as a user named it: exactly one of the two is set.

    Attributes:
        asset_id: The asset.
        address: Its address where the value leaves from, checksummed.
    """

    asset_id: bytes | None
    address: str | None

    @classmethod
    def parse(cls, token: str | bytes, l1_chain_id: int) -> "TokenName":
        """Read ``"eth"``, an address, or an asset id (32 bytes, or their hex).

        Raises:
            UnknownToken: It is none of these.
        """
        if isinstance(token, bytes):
            token = "0x" + token.hex()
        text = token.strip()
        if text.lower() in ("eth", "ether", ETH, _ZERO):
            return cls(eth_asset_id(l1_chain_id), None)
        if text.startswith("0x") and is_address(text):
            if not _checksum_holds(text):
                raise UnknownToken(text, "any layer", "its checksum is wrong")
            return cls(None, to_checksum_address(text))
        if len(text) == 66 and text.startswith("0x"):
            try:
                return cls(bytes.fromhex(text[2:]), None)
            except ValueError:
                pass
        raise UnknownToken(text, "any layer", "neither 'eth', nor an address, nor an asset id")


def asset_id_of(origin_chain_id: int, token: str) -> bytes:
    """Asset id of the token at a hex address."""
    return asset_id(origin_chain_id, bytes.fromhex(token.removeprefix("0x")))


def checked_recipient(recipient: str) -> str:
    """The checksummed address.

    Raises:
        RecipientError: It is none, its checksum is wrong, or it is the zero address.
    """
    if not isinstance(recipient, str) or not recipient.startswith("0x") or not is_address(recipient):
        raise RecipientError(recipient, "expected 0x and 40 hex digits")
    if not _checksum_holds(recipient):
        raise RecipientError(recipient, "its checksum is wrong: a digit was mistyped")
    if recipient.lower() == _ZERO:
        raise RecipientError(recipient, "nobody holds the zero address")
    return to_checksum_address(recipient)


def _checksum_holds(address: str) -> bool:
    """Whether the checksum is right, or there is none: all letters are of one case."""
    digits = address[2:]
    return digits in (digits.lower(), digits.upper()) or is_checksum_address(address)
