"""The hub's L1, for commands that work whether the hub runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ecosystem.cli.output import USAGE, fail
from ecosystem.running import running_hub

if TYPE_CHECKING:
    from ecosystem.registry import Registry
    from ecosystem.settings import HubSettings


@contextmanager
def hub_l1(settings: "HubSettings", registry: "Registry", option: str = "") -> Iterator[str]:
    """URL of the hub's L1: the one that is set, or the embedded one, which runs here for as long as the hub is down.

    Args:
        settings: The hub's.
        registry: The hub's.
        option: How to name another L1, for a hub that never had one.
    """
    running = running_hub(settings.data_dir)
    if settings.l1.url is not None:
        yield settings.l1.url
        return
    if running is not None:
        import httpx

        yield str(httpx.get(f"{running['api_url']}/v1/l1", trust_env=False).raise_for_status().json()["url"])
        return
    from chain_template.node import ChainNode
    from ecosystem.chain_config import l1_config
    from ecosystem.registry import L1_FACT, L1_PREMINE_FACT

    facts, premine = registry.fact(L1_FACT), registry.fact(L1_PREMINE_FACT)
    if facts is None or premine is None:
        fail("the hub's embedded L1 was never started", f"name one: {option}" if option else "`zkhub up`", USAGE)
    node = ChainNode(l1_config(settings, port=0, genesis_timestamp=facts["genesis_timestamp"], premine=premine))
    node.start()
    try:
        yield node.rpc_url
    finally:
        node.stop()
