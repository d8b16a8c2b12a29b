"""The verifier shares with the prover the field, the transcript, the layout and the definitions, and nothing else."""

import subprocess
import sys

SHARED = {
    "zkvm",
    "zkvm.errors",
    "zkvm.air",
    "zkvm.air.builder",
    "zkvm.air.describe",
    "zkvm.air.errors",
    "zkvm.air.evaluate",
    "zkvm.air.expression",
    "zkvm.air.logup",
    "zkvm.air.machine",
    "zkvm.air.scalars",
    "zkvm.air.table",
    "zkvm.field",
    "zkvm.field.errors",
    "zkvm.field.scalar",
    "zkvm.stark",
    "zkvm.stark.domains",
    "zkvm.stark.errors",
    "zkvm.stark.key",
    "zkvm.stark.layout",
    "zkvm.stark.profiles",
    "zkvm.stark.proof",
    "zkvm.stark.transcript",
}
OWN = {
    "zkvm.stark.check_constraints",
    "zkvm.stark.check_queries",
    "zkvm.stark.encoding",
    "zkvm.stark.merkle_verify",
    "zkvm.stark.soundness",
    "zkvm.stark.verifier",
}


def test_the_verifier_loads_no_prover_no_kernels_and_no_arrays() -> None:
    script = "import sys, zkvm.stark.verifier; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    assert {name for name in loaded if name.split(".")[0] == "zkvm"} <= SHARED | OWN
    assert "numpy" not in loaded
