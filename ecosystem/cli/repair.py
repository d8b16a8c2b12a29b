"""``zkhub chain repair``."""

from contextlib import closing

from ecosystem.cli.context import Options, explained
from ecosystem.cli.output import OK, fail, say
from ecosystem.running import running_pid


def repair(options: Options, name: str) -> int:
    """Rebuild a chain's database from its block log; returns the exit code."""
    from chain_template.rebuild import rebuild
    from contracts.addresses import EcosystemAddresses
    from ecosystem.chain_config import chain_config
    from ecosystem.keys import KeyStore
    from ecosystem.registry import ECOSYSTEM_FACT, Registry

    settings = options.settings()
    if running_pid(settings.data_dir) is not None:
        fail(f"a hub runs on {settings.data_dir}", "stop it first: `zkhub down`")
    with explained(), closing(Registry.open(settings.data_dir)) as registry:
        chain = registry.chain(name)
        addresses = registry.fact(ECOSYSTEM_FACT)
        if addresses is None or chain.facts.zk_chain is None:
            fail(f'"{name}" was never created on L1; there is nothing to repair')
        keys = KeyStore(settings.data_dir).chain_keys(name)
        # The L1 is not asked, so it does not matter where an embedded one will be.
        url = settings.l1.url or "http://127.0.0.1"
        config = chain_config(settings, chain, keys, EcosystemAddresses.from_json(addresses), url)
        rebuilt = rebuild(config)
    kept = ", ".join(str(path) for path in rebuilt.kept) or "nothing was there"
    say(f"{name} is rebuilt up to block {rebuilt.blocks} and batch {rebuilt.batches}; `zkhub up` starts it")
    say(f"damaged files: {kept}")
    return OK
