"""The hub's dealings on L1: deploy the contracts once, create chains, pay, deposit. Each happens once, whatever dies.

Payments and deposits are recorded in the registry, signed, before they are sent: after a crash the same transaction is
handed in again, so it can count only once.
"""

import threading
from collections.abc import Sequence
from typing import Final

from eth_utils.address import to_checksum_address

from chain_template.config import DataAvailability
from contracts.abi import encode_call
from contracts.addresses import ChainAddresses, EcosystemAddresses
from contracts.artifacts import load
from contracts.chain_params import ChainParams, FeeParams, Validators
from contracts.client import Fees, L1Client
from contracts.deploy import check_ecosystem, create_chain, deploy_ecosystem, register_base_token
from contracts.deposits import DEPOSIT_L2_GAS, approve
from contracts.errors import EncodingError, TransactionReverted
from contracts.genesis import ETH_TOKEN
from contracts.messages import DA_CALLDATA, DA_VALIDIUM, GAS_PER_PUBDATA
from contracts.sender import Sender, SentTransaction, address_of
from ecosystem.chain_config import key_bytes
from ecosystem.errors import ConfigError, HubStarting, L1Mismatch
from ecosystem.keys import ChainKeys
from ecosystem.payments import is_under_way
from ecosystem.proof_system import ProofSystem, Unproven
from ecosystem.records import L1Payment
from ecosystem.registry import ECOSYSTEM_FACT, PROOFS_FACT, TOKENS_FACT, Registry
from shared_bridge.asset_ids import asset_id_of

TRANSFER_GAS: Final = 21_000
DEPOSIT_L1_GAS: Final = 500_000
"""A request through the Bridgehub takes about half of it; the first of a chain fills empty slots and takes more."""
BALANCE_TIMEOUT_S: Final = 3.0
BASE_TOKEN_DECIMALS: Final = 18
MAX_TOKEN_NAME_BYTES: Final = 31
"""What the genesis of a chain can hold."""
_TOKEN_GAS: Final = 120_000


