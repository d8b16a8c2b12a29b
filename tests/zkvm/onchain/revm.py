"""``BatchVerifier`` on revm: deployed for a profile and a machine, called as a transaction would."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyrevm
from eth_hash.auto import keccak

from contracts.abi import encode_call, encode_deploy
from contracts.artifacts import artifact_names, load
from zkvm.stark.profiles import Profile

SENDER, OTHER = "0x" + "11" * 20, "0x" + "22" * 20
PART_GAS = 1 << 24
DEPLOY_GAS = 30_000_000
VERIFIER = load("BatchVerifier")
ERRORS = {
    keccak(f"{entry['name']}({','.join(each['type'] for each in entry['inputs'])})".encode())[:4]: entry["name"]
    for entry in VERIFIER.abi
    if entry["type"] == "error"
}


class Refused(Exception):
    """The contract reverted.

    Attributes:
        error: The name of its error; empty for a revert without one.
        gas: What the transaction used.
    """

    def __init__(self, error: str, gas: int) -> None:
        super().__init__(error)
        self.error = error
        self.gas = gas


@dataclass(frozen=True)
class Statement:
    """What is to be proven."""

    program_id: bytes
    public: tuple[int, ...]

    @property
    def public_input(self) -> bytes:
        """The public words, four bytes each, and zeros where the machine has fewer than eight."""
        return b"".join(word.to_bytes(4, "little") for word in self.public).ljust(32, b"\0")

    def call(self, part: bytes) -> bytes:
        """The call data of ``verifyPart``."""
        return encode_call(VERIFIER, "verifyPart", [self.program_id, self.public_input, part])


@dataclass(frozen=True)
class Gas:
    """What a part cost.

    Attributes:
        used: Of the transaction, by the rules before EIP-7623.
        floor: By its floor.
        intrinsic: Of ``used``, what the transaction costs before it runs.
    """

    used: int
    floor: int
    intrinsic: int

    @property
    def execution(self) -> int:
        """What running it cost."""
        return self.used - self.intrinsic

    @property
    def charged(self) -> int:
        """What the sender pays."""
        return max(self.used, self.floor)


def gas_of(data: bytes, used: int) -> Gas:
    """The gas of a transaction with this call data that used so much."""
    zeros = data.count(0)
    others = len(data) - zeros
    return Gas(used, 21_000 + 10 * zeros + 40 * others, 21_000 + 4 * zeros + 16 * others)


class OnL1:
    """A deployed verifier.

    Args:
        profile: What it is deployed for.
        machine: The creation code of the machine's shape; that of the committed artifact unless given.
        evaluators: The creation codes of the constraints' contracts; the committed ones unless given.
    """

    def __init__(
        self, profile: Profile, machine: bytes | None = None, evaluators: Sequence[bytes] | None = None
    ) -> None:
        self._evm = pyrevm.EVM(spec_id="CANCUN", gas_limit=2**62)
        self._evm.set_balance(SENDER, 10**30)
        machine = machine or load("RiscvMachine").bytecode
        if evaluators is None:
            names = [name for name in artifact_names() if name.startswith("ConstraintEvaluator")]
            evaluators = [load(name).bytecode for name in names]
        numbers = (
            profile.id,
            profile.log_blowup,
            profile.queries,
            profile.grinding_bits,
            profile.node_bytes,
            profile.max_log_height,
        )
        addresses = [self._deploy(code) for code in evaluators]
        addresses.append(self._deploy(machine))
        self._address = self._deploy(encode_deploy(VERIFIER, [numbers, addresses[-1], addresses[:-1]]))
        self._others = addresses

    def submit(self, statement: Statement, part: bytes, sender: str = SENDER) -> Gas:
        """Send a part.

        Raises:
            Refused: It was not accepted.
        """
        return self.send(statement.call(part), sender)

    def send(self, data: bytes, sender: str = SENDER) -> Gas:
        """Send a transaction with this call data."""
        self._call(data, sender)
        return gas_of(data, self._evm.result.gas_used)

    def prove(self, statement: Statement, parts: Sequence[bytes], sender: str = SENDER) -> list[Gas]:
        """Send all parts."""
        return [self.submit(statement, part, sender) for part in parts]

    def verdict(self, statement: Statement, parts: Sequence[bytes]) -> str:
        """The error with which these parts are refused; empty where they prove the statement. Nothing is kept."""
        before = self._evm.snapshot()
        try:
            self.prove(statement, parts)
            return "" if self.is_verified(statement) else "unfinished"
        except Refused as refused:
            return refused.error or "revert"
        finally:
            self._evm.revert(before)

    def verdict_gas(self, statement: Statement, part: bytes) -> Gas:
        """What a part costs that is accepted here. Nothing is kept.

        Raises:
            Refused: It was not accepted.
        """
        before = self._evm.snapshot()
        try:
            return self.submit(statement, part)
        finally:
            self._evm.revert(before)

    def is_verified(self, statement: Statement) -> bool:
        """What settlement asks."""
        data = encode_call(VERIFIER, "isVerified", [statement.program_id, statement.public_input])
        return bool(int.from_bytes(self._call(data, OTHER), "big"))

    def progress(self, statement: Statement, sender: str = SENDER) -> tuple[int, bytes]:
        """The accepted parts, and the state."""
        data = encode_call(VERIFIER, "progress", ["0x" + sender[2:], statement.program_id, statement.public_input])
        found = self._call(data, OTHER)
        return int.from_bytes(found[:32], "big"), found[32:]

    @property
    def address(self) -> bytes:
        """The verifier's."""
        return bytes.fromhex(self._address[2:])

    def accounts(self) -> list[tuple[bytes, bytes, dict[int, int]]]:
        """Address, code and storage of the verifier just deployed, and of what it calls."""
        first = int.from_bytes(keccak(bytes(32)), "big")  # the evaluators' array is in slot 0
        slots = [0, *(first + index for index in range(len(self._others) - 1))]
        storage = {slot: int(self._evm.storage(self._address, slot)) for slot in slots}
        found = [(self.address, bytes(self._evm.get_code(self._address)), storage)]
        return found + [(bytes.fromhex(other[2:]), bytes(self._evm.get_code(other)), {}) for other in self._others]

    @property
    def logs(self) -> list[Any]:
        """Of the last transaction."""
        return list(self._evm.result.logs)

    def _call(self, data: bytes, sender: str) -> bytes:
        try:
            return bytes(self._evm.message_call(sender, self._address, calldata=data, gas=PART_GAS))
        except RuntimeError as error:
            found = re.search(r"output: 0x([0-9a-f]{8})", str(error))
            name = ERRORS.get(bytes.fromhex(found[1]), "") if found else ""
            raise Refused(name, self._evm.result.gas_used) from None

    def _deploy(self, code: bytes) -> str:
        return str(self._evm.deploy(SENDER, code, gas=DEPLOY_GAS))
