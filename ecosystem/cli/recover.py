"""``zkhub chain recover``."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecosystem.cli.context import Options, explained
from ecosystem.cli.hub_l1 import hub_l1
from ecosystem.cli.output import OK, emit_json, err, fail, interactive, say
from ecosystem.running import running_pid

if TYPE_CHECKING:
    from chain_template.config import ChainConfig
    from chain_template.from_l1 import Recovered
    from ecosystem.registry import Registry
    from ecosystem.settings import HubSettings

#: Seconds between two lines of progress where nobody watches.
_TELL_EVERY_S = 5.0
_DROPPED_FILE = "dropped-transactions.txt"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be recovered.

    Attributes:
        chain: Name of a chain of the hub, or an id where L1 and the Bridgehub are given.
        output: Where the store goes; the chain's own directory where left out.
        l1_url / bridgehub: Where L1 is; the hub's where empty.
        min_base_fee_wei: The chain's, for whom L1 alone is at hand.
        unexecuted: Go on to the last committed batch.
    """

    chain: str
    output: Path | None
    l1_url: str
    bridgehub: str
    min_base_fee_wei: int | None
    unexecuted: bool


def recover(options: Options, wish: Wish, *, as_json: bool) -> int:
    """Bring a chain's store to what L1 has; returns the exit code."""
    with explained(), ExitStack() as stack:
        is_outsider = wish.chain.isdecimal() and wish.l1_url and wish.bridgehub
        found, directory = (_as_outsider if is_outsider else _as_hub)(stack, options, wish)
        saved = _save(found, directory)
    if as_json:
        emit_json(
            {
                "directory": str(directory),
                "batch": found.batch,
                "block": found.header.number,
                "state_root": "0x" + found.header.state_root.hex(),
                "taken_from_l1": found.adopted,
                "dropped_transactions": len(found.dropped),
                "waiting_batches": found.waiting,
            }
        )
        return OK
    if found.is_here:
        say(f"nothing is missing: {directory} has every block up to batch {found.batch}")
    else:
        say(f"{found.adopted} batches were taken from L1, up to batch {found.batch} and block {found.header.number}")
    say(f"state root 0x{found.header.state_root.hex()}, as batch {found.batch} committed to")
    if saved is not None:
        say(f"{len(found.dropped)} transactions were in blocks that L1 has others for; they are kept in {saved}")
    if found.waiting:
        say(f"{found.waiting} later batches are committed on L1 and not executed: start the chain and revert them")
    return OK


def _as_outsider(stack: ExitStack, options: Options, wish: Wish) -> tuple["Recovered", Path]:
    """With L1 alone."""
    from chain_template.from_l1 import find_chain, genesis_from_l1, recover
    from chain_template.settlement.on_l1 import ChainOnL1
    from contracts.client import L1Client

    chain_id = int(wish.chain)
    client = stack.enter_context(L1Client(wish.l1_url))
    on_l1 = ChainOnL1(client, find_chain(client, wish.bridgehub, chain_id))
    genesis = genesis_from_l1(on_l1, chain_id, min_base_fee_wei=wish.min_base_fee_wei)
    directory = (wish.output or Path(f"chain-{chain_id}")).absolute()
    told = stack.enter_context(_progress(quiet=options.quiet))
    return recover(on_l1, chain_id, genesis, directory, unexecuted=wish.unexecuted, told=told), directory


def _as_hub(stack: ExitStack, options: Options, wish: Wish) -> tuple["Recovered", Path]:
    """With L1 and what the hub knows of its chain."""
    from chain_template.from_l1 import recover
    from chain_template.genesis import build_genesis
    from chain_template.settlement.on_l1 import ChainOnL1
    from contracts.client import L1Client
    from ecosystem.registry import Registry

    settings = options.settings()
    if running_pid(settings.data_dir) is not None and wish.output is None:
        fail(f"a hub runs on {settings.data_dir}", "stop it first: `zkhub down`, or name another place: --output")
    registry = stack.enter_context(closing(Registry.open(settings.data_dir)))
    url = wish.l1_url or stack.enter_context(hub_l1(settings, registry, "--l1-url URL"))
    config = _config(settings, registry, wish.chain, url)
    assert config.l1 is not None
    on_l1 = ChainOnL1(stack.enter_context(L1Client(url)), config.l1)
    on_l1.check_link()
    directory = (wish.output or config.data_dir).absolute()
    found = recover(
        on_l1,
        config.chain_id,
        build_genesis(config),
        directory,
        name=config.name,
        proof_mode=config.proofs,
        unexecuted=wish.unexecuted,
        confirmations=config.settlement.confirmations,
        told=stack.enter_context(_progress(quiet=options.quiet)),
    )
    return found, directory


def _config(settings: "HubSettings", registry: "Registry", name: str, url: str) -> "ChainConfig":
    from contracts.addresses import EcosystemAddresses
    from ecosystem.chain_config import chain_config
    from ecosystem.keys import KeyStore
    from ecosystem.registry import ECOSYSTEM_FACT

    chain = registry.chain(name)
    addresses = registry.fact(ECOSYSTEM_FACT)
    if addresses is None or chain.facts.zk_chain is None:
        fail(f'"{name}" was never created on L1; there is nothing to recover')
    keys = KeyStore(settings.data_dir).chain_keys(name)
    return chain_config(settings, chain, keys, EcosystemAddresses.from_json(addresses), url)


def _save(found: "Recovered", directory: Path) -> Path | None:
    """Keep the transactions of blocks that were given up: whoever sent them may send them again."""
    if not found.dropped:
        return None
    path = directory / _DROPPED_FILE
    with path.open("a") as file:
        file.writelines(f"0x{transaction.raw.hex()}\n" for transaction in found.dropped)
    return path


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Shows how far it is: a bar on a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda number, last: None
        return
    if interactive():
        from rich.progress import Progress

        with Progress(console=err()) as shown:
            bar = shown.add_task("batches", total=None)
            yield lambda number, last: shown.update(bar, completed=number, total=last)
        return
    told_at = time.monotonic()

    def tell(number: int, last: int) -> None:
        nonlocal told_at
        if number == last or time.monotonic() - told_at > _TELL_EVERY_S:
            told_at = time.monotonic()
            say(f"  batch {number} of {last}")

    yield tell
