"""Whether settings fit the hub that a data directory already holds."""

from typing import Final

from ecosystem.chain_config import changed_fixed_setting
from ecosystem.errors import ConfigError
from ecosystem.registry import Registry
from ecosystem.settings import HubSettings
from ecosystem.states import Phase

_L1_IDENTITY: Final = "l1/identity"


def check_fits(settings: HubSettings, registry: Registry) -> None:
    """Refuse settings that contradict what was created under others.

    Raises:
        ConfigError: Another L1, or a setting of a chain that is fixed for its life.
    """
    kept = registry.fact(_L1_IDENTITY)
    wanted = _l1_identity(settings)
    if kept is not None and kept != wanted:
        raise ConfigError(
            "l1",
            f"this hub settles on an {kept['kind']} L1 with chain id {kept['chain_id']}, "
            f"not on an {wanted['kind']} one with {wanted['chain_id']}",
            hint="restore l1.url and l1.chain_id, or choose another data_dir for another hub",
        )
    known = {chain.name: chain for chain in registry.chains()}
    for name, chain in settings.chains.items():
        before = known.get(name)
        if before is None or before.phase is Phase.FAILED:
            continue
        if fixed := changed_fixed_setting(before.settings, chain):
            raise ConfigError(
                f"chains.{name}.{fixed}",
                f'is fixed since "{name}" was created',
                hint="restore the old value, or give the new chain another name and id",
            )


def remember_l1(settings: HubSettings, registry: Registry) -> None:
    """Note which L1 the hub settles on."""
    registry.set_fact(_L1_IDENTITY, _l1_identity(settings))


def _l1_identity(settings: HubSettings) -> dict[str, str | int]:
    kind = "embedded" if settings.l1.embedded else "external"
    return {"kind": kind, "chain_id": settings.l1.expected_chain_id}
