"""``make fuzz``: libFuzzer on the batch program in C, from honest batches, under sanitizers; then Python on its finds.

Needs clang with its runtime libraries. The corpus stays in ``build/fuzz`` and is where the next run goes on; an input
that stops the program is left there, and named.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from chain_template.batcher.batch_input import decode_batch_input
from tests.zkvm.guest.batch.batches import hostile, mixed_batch, mixed_chain, over_another_state, twenty_mixed
from tests.zkvm.guest.batch.native import SOURCES, Outcome, Sanitized, run_native
from tests.zkvm.guest.batch.test_program import run_python
from tests.zkvm.guest.native import GUEST, HERE, ROOT

FOLDER = ROOT / "build" / "fuzz"
CORPUS = FOLDER / "corpus"
_FLAGS = ["-std=c11", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]


def compiled() -> Path:
    """The fuzz target."""
    clang = shutil.which("clang")
    if clang is None:
        sys.exit("fuzzing needs clang: `apt-get install clang`")
    target = FOLDER / "batch"
    folders = [f"-I{folder}" for folder in (GUEST, ROOT / "zkvm" / "guest_kit", HERE)]
    defines = ["-DZK_FUZZ", "-DZK_LIMB_BITS=32"]
    subprocess.run([clang, *_FLAGS, *defines, *folders, *map(str, SOURCES), "-o", str(target)], check=True)
    return target


def write_seeds() -> None:
    """Honest batches, and a sample of hostile ones."""
    chain = mixed_chain()
    seeds = [chain.batch(first, last).batch_input for first in range(1, 7) for last in (first, 6)]
    seeds += [twenty_mixed().batch(1, 2).batch_input, *(data for _, data in list(hostile(mixed_batch()))[::50])]
    for number, data in enumerate(seeds):
        (CORPUS / f"seed-{number}").write_bytes(data)


def disagreements() -> list[Path]:
    """The inputs of the corpus of which the program in C and the one in Python make something else."""
    return [path for path in sorted(CORPUS.iterdir()) if run_native(data := path.read_bytes()) != run_python(data)]


def run_over_other_states(seconds: int) -> int:
    """Batches over states that no chain ever had, whose hashes fit, which libFuzzer does not find: under sanitizers and
    without them. Returns how many there were; stops at one that is not the same."""
    random, count = Random(seconds), 0
    inputs = (mixed_batch(), *(mixed_chain().batch(first, 6).batch_input for first in (2, 5)))
    batches = [decode_batch_input(data) for data in inputs]
    sanitized = Sanitized()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = over_another_state(random, random.choice(batches)).encode()
        (FOLDER / "last-state").write_bytes(data)
        outcome = run_native(data)
        assert sanitized(data) == Outcome(outcome.reason, outcome.public_input), f"see {FOLDER / 'last-state'}"
        count += 1
    sanitized.close()
    return count


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fuzz the batch program.")
    parser.add_argument("--seconds", type=int, default=600, help="for libFuzzer; a fifth of it for other states")
    options = parser.parse_args()
    CORPUS.mkdir(parents=True, exist_ok=True)
    target = compiled()
    write_seeds()
    limits = [f"-max_total_time={options.seconds}", "-max_len=40000", "-timeout=20", "-rss_limit_mb=4096"]
    command = [str(target), *limits, "-print_final_stats=1", f"-artifact_prefix={FOLDER}/", str(CORPUS)]
    stopped = subprocess.run(command, check=False).returncode != 0
    different = disagreements()
    print(f"{len(list(CORPUS.iterdir())):,} inputs; C and Python disagree on {len(different)}")
    for path in different:
        data = path.read_bytes()
        print(f"  {path}: {run_native(data).reason} in C, {run_python(data).reason} in Python")
    print(f"{run_over_other_states(options.seconds // 5):,} batches over other states: nothing found")
    sys.exit(stopped or bool(different))


if __name__ == "__main__":
    main()
