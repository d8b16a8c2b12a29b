"""A settlement laboratory: a real L1 (anvil, or the chain template itself), real contracts, one chain, a prover."""

import contextlib
import functools
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from eth_account import Account

from chain_template.batcher.batch_program import run
from chain_template.config import (
    BatchSettings,
    BlockSettings,
    ChainConfig,
    GenesisSettings,
    L1Link,
    OperatorKeys,
    RpcSettings,
    SettlementSettings,
)
from chain_template.errors import BatchInputError
from chain_template.genesis import build_genesis
from chain_template.node import ChainNode
from chain_template.settlement.on_l1 import ChainOnL1
from chain_template.settlement.proofs import ProofResult
from chain_template.state import StateReader
from contracts.chain_params import ChainParams, Validators
from contracts.client import L1Client
from contracts.deploy import create_chain, deploy_ecosystem
from contracts.deposits import deposit
from contracts.genesis import eth_asset_id
from contracts.sender import Sender, address_of
from zkvm.guest import run_in_the_zkvm, run_natively

GWEI = 10**9
ETHER = 10**18
CHAIN_ID = 271
L1_CHAIN_IDS = {"anvil": 31337, "embedded": 900}
PROGRAM_ID = b"\x7a" * 32

#: anvil's first development account; the embedded L1 gets it as premine.
RICH_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
ROLES = ("committer", "prover", "executor", "reverter")
ROLE_KEYS = {
    role: bytes([number]) * 32 for number, role in enumerate(("committer", "prover", "executor", "reverter"), 1)
}
USER = Account.from_key("0x" + "a1" * 32)
OTHER = Account.from_key("0x" + "b0" * 32)

