"""Amounts as people write them."""

import re
from typing import TYPE_CHECKING, Any

from ecosystem.cli.output import USAGE, fail

if TYPE_CHECKING:
    from ecosystem.cli.context import Client

ETHER_DECIMALS = 18
#: Ends an amount in the token's smallest unit, whatever the token.
SMALLEST = "wei"
_NUMBER = re.compile(r"^([0-9]{1,60})(?:\.([0-9]{1,36}))?$")


def parse_amount(text: str, decimals: int | None) -> int:
    """An amount in the smallest unit: ``1.5`` of a token with that many decimals, or ``1500wei``."""
    whole_only = text.endswith(SMALLEST)
    found = _NUMBER.match(text.removesuffix(SMALLEST))
    if found is None or (whole_only and found[2]):
        fail(f'"{text}" is no amount', "write 1.5 (of the token) or 1500wei (its smallest unit)", USAGE)
    if whole_only:
        return int(found[1])
    if decimals is None:
        fail(
            f'"{text}": how many decimals the token has is not known here',
            f"give the amount in its smallest unit: {found[1]}000{SMALLEST}",
            USAGE,
        )
    part = found[2] or ""
    if len(part) > decimals:
        fail(f'"{text}" has more than the {decimals} decimals of the token', "", USAGE)
    return int(found[1]) * 10**decimals + int(part.ljust(decimals, "0") or "0")


def decimals_of(client: "Client", token: str) -> int | None:
    """Decimals of a token by its symbol, its address or its asset id; None for one that the hub does not know."""
    if token.lower() in ("eth", "ether"):
        return ETHER_DECIMALS
    for known in client.get("/v1/tokens"):
        names = [known["symbol"], known["asset_id"], *known["addresses"].values()]
        if token.lower() in [name.lower() for name in names]:
            decimals: int = known["decimals"]
            return decimals
    return None


def shown_amount(message: dict[str, Any], tokens: list[dict[str, Any]]) -> str:
    """A message's amount with its token, in whole tokens where their decimals are known."""
    token = message["token"].lower()
    for known in tokens:
        names = [known["symbol"], known["asset_id"], *known["addresses"].values()]
        if token in [name.lower() for name in names]:
            return f"{_whole(int(message['amount']), known['decimals'])} {known['symbol']}"
    if token in ("eth", "ether"):
        return f"{_whole(int(message['amount']), ETHER_DECIMALS)} ETH"
    return f"{message['amount']} of {token[:10]}…"


def _whole(amount: int, decimals: int) -> str:
    whole, part = divmod(amount, 10**decimals)
    digits = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole}.{digits}" if digits else str(whole)
