"""Every setting of a hub, typed and range-checked, in one place.

Chains are described by :class:`ChainSettings`; what the hub makes of one (addresses, keys, ports, genesis) is a
:class:`chain_template.config.ChainConfig`, put together by :mod:`ecosystem.chain_config`.
"""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from chain_template.config import (
    MAX_CHAIN_ID,
    PRIORITY_TX_MAX_GAS,
    BatchSettings,
    BlockSettings,
    DataAvailability,
    FeeSettings,
    MempoolSettings,
    Settings,
)
from cluster.autoscaling import GpuUse
from cluster.settings import MOST_RESERVED

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
#: The embedded L1 is a node like the others, so no chain may be called so.
RESERVED_NAMES = frozenset({"l1"})
EMBEDDED_L1_CHAIN_ID = 31_337
ETHER = 10**18
DEV_MNEMONIC = "test test test test test test test test test test test junk"
_KEY = re.compile(r"^0x[0-9a-fA-F]{64}$")


def _listening_address(host: str) -> str:
    if host != "localhost":
        try:
            ip_address(host)
        except ValueError as error:
            raise ValueError("a host to listen on is an IP address of this machine, or localhost") from error
    return host


Host = Annotated[str, AfterValidator(_listening_address)]
"""Where a server listens; anything but loopback lets other machines in."""
Port = Annotated[int, Field(ge=0, le=65_535)]
"""0 takes a free port, which the hub then keeps."""


def _private_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _KEY.match(value.get_secret_value()):
        raise ValueError("a private key is 0x and 64 hexadecimal digits")
    return value