class L1Settlement:
    """The real :class:`ecosystem.seams.Settlement`.

    Args:
        url: JSON-RPC of the L1.
        expected_chain_id: What it must be.
        deployer_key: Pays for everything and owns the contracts.
        registry: Remembers addresses and payments.
        execution_delay_s: The timelock's, set at deployment.
        proofs: What batches are proven with.
    """

    def __init__(
        self,
        url: str,
        *,
        expected_chain_id: int,
        deployer_key: str,
        registry: Registry,
        execution_delay_s: int,
        proofs: ProofSystem,
    ) -> None:
        self.url = url
        self._client = L1Client(url)
        self._expected_chain_id = expected_chain_id
        self._deployer = Sender(self._client, key_bytes(deployer_key), chain_id=expected_chain_id)
        self._registry = registry
        self._execution_delay_s = execution_delay_s
        self._proofs = proofs
        self._deploying = threading.Lock()
        self._ecosystem: EcosystemAddresses | None = None

    @property
    def program_id(self) -> bytes:
        """The batch program that this hub proves, 32 bytes."""
        return self._proofs.program_id

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def check(self) -> None:
        """Raise :class:`L1Mismatch` unless the L1 is the one that is expected."""
        L1Mismatch.check(self.url, self._client.chain_id(), self._expected_chain_id)

    def head(self) -> int:
        """Number of the latest block."""
        return self._client.block_number()

    def deploy(self) -> EcosystemAddresses:
        """The hub's contracts: deployed now, or checked to be where the registry says they are.

        Raises:
            ConfigError: They were deployed for another way of proving.
        """
        with self._deploying:
            if self._ecosystem is None:
                kept = self._registry.fact(ECOSYSTEM_FACT)
                if kept is None:
                    verifier = self._proofs.deploy(self._deployer)
                    self._registry.set_fact(PROOFS_FACT, self._proofs.to_json())
                    self._ecosystem = deploy_ecosystem(
                        self._deployer,
                        program_id=self._proofs.program_id,
                        execution_delay_s=self._execution_delay_s,
                        verifier=verifier,
                    )
                    self._registry.set_fact(ECOSYSTEM_FACT, self._ecosystem.to_json())
                else:
                    check_proofs(self._registry, self._proofs)
                    found = EcosystemAddresses.from_json(kept)
                    check_ecosystem(self._client, found)
                    self._ecosystem = found
            return self._ecosystem

    def base_token(self, token: str, *, register: bool) -> tuple[str, str]:
        """Name and symbol of an ERC-20 token of L1; with ``register`` new chains may be based on it from now on.

        Raises:
            ConfigError: No chain can be based on it.
        """
        erc20 = load("TestToken")
        try:
            name, symbol, decimals = (self._client.read(erc20, token, each) for each in ("name", "symbol", "decimals"))
        except (EncodingError, TransactionReverted) as error:
            raise ConfigError("base_token", f"there is no ERC-20 token at {token} on L1: {error.message}") from error
        if decimals != BASE_TOKEN_DECIMALS:
            raise ConfigError(
                "base_token",
                f"{symbol} has {decimals} decimals; a base token has {BASE_TOKEN_DECIMALS}, as gas prices do",
            )
        if max(len(name.encode()), len(symbol.encode())) > MAX_TOKEN_NAME_BYTES:
            raise ConfigError(
                "base_token", f"the name or symbol of {token} is longer than {MAX_TOKEN_NAME_BYTES} bytes"
            )
        if register:
            register_base_token(self._deployed(), token, owner=self._deployer)
        return name, symbol

    def base_token_origin(self, token: str) -> tuple[int, str]:
        """Where a token of L1 was born: L1 itself, or the chain that it came from; chain id and address there."""
        vault, address = load("L1NativeTokenVault"), self._deployed().native_token_vault
        asset = self._client.read(vault, address, "assetId", [token])
        origin = int(self._client.read(vault, address, "originChainId", [asset]))
        if not origin:
            return self._expected_chain_id, token
        return origin, to_checksum_address(self._client.read(vault, address, "originToken", [asset]))

    def create_chain(
        self,
        chain_id: int,
        *,
        base_token: str,
        genesis_hash: bytes,
        genesis_timestamp: int,
        data_availability: DataAvailability,
        minimal_l2_gas_price_wei: int,
        keys: ChainKeys,
    ) -> ChainAddresses:
        """Create a chain with its operators' roles, or find it and do what is missing."""
        is_ether = base_token == "eth"
        params = ChainParams(
            chain_id=chain_id,
            genesis_state_commitment=genesis_hash,
            genesis_timestamp=genesis_timestamp,
            da_scheme=DA_VALIDIUM if data_availability is DataAvailability.VALIDIUM else DA_CALLDATA,
            fees=FeeParams(minimal_l2_gas_price=minimal_l2_gas_price_wei),
            base_token_asset_id=None if is_ether else asset_id_of(*self.base_token_origin(base_token)),
        )
        return create_chain(
            self._deployed(), params, owner=self._deployer, admin=self._admin(keys), validators=_validators(keys)
        )

    def fund(self, label: str, addresses: Sequence[str], wei: int) -> int:
        """Send ``wei`` to each address, once for each ``label`` and address; returns how many were sent now."""
        self._deployed()
        fees = self._client.fees()
        payments = {f"{label}/{address.lower()}": _Payment(address, b"", wei, TRANSFER_GAS) for address in addresses}
        return self._pay(label, payments, fees)

    def deposit(self, label: str, chain_id: int, addresses: Sequence[str], wei: int) -> int:
        """Deposit ``wei`` of the base token to each address on a chain, once for each ``label`` and address.

        Nothing is deposited, and 0 returned, where the hub has too little of a base token that is not ether.
        """
        ecosystem = self._deployed()
        hub = load("Bridgehub")
        fees = self._client.fees()
        terms = [chain_id, fees.max_fee_per_gas, DEPOSIT_L2_GAS, GAS_PER_PUBDATA]
        base_cost: int = self._client.read(hub, ecosystem.bridgehub, "l2TransactionBaseCost", terms)
        token: str = self._client.read(hub, ecosystem.bridgehub, "baseToken", [chain_id])
        is_ether = bytes.fromhex(token[2:]) == ETH_TOKEN
        if not is_ether and not self._has_allowed(label, token, (base_cost + wei) * len(addresses)):
            return 0
        payments = {}
        for address in addresses:
            request: tuple[object, ...] = (
                chain_id,
                base_cost + wei,
                address,
                wei,
                b"",
                DEPOSIT_L2_GAS,
                GAS_PER_PUBDATA,
                [],
                address,
            )
            data = encode_call(hub, "requestL2TransactionDirect", [request])
            payments[f"{label}/{address.lower()}"] = _Payment(
                ecosystem.bridgehub, data, base_cost + wei if is_ether else 0, DEPOSIT_L1_GAS
            )
        return self._pay(label, payments, fees)

    def _has_allowed(self, label: str, token: str, amount: int) -> bool:
        """Make sure that the asset router may take ``amount`` of a token from the hub; False if the hub lacks it.

        Tokens that were deployed here for development are made as needed: anyone may.
        """
        erc20, owner = load("TestToken"), self._deployer.address
        made_here = {str(kept["address"]).lower() for kept in self._registry.fact(TOKENS_FACT) or []}
        if token.lower() in made_here and f"{label}/mint" not in self._registry.payments(f"{label}/"):
            self._pay(
                label, {f"{label}/mint": _Payment(token, encode_call(erc20, "mint", [owner, amount]), 0, _TOKEN_GAS)}
            )
        elif self._client.read(erc20, token, "balanceOf", [owner]) < amount and not self._registry.payments(
            f"{label}/"
        ):
            return False
        approve(self._deployer, token, self._deployed().asset_router, amount)
        return True

    def balances(self, url: str, addresses: Sequence[str]) -> list[int]:
        """Wei of each address, by the JSON-RPC of the L1 or of a chain."""
        with L1Client(url, timeout_s=BALANCE_TIMEOUT_S, retries=0) as client:
            return [
                int(balance, 16) for balance in client.rpc_batch([("eth_getBalance", [a, "latest"]) for a in addresses])
            ]

    def _pay(self, label: str, payments: dict[str, "_Payment"], fees: Fees | None = None) -> int:
        """Make those payments that are not made yet: all are handed in before the first is waited for."""
        fees = fees or self._client.fees()
        recorded = self._registry.payments(f"{label}/")
        waiting: list[tuple[bytes, str]] = []
        sent_now = 0
        for key, payment in payments.items():
            if key in recorded and is_under_way(self._client, recorded[key]):
                waiting.append((recorded[key].hash, key))
                continue
            sent = self._send(key, payment, fees)
            waiting.append((sent.hash, key))
            sent_now += 1
        for transaction_hash, key in waiting:
            self._client.wait_for_receipt(transaction_hash, what=key)
        return sent_now

    def _send(self, key: str, payment: "_Payment", fees: Fees) -> SentTransaction:
        def record(transaction_hash: bytes, raw: bytes) -> None:
            self._registry.record_payments([L1Payment(key, transaction_hash, raw)])

        return self._deployer.send(
            payment.to, payment.data, value=payment.value, gas=payment.gas, fees=fees, what=key, record=record
        )

    def _deployed(self) -> EcosystemAddresses:
        if self._ecosystem is None:
            raise HubStarting("the hub's contracts are not deployed on L1 yet")
        return self._ecosystem

    def _admin(self, keys: ChainKeys) -> Sender:
        return Sender(self._client, key_bytes(keys.admin), chain_id=self._expected_chain_id)


