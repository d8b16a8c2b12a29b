"""The gas a transaction costs before its first opcode (Yellow Paper; EIP-2028, 2930, 3860)."""

from typing import Final

from chain_template.transactions.types import AccessListEntry

TX_GAS: Final = 21_000
CREATE_GAS: Final = 32_000
DATA_ZERO_GAS: Final = 4
DATA_NONZERO_GAS: Final = 16
INIT_CODE_WORD_GAS: Final = 2
ACCESS_LIST_ADDRESS_GAS: Final = 2_400
ACCESS_LIST_SLOT_GAS: Final = 1_900
#: EIP-3860: twice the largest code (EIP-170).
MAX_INIT_CODE_BYTES: Final = 49_152


def intrinsic_gas(data: bytes, *, is_create: bool, access_list: tuple[AccessListEntry, ...] = ()) -> int:
    """Gas that is charged up front."""
    zeros = data.count(0)
    gas = TX_GAS + zeros * DATA_ZERO_GAS + (len(data) - zeros) * DATA_NONZERO_GAS
    if is_create:
        gas += CREATE_GAS + INIT_CODE_WORD_GAS * ((len(data) + 31) // 32)
    for entry in access_list:
        gas += ACCESS_LIST_ADDRESS_GAS + ACCESS_LIST_SLOT_GAS * len(entry.slots)
    return gas