class L1Settings(Settings):
    """The settlement layer: embedded unless ``url`` names one that runs already."""

    url: str | None = None
    """JSON-RPC URL of an external L1; left out for the embedded one."""
    chain_id: Annotated[int, Field(ge=1)] | None = None
    """Checked against an external L1, which needs it; the embedded one has 31337 unless it is set."""
    host: Host = "127.0.0.1"
    port: Port = 8545
    """Port of the embedded L1."""
    block_interval_ms: Annotated[int, Field(ge=10, le=60_000)] = 50
    """Milliseconds from the embedded L1's first pending transaction to its block."""
    deployer_key: SecretStr | None = None
    """Pays for contracts, chains and operators on an external L1, and owns the hub's contracts there."""
    deployer_key_file: Path | None = None
    """File that holds ``deployer_key``."""
    execution_delay_s: Annotated[int, Field(ge=0, le=30 * 24 * 3600)] = 0
    """Seconds the timelock keeps a committed batch from being executed."""
    confirmations: Annotated[int, Field(ge=0, le=1_000)] = 0
    """L1 blocks above an event before chains act on it."""
    operator_balance_wei: Annotated[int, Field(ge=0)] | None = None
    """What each of a new chain's keys is given on L1: 100 ether unless set, 1 on an external L1."""

    _check_key = field_validator("deployer_key")(_private_key)

    @field_validator("url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("an L1 is reached by an http:// or https:// URL")
        return url

    @model_validator(mode="after")
    def _external_needs(self) -> Self:
        if self.url is None:
            return self
        if self.chain_id is None:
            raise ValueError("an external L1 needs l1.chain_id: the hub refuses to deploy to another one")
        if self.deployer_key is None and self.deployer_key_file is None:
            raise ValueError("an external L1 needs l1.deployer_key or l1.deployer_key_file")
        return self

    @property
    def is_local(self) -> bool:
        """Whether the L1 runs on this machine, where gas costs nothing and time does."""
        host = "localhost" if self.url is None else urlsplit(self.url).hostname or ""
        try:
            return host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def embedded(self) -> bool:
        """Whether the hub runs the L1 itself."""
        return self.url is None

    @property
    def expected_chain_id(self) -> int:
        """The chain id the L1 must have."""
        return self.chain_id or EMBEDDED_L1_CHAIN_ID

    @property
    def operator_grant_wei(self) -> int:
        """What each of a new chain's keys is given on L1."""
        if self.operator_balance_wei is not None:
            return self.operator_balance_wei
        return 100 * ETHER if self.embedded else ETHER


class OperatorKeySettings(Settings):
    """Private keys of a chain's L1 roles; those left out are made by the hub and kept in ``keys/``."""

    admin: SecretStr | None = None
    committer: SecretStr | None = None
    prover: SecretStr | None = None
    executor: SecretStr | None = None
    reverter: SecretStr | None = None

    _check = field_validator("admin", "committer", "prover", "executor", "reverter")(_private_key)


class ChainProverSettings(Settings):
    """What a chain gets of the prover pool."""

    weight: Annotated[float, Field(ge=0.001, le=1_000)] | None = None
    """How much it gets in proportion to the other chains; 1 unless `zkhub prover share` has set it."""
    reserved: Annotated[float, Field(ge=0, le=0.9)] | None = None
    """The part of the pool it gets at least while it has work; others use it meanwhile. 0 unless set."""
    deadline_s: Annotated[float, Field(ge=0, le=10**9)] | None = None
    """Seconds from a batch's submission to when its proof is wanted, before which it becomes urgent; 0: whenever."""


class ChainSettings(Settings):
    """One chain, as its creator describes it."""

    id: Annotated[int, Field(ge=1, le=MAX_CHAIN_ID)]
    """Chain id, unique in the hub for ever."""
    port: Port = 0
    """Port of its JSON-RPC; 0 takes the first free one from 3050 on, which the chain then keeps."""
    host: Host = "127.0.0.1"
    data_availability: DataAvailability = DataAvailability.ROLLUP
    base_token: str = "eth"
    """What pays for gas: "eth", or the address of an ERC-20 token of 18 decimals on L1."""
    executor: Literal["native", "pyevm"] = "native"
    """What executes its blocks: the C sources that are proven, or py-evm, the reference, far slower."""
    shadow_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of its blocks that the other executor executes too; the chain stops at the first difference."""
    block: BlockSettings = BlockSettings()
    batch: BatchSettings = BatchSettings()
    fees: FeeSettings = FeeSettings()
    mempool: MempoolSettings = MempoolSettings()
    provers: ChainProverSettings = ChainProverSettings()
    fee_recipient: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")] | None = None
    """Who earns the fees on the chain; its committer's address unless it is set."""
    keys: OperatorKeySettings = OperatorKeySettings()

    @field_validator("base_token")
    @classmethod
    def _ether_or_address(cls, token: str) -> str:
        if token.lower() == "eth":
            return "eth"
        if re.fullmatch(r"0x[0-9a-fA-F]{40}", token) is None:
            raise ValueError(f'base token "{token}" is neither "eth" nor the address of a token on L1')
        return to_checksum_address(token)

    @model_validator(mode="after")
    def _largest_request_fits(self) -> Self:
        if self.block.gas_limit < PRIORITY_TX_MAX_GAS:
            raise ValueError(f"block.gas_limit must hold the largest L1 request, {PRIORITY_TX_MAX_GAS} gas")
        return self


class ProverSettings(Settings):
    """The prover pool that all chains share."""

    workers: Annotated[int, Field(ge=0, le=256)] = 1
    """Each proves one batch at a time, on a GPU of its own where the cluster has one."""
    max_workers: Annotated[int, Field(ge=1, le=256)] | None = None
    """As many workers may come when the queue is long, and go again when it is empty; unless set, none do."""
    queue_target_s: Annotated[float, Field(gt=0)] = 300.0
    """Seconds within which what waits shall be proved; more workers come until that is so."""
    gpus: GpuUse = GpuUse.AUTO
    """Who gets a GPU: "auto" as many workers as there are GPUs, "never" none, "always" all, who wait for one."""
    memory_gb: Annotated[float, Field(ge=1)] | None = None
    """What one proof may take; batches are cut to fit. Half of the machine's memory unless set."""
    backend: str | None = None
    """What proves, unless it shall be what ``proofs`` and ``profile`` ask for: one's own, as module:factory."""

    @property
    def memory_bytes(self) -> int | None:
        """What one proof may take; None where that is left open."""
        return None if self.memory_gb is None else int(self.memory_gb * 10**9)


class ApiSettings(Settings):
    """The hub API."""

    host: Host = "127.0.0.1"
    port: Port = 8700


class DevAccountSettings(Settings):
    """Accounts with known keys: premined on the embedded L1, funded on the chains by real deposits."""

    count: Annotated[int, Field(ge=0, le=100)] = 10
    mnemonic: str = DEV_MNEMONIC
    l1_balance_wei: Annotated[int, Field(ge=0, le=2**100)] = 1_000_000 * ETHER
    chain_balance_wei: Annotated[int, Field(ge=0, le=2**96)] | None = None
    """What is deposited to each account on each new chain: 1000 ether unless set, nothing from an external L1."""

    def deposit_wei(self, l1: L1Settings) -> int:
        """What is deposited to each account on each new chain."""
        if self.chain_balance_wei is not None:
            return self.chain_balance_wei
        return 1_000 * ETHER if l1.embedded else 0


class RelaySettings(Settings):
    """The message router."""

    auto: bool = True
    """Follow every chain and claim what its users send to L1 and to other chains, at the relayer's cost."""


class RaySettings(Settings):
    """The Ray cluster underneath."""

    address: str | None = None
    """``host:port`` of a running cluster to join; left out, the hub starts its own."""
    token_file: Path | None = None
    """Ray's token, needed to join."""
    nodes: Annotated[int, Field(ge=1, le=16)] = 1
    """Nodes of a cluster of one's own: more than one simulate several machines on this one."""
    gpus_per_node: Annotated[int, Field(ge=0, le=16)] | None = None
    """GPUs that each node offers, simulated where the machine has none; those the machine has unless set."""


class HubSettings(Settings):
    """A hub."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)] = "zkhub"
    data_dir: Path = Path("hub-data")
    proofs: Literal["stark", "none"] = "stark"
    """``stark``: L1 takes a batch when it has verified a STARK of it. ``none`` is the labelled development mode:
    batches are re-executed, not proven, and public networks are refused."""
    profile: Literal["fast", "l1", "l1-128"] | None = None
    """Parameters of the proofs, fixed when the contracts are deployed. Unless set: ``fast``, which is proven soonest,
    on an L1 of this machine, ``l1``, which L1 verifies for least, on every other."""
    l1: L1Settings = L1Settings()
    chains: dict[str, ChainSettings] = Field(
        default_factory=lambda: {"alpha": ChainSettings(id=271), "beta": ChainSettings(id=272)}
    )
    provers: ProverSettings = ProverSettings()
    api: ApiSettings = ApiSettings()
    relay: RelaySettings = RelaySettings()
    dev_accounts: DevAccountSettings = DevAccountSettings()
    ray: RaySettings = RaySettings()

    @property
    def proof_profile(self) -> str:
        """The profile of the proofs, if there are any."""
        return self.profile or ("fast" if self.l1.is_local else "l1")

    @property
    def prover_backend(self) -> str:
        """What the pool's workers run."""
        if self.provers.backend is not None:
            return self.provers.backend
        return "unproven" if self.proofs == "none" else f"stark-{self.proof_profile}"

    @field_validator("chains")
    @classmethod
    def _names(cls, chains: dict[str, ChainSettings]) -> dict[str, ChainSettings]:
        for name in chains:
            check_chain_name(name)
        return chains

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        ids: dict[int, str] = {self.l1.expected_chain_id: "the L1"}
        ports: dict[int, str] = {self.api.port: "api.port"}
        if self.l1.embedded and self.l1.port:
            _claim(ports, self.l1.port, "l1.port", "port")
        for name, chain in self.chains.items():
            _claim(ids, chain.id, f"chains.{name}", "chain id")
            if chain.port:
                _claim(ports, chain.port, f"chains.{name}.port", "port")
        reserved = sum(chain.provers.reserved or 0.0 for chain in self.chains.values())
        if reserved > MOST_RESERVED + 1e-9:
            raise ValueError(f"the chains reserve {reserved:.0%} of the provers; all may have {MOST_RESERVED:.0%}")
        return self


def check_chain_name(name: str) -> None:
    """Raise ValueError unless ``name`` may name a chain."""
    if not re.match(NAME_PATTERN, name):
        raise ValueError(f'"{name}" is no chain name: a letter, then up to 31 lower-case letters, digits or hyphens')
    if name in RESERVED_NAMES:
        raise ValueError(f'"{name}" is reserved')


def _claim(taken: dict[int, str], number: int, who: str, what: str) -> None:
    if number in taken:
        raise ValueError(f"{who} and {taken[number]} have the same {what}, {number}")
    taken[number] = who
