"""py-evm's Cancun state with this chain's differences.

The whole fee may go to the fee recipient (ChainRules.base_fee_to_coinbase); every account and slot that may have
changed is noted for the batch's state diff; and an account with code may be a transaction's origin (an L1 contract's
alias that is also a contract here), which py-evm's own test for the outermost call does not expect. And init code that
is too long ends the call that asks for it, whether or not the creation could begin, as Ethereum has it (EIP-3860).
"""

from eth.abc import AccountStorageDatabaseAPI, SignedTransactionAPI
from eth.constants import GAS_CREATE
from eth.db.account import AccountDB
from eth.db.storage import CLEAR_COUNT_KEY_NAME, AccountStorageDB
from eth.exceptions import OutOfGas
from eth.rlp.accounts import Account
from eth.typing import JournalDBCheckpoint
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState
from eth.vm.forks.shanghai.logic import Create2EIP3860, CreateEIP3860
from eth.vm.logic.system import CreateOpcodeStackData
from eth.vm.opcode_values import CREATE, CREATE2
from eth_typing import Address

from chain_template.primitives import to_int
from chain_template.transactions.intrinsic import MAX_INIT_CODE_BYTES

#: An account, or one of its slots.
Changed = tuple[bytes, int | None]


class RevertibleStorageDb(AccountStorageDB):
    """Storage of an account that may be taken back over more than one deletion.

    py-evm's own holds that impossible, as accounts are deleted when a transaction ends. But creating a contract
    deletes too, so one that is created and destroyed by a transaction that is then taken back as a whole, as its
    pubdata is too much, had two.
    """

    def discard(self, checkpoint: JournalDBCheckpoint) -> None:
        """Take back what was done since ``checkpoint``."""
        latest = self._deletions()
        if self._journal_storage.has_checkpoint(checkpoint):
            self._journal_storage.discard(checkpoint)
            self._clear_count.discard(checkpoint)
        else:
            # It was not in use yet.
            self._journal_storage.reset()
            self._clear_count.reset()
        self._storage_cache.reset_cache()
        if self._deletions() < latest:
            self._storage_lookup.rollback_trie(self._deletions())

    def _deletions(self) -> int:
        return to_int(self._clear_count[CLEAR_COUNT_KEY_NAME])


class TouchedAccountDb(AccountDB):
    """Account database that remembers what was written, reverted writes included."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._touched: set[Changed] = set()

    def take_touched(self) -> set[Changed]:
        """What was written since this was last asked."""
        touched, self._touched = self._touched, set()
        return touched

    def _set_account(self, address: bytes, account: Account) -> None:
        self._touched.add((address, None))
        super()._set_account(address, account)

    def set_storage(self, address: bytes, slot: int, value: int) -> None:
        """Write a slot."""
        self._touched.add((address, slot))
        super().set_storage(address, slot, value)

    def delete_account(self, address: bytes) -> None:
        """Remove an account."""
        self._touched.add((address, None))
        super().delete_account(address)

    def _get_address_store(self, address: Address) -> AccountStorageDatabaseAPI:
        store = self._account_stores.get(address)
        if store is None:
            store = RevertibleStorageDb(self._raw_store_db, self._get_storage_root(address), address)
            self._account_stores[address] = store
        return store


def _check_init_code(data: CreateOpcodeStackData) -> None:
    if data.memory_length > MAX_INIT_CODE_BYTES:
        raise OutOfGas(f"init code of {data.memory_length} bytes exceeds {MAX_INIT_CODE_BYTES}")


class _Create(CreateEIP3860):
    """CREATE that looks at the init code's length before the endowment; py-evm's does so after it."""

    def get_gas_cost(self, data: CreateOpcodeStackData) -> int:
        """Gas without memory.

        Raises:
            OutOfGas: The init code is too long.
        """
        _check_init_code(data)
        return super().get_gas_cost(data)


class _Create2(Create2EIP3860):
    """CREATE2 that looks at the init code's length first too."""

    def get_gas_cost(self, data: CreateOpcodeStackData) -> int:
        """Gas without memory.

        Raises:
            OutOfGas: The init code is too long.
        """
        _check_init_code(data)
        return super().get_gas_cost(data)


_CREATIONS = {
    CREATE: _Create.configure(__name__="CREATE", mnemonic="CREATE", gas_cost=GAS_CREATE)(),
    CREATE2: _Create2.configure(__name__="CREATE2", mnemonic="CREATE2", gas_cost=GAS_CREATE)(),
}


class HubComputation(CancunComputation):
    """A message call; the outermost one is the one at depth 0."""

    # py-evm wraps SELFDESTRUCT so that running it raises a deprecation warning in the middle of a block.
    opcodes = {
        code: getattr(opcode, "__wrapped__", opcode) for code, opcode in CancunComputation.opcodes.items()
    } | _CREATIONS

    @property
    def is_origin_computation(self) -> bool:
        """Whether this is the transaction's own call."""
        return bool(self.msg.depth == 0)


class HubState(CancunState):
    """State during one block."""

    computation_class = HubComputation
    account_db_class = TouchedAccountDb
    base_fee_to_coinbase = False

    def set_system_contracts(self) -> None:
        """Nothing: genesis installs what a chain has, and a state must not write on being opened."""

    def get_tip(self, transaction: SignedTransactionAPI) -> int:
        """Wei per gas that go to the fee recipient."""
        if self.base_fee_to_coinbase:
            return self.get_gas_price(transaction)
        return super().get_tip(transaction)

    @property
    def accounts(self) -> TouchedAccountDb:
        """The account database."""
        db = self._account_db
        assert isinstance(db, TouchedAccountDb)
        return db
