"""The small sets of Ethereum's general state tests, on the reference executor; the print says N of M."""

import pytest

from tests.conformance.state_tests import cases, run
from tests.conformance.vectors import unpacked


@pytest.mark.parametrize(
    "suite",
    [
        "stExample",
        "Shanghai",
        "stSelfBalance",
        *(pytest.param(suite, marks=pytest.mark.soak) for suite in ("Cancun", "stTransactionTest", "stEIP1559")),
    ],
)
def test_state_tests(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = unpacked("ethereum-tests") / "GeneralStateTests" / suite
    found = list(cases(folder))
    assert found, f"no Cancun cases below {folder}"
    judged = [case for case in found if not case.is_blob]
    wrong = [case.name for case in judged if run(case) != (case.root, case.logs)]
    with capsys.disabled():
        left_out = len(found) - len(judged)
        print(f"\n  {suite}: {len(judged) - len(wrong)} of {len(found)}; left out: {left_out} blob transactions")
    assert wrong == []
