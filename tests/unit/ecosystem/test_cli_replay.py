"""`zkhub batch replay`: a batch input is run again, natively or in the zkVM, and a bad one is explained."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chain_template.batcher import replay
from chain_template.batcher.batch_input import decode_batch_input
from chain_template.batcher.output import BatchOutput
from ecosystem.cli.main import app
from tests.unit.chain_template.batcher.toy_chain import ALICE, ToyChain
from zkvm.guest import BatchRun


@pytest.fixture(scope="module")
def output_of_a_batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[BatchOutput, Path]:
    chain = ToyChain()
    chain.add(chain.store(ALICE, 1, 5), chain.message(ALICE, b"hello"))
    built = chain.batch(1, 1)
    file = tmp_path_factory.mktemp("replay") / "batch"
    file.write_bytes(built.batch_input)
    return built.output, file


def replayed(*words: object) -> Result:
    return CliRunner().invoke(app, ["batch", "replay", *(str(word) for word in words)])


def told(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.mark.parametrize("where", [(), ("--zkvm",)])
def test_a_good_batch(output_of_a_batch: tuple[BatchOutput, Path], where: tuple[str, ...]) -> None:
    output, file = output_of_a_batch
    done = replayed(file, "--json", *where)
    assert done.exit_code == 0, done.output
    made = told(done)
    assert made["public_input"] == "0x" + output.public_input.hex()
    assert made["reason"] is None and not made["message"]
    assert ("cycles" in made) == bool(where)
    assert made["public_input"] in replayed(file, *where).stdout


@pytest.mark.parametrize("where", [(), ("--zkvm",)])
def test_a_bad_batch_is_explained(
    output_of_a_batch: tuple[BatchOutput, Path], tmp_path: Path, where: tuple[str, ...]
) -> None:
    data = output_of_a_batch[1].read_bytes()
    (tmp_path / "cut").write_bytes(data[:-1])
    done = replayed(tmp_path / "cut", "--json", *where)
    assert done.exit_code == 1 and told(done)["reason"] == "malformed" and told(done)["public_input"] is None
    done = replayed(tmp_path / "cut", *where)
    assert done.exit_code == 1 and "malformed: transaction at byte" in done.stderr
    given = decode_batch_input(data)
    (tmp_path / "poor").write_bytes(data.replace(given.nodes[0], bytes(len(given.nodes[0]))))
    assert told(replayed(tmp_path / "poor", "--json", *where))["reason"] in ("witness-order", "missing-node")


def test_what_no_batch_is(tmp_path: Path, output_of_a_batch: tuple[BatchOutput, Path]) -> None:
    assert replayed(tmp_path / "nothing").exit_code == 2
    done = replayed(output_of_a_batch[1], "--zkvm", "--max-cycles", 1000)
    assert done.exit_code == 1 and "1,000 cycles" in done.stderr


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (BatchRun("limit"), "a defect of one of the two"),
        (BatchRun(None, bytes(32)), "the reference has public input"),
        (BatchRun("out-of-memory"), "more memory"),
    ],
)
def test_a_difference_from_the_reference_is_told(
    output_of_a_batch: tuple[BatchOutput, Path], monkeypatch: pytest.MonkeyPatch, made: BatchRun, words: str
) -> None:
    monkeypatch.setattr(replay, "run_natively", lambda data: made)
    done = replayed(output_of_a_batch[1])
    assert done.exit_code == 1 and words in " ".join(done.stderr.split())
