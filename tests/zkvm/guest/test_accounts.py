"""The state over tries alone, against a model in Python: snapshots, whole transactions taken back, several blocks."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import IntEnum

from hypothesis import given, settings
from hypothesis import strategies as st

from chain_template.executor.interface import ChainRules
from chain_template.genesis import genesis_block
from contracts.genesis import GenesisAccount
from tests.zkvm.guest.blocks import Answer, GuestChain
from tests.zkvm.guest.machine import HOST, Build

RULES = ChainRules(1)
RIPEMD160 = bytes(19) + b"\x03"
ADDRESSES = [bytes([number]) * 20 for number in range(1, 6)] + [RIPEMD160]


class Step(IntEnum):
    """In the order of the harness."""

    BEGIN = 0
    TAKE_BACK = 1
    FINISH = 2
    SNAPSHOT = 3
    REVERT = 4
    SET_BALANCE = 5
    SET_NONCE = 6
    SET_CODE = 7
    SET_SLOT = 8
    SET_TRANSIENT = 9
    TOUCH = 10
    CREATE = 11
    DOOM = 12
    WARM_ADDRESS = 13
    WARM_KEY = 14
    READ_ACCOUNT = 15
    READ_SLOT = 16
    READ_TRANSIENT = 17
    ROOT = 18
    TOUCHED = 19


@dataclass
class Account:
    """What the model knows of one."""

    exists: bool = False
    nonce: int = 0
    balance: int = 0
    code: bytes = b""
    storage: dict[int, int] = field(default_factory=dict)
    had_storage: bool = False
    is_created: bool = False
    is_doomed: bool = False
    is_touched: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.nonce or self.balance or self.code)

    @property
    def plain(self) -> tuple[int, int, bytes]:
        return self.nonce, self.balance, self.code


@dataclass
class World:
    """Everything that a snapshot takes back."""

    accounts: dict[bytes, Account]
    transient: dict[tuple[bytes, int], int] = field(default_factory=dict)
    warm: set[tuple[bytes, int | None]] = field(default_factory=set)

    def account(self, address: bytes) -> Account:
        return self.accounts.setdefault(address, Account())


Key = tuple[bytes, int | None]
#: A step: what, of whom, a key, a number.
Drawn = tuple[Step, bytes, int, int]


class Model:
    """A state as it should be, and the script and answers that come of it."""

    def __init__(self, accounts: list[GenesisAccount]) -> None:
        self.world = World(
            {
                account.address: Account(
                    True,
                    account.nonce,
                    account.balance,
                    account.code,
                    {key: value for key, value in account.storage.items() if value},
                    any(account.storage.values()),
                )
                for account in accounts
            }
        )
        self.begun = deepcopy(self.world)
        self.snapshots: list[World] = []
        self.touched: set[Key] = set()
        self.is_done = True
        self.script = b""
        self.answers: list[object] = []

    def play(self, step: Step, address: bytes, key: int, number: int) -> None:
        """One step, if it may come now."""
        if self.is_done and step not in (Step.ROOT, Step.TOUCHED, Step.TAKE_BACK):
            self._begin()
        getattr(self, f"_{step.name.lower()}")(address, key, number)

    def _say(self, step: Step, *parts: bytes) -> None:
        self.script += bytes([step]) + b"".join(parts)

    # --- Transactions ---

    def _begin(self) -> None:
        self._say(Step.BEGIN)
        for account in self.world.accounts.values():
            account.is_created = account.is_doomed = account.is_touched = False
        self.world.transient.clear()
        self.world.warm.clear()
        self.begun, self.snapshots, self.touched, self.is_done = deepcopy(self.world), [], set(), False

    def _take_back(self, *_: object) -> None:
        self._say(Step.TAKE_BACK)
        self.world, self.touched, self.is_done = deepcopy(self.begun), set(), True

    def _finish(self, *_: object) -> None:
        self._say(Step.FINISH)
        for account in self.world.accounts.values():
            if account.exists and (account.is_doomed or (account.is_touched and account.is_empty)):
                created = account.is_created
                account.__init__()  # type: ignore[misc]
                account.is_created = created
        self.is_done = True

    def _snapshot(self, *_: object) -> None:
        if len(self.snapshots) < 60:
            self._say(Step.SNAPSHOT)
            self.snapshots.append(deepcopy(self.world))

    def _revert(self, *_: object) -> None:
        if self.snapshots:
            self._say(Step.REVERT)
            stays = self.world.account(RIPEMD160).is_touched
            self.world = self.snapshots.pop()
            self.world.account(RIPEMD160).is_touched |= stays

    # --- Writes ---

    def _living(self, address: bytes) -> Account:
        account = self.world.account(address)
        account.exists = account.is_touched = True
        self.touched.add((address, None))
        return account

    def _set_balance(self, address: bytes, _: int, number: int) -> None:
        self._say(Step.SET_BALANCE, address, number.to_bytes(32))
        self._living(address).balance = number

    def _set_nonce(self, address: bytes, _: int, number: int) -> None:
        self._say(Step.SET_NONCE, address, number.to_bytes(8, "little"))
        self._living(address).nonce = number

    def _set_code(self, address: bytes, _: int, number: int) -> None:
        code = bytes([0x60]) * min(number, 3)
        if code:
            self._say(Step.SET_CODE, address, len(code).to_bytes(4, "little"), code)
            self._living(address).code = code

    def _set_slot(self, address: bytes, key: int, number: int) -> None:
        account = self.world.account(address)
        if account.is_empty:
            return
        self._say(Step.SET_SLOT, address, key.to_bytes(32), number.to_bytes(32))
        self.touched.add((address, key))
        account.storage[key] = number

    def _set_transient(self, address: bytes, key: int, number: int) -> None:
        self._say(Step.SET_TRANSIENT, address, key.to_bytes(32), number.to_bytes(32))
        self.world.transient[address, key] = number

    def _touch(self, address: bytes, *_: int) -> None:
        self._say(Step.TOUCH, address)
        self.world.account(address).is_touched = True
        self.touched.add((address, None))

    def _create(self, address: bytes, *_: int) -> None:
        account = self.world.account(address)
        if account.nonce or account.code or account.had_storage or account.storage:
            return
        self._say(Step.CREATE, address)
        self._living(address).is_created = True
        self._set_nonce(address, 0, 1)

    def _doom(self, address: bytes, *_: int) -> None:
        if self.world.account(address).is_created:
            self._say(Step.DOOM, address)
            self._living(address).is_doomed = True

    def _warm_address(self, address: bytes, *_: int) -> None:
        self._say(Step.WARM_ADDRESS, address)
        self.world.warm.add((address, None))

    def _warm_key(self, address: bytes, key: int, _: int) -> None:
        self._say(Step.WARM_KEY, address, key.to_bytes(32))
        self.world.warm.add((address, key))

    # --- Reads ---

    def _read_account(self, address: bytes, *_: int) -> None:
        self._say(Step.READ_ACCOUNT, address)
        account = self.world.account(address)
        flags = (account.exists, (address, None) in self.world.warm, account.is_created, account.is_doomed)
        self.answers.append((*flags, account.had_storage, *account.plain))

    def _read_slot(self, address: bytes, key: int, _: int) -> None:
        self._say(Step.READ_SLOT, address, key.to_bytes(32))
        value = self.world.account(address).storage.get(key, 0)
        original = self.begun.account(address).storage.get(key, 0)
        self.answers.append((value, original, (address, key) in self.world.warm))

    def _read_transient(self, address: bytes, key: int, _: int) -> None:
        self._say(Step.READ_TRANSIENT, address, key.to_bytes(32))
        self.answers.append(self.world.transient.get((address, key), 0))

    def _root(self, *_: object) -> None:
        if self.is_done:
            self._say(Step.ROOT)
            self.answers.append(self.state_root())
            self.touched = set()

    def _touched(self, *_: object) -> None:
        self._say(Step.TOUCHED)
        code = sum(len(account.code) for account in self.world.accounts.values() if account.is_created)
        self.answers.append((code if self.touched else 0, {key: self._differs(key) for key in self.touched}))

    def _differs(self, item: Key) -> bool:
        address, key = item
        now, then = self.world.account(address), self.begun.account(address)
        return now.plain != then.plain if key is None else now.storage.get(key, 0) != then.storage.get(key, 0)

    def state_root(self) -> bytes:
        return nodes_of(
            [
                GenesisAccount(address, account.code, account.storage, account.balance, account.nonce)
                for address, account in self.world.accounts.items()
                if account.exists
            ]
        )[1]


def nodes_of(accounts: list[GenesisAccount]) -> tuple[Mapping[bytes, bytes], bytes]:
    pre = genesis_block(accounts, timestamp=0, gas_limit=1, base_fee_per_gas=1)
    return pre.nodes, pre.header.state_root


numbers = st.sampled_from([0, 0, 1, 2, 1 << 63])
steps = st.tuples(st.sampled_from(Step), st.sampled_from(ADDRESSES), st.integers(0, 5), numbers)
storages = st.dictionaries(st.integers(0, 5), st.sampled_from([1, 1 << 255]), max_size=4)
EMPTY_WITH_STORAGE = GenesisAccount(ADDRESSES[0], b"", {1: 5, 2: 6}, 0, 0)
EMPTY_RIPEMD160 = GenesisAccount(RIPEMD160, b"", {}, 0, 0)


@settings(max_examples=200, deadline=None)
@given(
    storage=storages,
    has_odd_ones=st.booleans(),
    drawn=st.lists(steps, max_size=60),
    narrow=st.booleans(),
)
def test_any_steps(storage: dict[int, int], has_odd_ones: bool, drawn: list[Drawn], narrow: bool) -> None:
    accounts = [
        GenesisAccount(ADDRESSES[1], b"\x01\x02", storage, 1, 1),
        GenesisAccount(ADDRESSES[2], b"", {}, 7, 0),
    ]
    check(accounts + [EMPTY_WITH_STORAGE, EMPTY_RIPEMD160] * has_odd_ones, drawn, Build(32 if narrow else 64))


def read_like(answer: Answer, expected: object) -> object:
    """What the guest answered where the model says ``expected``."""
    if isinstance(expected, bytes):
        return answer.take(32)
    if isinstance(expected, int):
        return answer.word()
    assert isinstance(expected, tuple)
    if len(expected) == 3:
        return answer.word(), answer.word(), bool(answer.u32())
    if len(expected) > 3:
        flags = answer.u32()
        return (*(bool(flags >> bit & 1) for bit in range(5)), answer.u64(), answer.word(), answer.sized())
    code = answer.u32()
    found: dict[Key, bool] = {}
    for _ in range(answer.u32()):
        address = answer.take(20)
        key = answer.word() if answer.u32() else None
        found[address, key] = bool(answer.u32())
    return code, found


def check(accounts: list[GenesisAccount], drawn: list[Drawn], build: Build = HOST) -> None:
    """Play the steps on both, and read everything in the end."""
    model = Model(accounts)
    model.play(Step.READ_ACCOUNT, ADDRESSES[0], 0, 0)
    for step in drawn:
        if step[0] != Step.BEGIN:
            model.play(*step)
    if not model.is_done:
        model.play(Step.FINISH, b"", 0, 0)
    model.play(Step.TOUCHED, b"", 0, 0)
    model.play(Step.ROOT, b"", 0, 0)
    for address in ADDRESSES:
        model.play(Step.READ_ACCOUNT, address, 0, 0)
    nodes, root = nodes_of(accounts)
    with GuestChain(RULES, nodes, root, build) as chain:
        answer = chain.script(model.script)
        for expected in model.answers:
            assert read_like(answer, expected) == expected
        answer.end()
