"""The device that the tests marked ``gpu`` use, or why there is none."""

from functools import cache

import pytest

from zkvm.backends.cuda.cupy_device import CupyDevice
from zkvm.backends.cuda.errors import NoDevice


@cache
def _first():
    try:
        return CupyDevice(), ""
    except NoDevice as missing:
        return None, missing.message


def device():
    """The first device; skips the test where there is none."""
    found, why = _first()
    if found is None:
        pytest.skip(f"no GPU to test on: {why}")
    return found
