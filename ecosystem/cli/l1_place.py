"""Where a chain is on L1, for commands that need no hub."""

import os

from ecosystem.cli.context import Options
from ecosystem.cli.output import USAGE, fail


def l1_place(options: Options, chain: str, l1_url: str, bridgehub: str, example: str) -> tuple[str, str, int]:
    """L1's URL, the Bridgehub's address and the chain's id, from what was given and what a running hub says.

    Args:
        options: Which hub.
        chain: Its id, or its name while its hub runs.
        l1_url: What was given, or empty.
        bridgehub: Likewise.
        example: How to give everything, for whom no hub runs.
    """
    if chain.isdecimal() and l1_url and bridgehub:
        return l1_url, bridgehub, int(chain)
    if options.running() is None and "ZKHUB_API_URL" not in os.environ:
        fail("no hub runs here, so L1, the Bridgehub and the chain's id must be given", example, USAGE)
    client = options.client()
    l1 = client.get("/v1/l1")
    chain_id = int(chain) if chain.isdecimal() else int(client.get(f"/v1/chains/{chain}")["id"])
    return l1_url or str(l1["url"]), bridgehub or str(l1["contracts"]["bridgehub"]), chain_id
