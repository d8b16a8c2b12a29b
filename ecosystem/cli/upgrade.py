"""``zkhub chain upgrade``."""

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from ecosystem.cli.context import Options, explained
from ecosystem.cli.hub_l1 import hub_l1
from ecosystem.cli.output import OK, emit_json, fail, say
from ecosystem.running import running_pid


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be upgraded.

    Attributes:
        chain: Name of a chain of the hub.
        protocol_version: MAJOR.MINOR.PATCH; this release's where empty.
        wait_s: Seconds to wait for proofs while the hub runs.
        revert_unproven: Take back committed batches that are not verified after that.
    """

    chain: str
    protocol_version: str
    wait_s: float
    revert_unproven: bool


def upgrade(options: Options, wish: Wish, *, as_json: bool) -> int:
    """Publish this release's protocol version where it is not yet, and move a chain to it; returns the exit code."""
    from contracts.addresses import EcosystemAddresses
    from contracts.client import L1Client
    from contracts.sender import Sender
    from contracts.versions import PROTOCOL_VERSION, format_version, parse_version
    from ecosystem.chain_config import key_bytes
    from ecosystem.keys import KeyStore
    from ecosystem.l1 import check_proofs
    from ecosystem.proof_system import proof_system
    from ecosystem.registry import ECOSYSTEM_FACT, PROOFS_FACT, Registry
    from ecosystem.states import Goal
    from ecosystem.upgrade import publish_release, upgrade_to, version_of

    settings, name = options.settings(), wish.chain
    is_running = running_pid(settings.data_dir) is not None
    proofs, keys = proof_system(settings), KeyStore(settings.data_dir)

    def tell(line: str) -> None:
        if not as_json:
            say(line)

    with explained(), ExitStack() as stack:
        version = parse_version(wish.protocol_version) if wish.protocol_version else PROTOCOL_VERSION
        registry = stack.enter_context(closing(Registry.open(settings.data_dir)))
        chain, kept = registry.chain(name), registry.fact(ECOSYSTEM_FACT)
        if kept is None or chain.facts.zk_chain is None:
            fail(f'"{name}" was never created on L1; there is nothing to upgrade')
        if is_running:
            # Its provers go on as they are.
            check_proofs(registry, proofs)
        ecosystem = EcosystemAddresses.from_json(kept)
        client = stack.enter_context(L1Client(stack.enter_context(hub_l1(settings, registry))))
        owner, admin = (
            Sender(client, key_bytes(key), chain_id=ecosystem.l1_chain_id)
            for key in (keys.deployer(settings.l1), keys.chain_keys(name).admin)
        )
        data = publish_release(ecosystem, proofs, owner=owner, version=version, told=tell)
        registry.set_fact(ECOSYSTEM_FACT, replace(ecosystem, verifier=data.verifier).to_json())
        registry.set_fact(PROOFS_FACT, proofs.to_json())
        # Where the hub is down nobody proves what is waited for.
        done = upgrade_to(
            chain.facts.zk_chain,
            ecosystem,
            version,
            admin=admin,
            wait_s=wish.wait_s if is_running else 0.0,
            reverter=owner if wish.revert_unproven else None,
            told=tell,
        )
        places = {each.name: each.facts.zk_chain for each in registry.chains() if each.goal is not Goal.REMOVED}
        behind = [name for name, at in places.items() if at is not None and version_of(client, at) < version]
    old, new = format_version(done.old_version), format_version(done.new_version)
    if as_json:
        emit_json(
            {
                "chain": name,
                "old_version": old,
                "new_version": new,
                "verifier": done.new.verifier,
                "program_id": "0x" + done.new.program_id.hex(),
                "chains_behind": behind,
            }
        )
        return OK
    if old == new:
        say(f"{name} is on protocol version {new} already")
    else:
        say(f"{name} went from protocol version {old} to {new}")
    if done.has_new_key:
        say("its batches are proven by the new program from here on")
    if behind:
        say(f"not upgraded yet: {', '.join(behind)}")
    return OK
