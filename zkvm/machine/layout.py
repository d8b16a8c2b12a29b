"""Constants of the arithmetic and of the tables; where things lie in memory is said in ``zkvm.emulator.opcodes``."""

from typing import Final

W: Final = 1 << 32
"""Values of a word lie in [0, W)."""

M: Final = W - 1

IMAGE_PADDING: Final = (1 << 31) + 64
"""First key of IMAGE's unused rows: as unreachable as the registers (2^31 + r), since x < 2W ends at word 2^31."""

LOG_MIN_HEIGHT: Final = 6
LOG_MAX_MAIN: Final = 22
LOG_MAX_HEIGHT: Final = 23
"""MAIN has at most 2^22 rows, so that times and their differences stay below 2^24 + 4; other tables at most 2^23."""

LOG_MAX_FIXED: Final = 20
"""ROM and IMAGE: a program of at most a million instructions and as many words of data."""