ANVIL = sorted((Path(__file__).parents[3] / "contracts" / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil"))


def wait_until(condition, timeout_s=30.0, what="the condition"):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come true in {timeout_s:g} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LocalProver:
    """What a worker without proofs does, in a thread: run the batch program, refuse what comes out otherwise."""

    def __init__(self, proof=lambda job: b""):
        self.jobs = []
        self.held = False
        self.proof = proof
        self._results = {}
        self._programs = {}
        self._lock = threading.Lock()

    def submit(self, job):
        with self._lock:
            known = self._results.get((job.chain_id, job.batch_number))
            is_known = known is not None and known[0] == job.public_input
            if is_known and self._programs[job.chain_id, job.batch_number] == job.program_id:
                return
            self.jobs.append(job)
            self._programs[job.chain_id, job.batch_number] = job.program_id
            self._results[job.chain_id, job.batch_number] = (job.public_input, None)
        if not self.held:
            self._work(job)

    def release(self):
        self.held = False
        for job in list(self.jobs):
            self._work(job)

    def _work(self, job):
        threading.Thread(target=self._prove, args=(job,), daemon=True).start()

    def _prove(self, job):
        error = None
        try:
            claimed = run(job.batch_input).public_input
            if claimed != job.public_input:
                error = f"the program arrives at 0x{claimed.hex()}"
            error = error or _in_c(job)
        except BatchInputError as exc:
            error = str(exc)
        proof = b"" if error else self.proof(job)
        result = ProofResult(job.batch_number, job.public_input, proof, "local", error)
        with self._lock:
            is_wanted = self._programs[job.chain_id, job.batch_number] == job.program_id
            if is_wanted and self._results.get((job.chain_id, job.batch_number), (None,))[0] == job.public_input:
                self._results[job.chain_id, job.batch_number] = (job.public_input, result)

    def result(self, chain_id, batch_number):
        with self._lock:
            return self._results.get((chain_id, batch_number), (None, None))[1]

    def cancel_from(self, chain_id, batch_number):
        with self._lock:
            for key in [key for key in self._results if key[0] == chain_id and key[1] >= batch_number]:
                del self._results[key]
            self.jobs = [job for job in self.jobs if job.batch_number < batch_number]


def real_proofs(profile_name, report=lambda progress: None):
    """For LocalProver.proof: STARKs, as a worker makes them."""
    from cluster.pool.jobs import Assignment, JobKey
    from cluster.workers.stark import StarkProver
    from zkvm.stark.profiles import profile

    prover = StarkProver(profile(profile_name))

    def prove(job):
        key = JobKey(job.chain_id, job.batch_number, job.program_id)
        assignment = Assignment(1, key, job.chain_name, job.public_input, job.batch_input, 1)
        return prover.prove(assignment, threading.Event(), report)

    return prove


def _in_c(job):
    """What the program in C has against it: natively, and as it would be proven, however long that takes."""
    for name, done in (
        ("in C", run_natively(job.batch_input)),
        ("in the zkVM", run_in_the_zkvm(job.batch_input, 1 << 30)),
    ):
        if done.public_input != job.public_input:
            return f"the program {name} arrives at 0x{done.public_input.hex()} ({done.reason})"
    return None


class Anvil:
    """A node that can be made to answer nobody for a while: what it has is in its memory, so it lives on."""

    def __init__(self, process):
        self.process = process

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def start(self):
        self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def anvil_l1(directory):
    """anvil with a block a transaction; yields (url, Anvil)."""
    port = free_port()
    process = subprocess.Popen(
        [ANVIL[-1], "--port", str(port), "--silent"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        with L1Client(url, retries=8) as client:
            wait_until(lambda: client.chain_id() == L1_CHAIN_IDS["anvil"], what="anvil")
        yield url, Anvil(process)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def embedded_l1(directory):
    """The chain template without a settlement layer; yields (url, EmbeddedL1)."""
    config = ChainConfig(
        name="l1",
        chain_id=L1_CHAIN_IDS["embedded"],
        data_dir=directory / "l1",
        genesis=GenesisSettings(timestamp=int(time.time()), premine={address_of(RICH_KEY): 10_000 * ETHER}),
        fee_recipient="0x" + "fe" * 20,
        block=BlockSettings(interval_ms=20),
        rpc=RpcSettings(port=free_port()),
    )
    l1 = EmbeddedL1(config)
    l1.start()
    try:
        yield l1.node.rpc_url, l1
    finally:
        l1.stop()


class EmbeddedL1:
    """A node that can be stopped and started again at the same place."""

    def __init__(self, config):
        self.config = config
        self.node = None

    def start(self):
        self.node = ChainNode(self.config)
        self.node.start()

    def stop(self):
        if self.node is not None:
            self.node.stop()
            self.node = None


L1S = {"anvil": anvil_l1, "embedded": embedded_l1}


class Lab:
    """One chain on one L1; every test gets its own."""

    def __init__(
        self,
        kind,
        url,
        l1,
        directory,
        *,
        execution_delay_s=0,
        one_key=False,
        deploy_verifier=None,
        program_id=PROGRAM_ID,
        chain_params=None,
        **settings,
    ):
        self._chain_params = chain_params or {}
        self.kind = kind
        self.l1 = l1
        self.directory = directory
        self.client = L1Client(url)
        self.rich = Sender(self.client, RICH_KEY)
        self.ecosystem = deploy_ecosystem(
            self.rich,
            program_id=program_id,
            execution_delay_s=execution_delay_s,
            verifier=None if deploy_verifier is None else deploy_verifier(self.rich),
        )
        self.keys = dict.fromkeys(ROLES, ROLE_KEYS["committer"]) if one_key else ROLE_KEYS
        for key in set(self.keys.values()):
            self.rich.send(address_of(key), value=10 * ETHER, gas=21_000)
        self.config = self._create_chain(url, settings)
        self.prover = LocalProver()
        self.node = None

    def _create_chain(self, url, settings):
        link = L1Link(
            url=url,
            l1_chain_id=L1_CHAIN_IDS[self.kind],
            bridgehub=self.ecosystem.bridgehub,
            zk_chain="0x" + "00" * 20,
            validator_timelock=self.ecosystem.validator_timelock,
            base_token_asset_id="0x" + eth_asset_id(L1_CHAIN_IDS[self.kind]).hex(),
            contracts={"asset_router": self.ecosystem.asset_router},
        )
        fields = {
            "name": "alpha",
            "chain_id": CHAIN_ID,
            "data_dir": self.directory / "alpha",
            "genesis": GenesisSettings(timestamp=int(time.time())),
            "fee_recipient": "0x" + "fe" * 20,
            "block": BlockSettings(interval_ms=20),
            "batch": BatchSettings(max_age_ms=100),
            "settlement": SettlementSettings(poll_interval_ms=30),
            "rpc": RpcSettings(),
            "l1": link,
            "operator_keys": OperatorKeys(**{role: key.hex() for role, key in self.keys.items()}),
            **settings,
        }
        config = ChainConfig(**fields)
        genesis = build_genesis(config).header
        params = ChainParams(CHAIN_ID, genesis.hash, genesis.timestamp, **self._chain_params)
        validators = Validators(
            *(address_of(self.keys[role]) for role in ("committer", "prover", "executor", "reverter"))
        )
        chain = create_chain(self.ecosystem, params, owner=self.rich, admin=self.rich, validators=validators)
        link = link.model_copy(update={"zk_chain": chain.zk_chain, "start_block": chain.create_block})
        return config.model_copy(update={"l1": link})

    # -- life --------------------------------------------------------------------------------------------------------

    def open(self):
        """The node without its loops, for a test that steps by itself."""
        self.node = ChainNode(self.config, self.prover)
        return self.node.settlement

    def start(self):
        self.open()
        self.node.start()

    def stop(self):
        if self.node is not None:
            self.node.stop()
            self.node = None

    def close(self):
        self.stop()
        self.client.close()

    # -- acting ------------------------------------------------------------------------------------------------------

    def deposit(self, to=USER.address, value=10 * ETHER, **fields):
        return deposit(self.rich, self.ecosystem, CHAIN_ID, to=to, value=value, **fields)

    def send(self, to, value=0, data=b"", account=USER):
        """A transaction on the chain; waits for its receipt."""
        with self.node.store.snapshot() as snapshot:
            nonce = StateReader(self.node.store.nodes, snapshot.head.state_root).nonce(
                bytes.fromhex(account.address[2:])
            )
        tx = {
            "type": 2,
            "chainId": CHAIN_ID,
            "nonce": nonce,
            **({} if to is None else {"to": to}),
            "gas": 300_000,
            "maxFeePerGas": 10 * GWEI,
            "maxPriorityFeePerGas": 0,
            "value": value,
            "data": data,
        }
        tx_hash = self.node.submit(bytes(account.sign_transaction(tx).raw_transaction))
        return self.receipt(tx_hash)

    def receipt(self, tx_hash):
        def look():
            with self.node.store.snapshot() as snapshot:
                return snapshot.receipt(tx_hash)

        return wait_until(look, what="the receipt")

    # -- looking -----------------------------------------------------------------------------------------------------

    @functools.cached_property
    def chain(self):
        return ChainOnL1(self.client, self.config.l1)

    def state(self):
        """The chain's state at its head."""
        with self.node.store.snapshot() as snapshot:
            return StateReader(self.node.store.nodes, snapshot.head.state_root)

    def balance(self, account):
        """Wei an account has on the chain."""
        return self.state().balance(bytes.fromhex(account.address[2:]))

    def counters(self):
        found = self.chain.counters(self.chain.head())
        return found.committed, found.verified, found.executed

    def batches(self):
        with self.node.store.snapshot() as snapshot:
            return snapshot.batches(1, 10_000)

    def errors(self):
        return self.node.status().errors

    def wait_settled(self, timeout_s=60.0):
        """Until every block is in an executed batch."""
        try:
            wait_until(lambda: self.node.is_settled() and self.batches(), timeout_s, "settlement")
        except AssertionError as exc:
            raise AssertionError(f"{exc}: {self.node.status()}; L1 has {self.counters()}") from exc

    def wait_stage(self, number, stage, timeout_s=30.0):
        def reached():
            return any(batch.number == number and batch.stage is stage for batch in self.batches())

        wait_until(reached, timeout_s, f"batch {number} {stage.value}")

    def rpc(self, method, *params):
        """For what only anvil can do."""
        return self.client.rpc(method, params)


@contextlib.contextmanager
def lab_on(kind, directory, **settings):
    """A laboratory with a fresh L1."""
    with L1S[kind](directory) as (url, l1):
        lab = Lab(kind, url, l1, directory, **settings)
        try:
            yield lab
        finally:
            lab.close()
