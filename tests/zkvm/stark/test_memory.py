"""The forecast is what a proof takes, and decides how it is made."""

import json
import subprocess
import sys

import pytest

from zkvm.air import examples
from zkvm.stark import memory
from zkvm.stark.errors import WrongHeights
from zkvm.stark.layout import layout
from zkvm.stark.profiles import FAST, L1
from zkvm.stark.refusals import ProofDoesNotFit

WIDE_2_18 = layout(examples.wide(), FAST, [18])


@pytest.mark.parametrize(("log_height", "keep"), [(16, True), (18, True), (18, False)])
def test_the_forecast_is_within_a_quarter_of_the_measured_peak(log_height: int, keep: bool) -> None:
    command = [sys.executable, "-m", "tests.zkvm.stark.peak", str(log_height), "keep" if keep else "drop"]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=250).stdout)
    assert 0.75 <= found["forecast"] / found["measured"] <= 1.25, found


def test_extensions_are_kept_exactly_when_they_fit() -> None:
    kept, dropped = memory.count(WIDE_2_18, keep=True).peak, memory.count(WIDE_2_18, keep=False).peak
    assert dropped < kept
    assert memory.plan(WIDE_2_18, kept).keep
    assert not memory.plan(WIDE_2_18, kept - 1).keep
    assert not memory.plan(WIDE_2_18, dropped).keep
    with pytest.raises(ProofDoesNotFit) as raised:
        memory.plan(WIDE_2_18, dropped - 1)
    assert (raised.value.needed, raised.value.available) == (dropped, dropped - 1)
    assert raised.value.stage in memory.count(WIDE_2_18, keep=False).by_stage


def test_a_kept_extension_grows_with_the_blow_up_and_a_dropped_one_hardly() -> None:
    fast, l1 = (memory.count(layout(examples.wide(), profile, [18]), keep=True) for profile in (FAST, L1))
    extension = 64 * 8 << 18
    assert l1.peak - fast.peak > (32 - 4) * extension
    fast, l1 = (memory.count(layout(examples.wide(), profile, [18]), keep=False) for profile in (FAST, L1))
    assert l1.peak - fast.peak < 10 * extension


def test_a_forecast_takes_heights_in_rows_by_name() -> None:
    found = memory.forecast(examples.permutation(), {"sender": 1 << 10, "receiver": 1 << 6}, FAST)
    assert found == memory.count(layout(examples.permutation(), FAST, [10, 6]), keep=True)
    with pytest.raises(WrongHeights):
        memory.forecast(examples.permutation(), {"sender": 1 << 10}, FAST)


def test_what_is_available_is_between_what_is_held_and_all_there_is() -> None:
    with open("/proc/meminfo") as info:
        total = 1024 * int(info.readline().split()[1])
    assert 0 < memory.available() <= total