def check_proofs(registry: Registry, proofs: ProofSystem) -> None:
    """Refuse to go on with contracts that take other proofs than will be made.

    Raises:
        ConfigError: It says what they were deployed for.
    """
    made_for = registry.fact(PROOFS_FACT) or Unproven().to_json()
    asked_for = proofs.to_json()
    for key, was in made_for.items():
        if asked_for[key] != was:
            raise ConfigError(
                key,
                f"{asked_for[key] or 'none'!r}: this hub's contracts were deployed for {was or 'none'!r}",
                hint=f"--set proofs={made_for['proofs']}"
                + (f" --set profile={made_for['profile']}" if made_for["profile"] else "")
                + ", or another data directory",
            )


class _Payment:
    """A transaction that must happen once; amounts in wei and gas."""

    __slots__ = ("data", "gas", "to", "value")

    def __init__(self, to: str, data: bytes, value: int, gas: int) -> None:
        self.to = to
        self.data = data
        self.value = value
        self.gas = gas


def _validators(keys: ChainKeys) -> Validators:
    return Validators(
        committer=address_of(key_bytes(keys.committer)),
        prover=address_of(key_bytes(keys.prover)),
        executor=address_of(key_bytes(keys.executor)),
        reverter=address_of(key_bytes(keys.reverter)),
    )
