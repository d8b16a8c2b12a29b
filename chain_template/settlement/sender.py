"""Bringing batches to L1: commit, prove, execute, and taking them back.

Every step looks at L1 first and does what follows from there; nothing is assumed to have stayed as it was. A role has
its own account, and an account has one call in flight. What a crash must not lose is in the store: the calls in flight
and a rollback under way.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from chain_template.config import ChainConfig, OperatorKeys
from chain_template.errors import L1Diverged, SettlementError, SettlementRefused
from chain_template.executor import make_executor
from chain_template.lost_events import LostEvents
from chain_template.rules import rules_of
from chain_template.settlement.account import FeeAboveLimit, Included, L1Account
from chain_template.settlement.calls import CallMaker, SettlementCall
from chain_template.settlement.on_l1 import ChainOnL1, Counters
from chain_template.settlement.proof_parts import ProofParts
from chain_template.settlement.proofs import ProofService
from chain_template.settlement.proving import ProvingDesk
from chain_template.settlement.refusals import Verdict, verdict
from chain_template.settlement.shelf import ProofShelf
from chain_template.settlement.tracker import StageTracker, require_same_batches
from chain_template.store import Snapshot, Store
from chain_template.store.records import BatchRecord, BatchStage, part_name
from contracts.errors import L1Error, L1RpcError, TransactionReverted
from contracts.versions import format_version

log = structlog.get_logger(__name__)

_ROLLBACK_KEY: Final = "settlement/rollback"
_PRIORITY_MODE_KEY: Final = "settlement/priority-mode"
#: Seconds between looks at L1 while nothing is on its way.
_QUIET_S: Final = 1.0


class SettlementSender:
    """Settles one chain.

    Args:
        config: The chain's settings, with ``l1`` and ``operator_keys``.
        store: The chain's store.
        chain: Its contracts.
        service: The prover pool.
        rollback: Gives up every block above a number.
        on_moved: Told of every batch that reached another stage.
        on_lost_batches: Told which batches L1 has that the store does not, batch number → last block.
        on_priority_mode: Told when L1 switches the chain to priority mode, and back.
        clock: Unix seconds.

    Attributes:
        has_looked: Whether L1 was asked which batches it has, since this process began.
        protocol_version: Which version the chain was on when L1 was last looked at, packed; None before.
    """

    def __init__(
        self,
        config: ChainConfig,
        store: Store,
        chain: ChainOnL1,
        service: ProofService,
        *,
        rollback: Callable[[int], None],
        on_moved: Callable[[int, BatchStage], None] = lambda number, stage: None,
        on_lost_batches: Callable[[Mapping[int, int]], None] = lambda last_blocks: None,
        on_priority_mode: Callable[[bool], None] = lambda is_on: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        assert config.operator_keys is not None
        self.lock = threading.RLock()
        self._settings = config.settlement
        self._name = config.name
        self._program_id = None if config.program_id is None else bytes.fromhex(config.program_id[2:])
        self._store = store
        self._chain = chain
        self._clock = clock
        self._rollback = rollback
        self._on_moved = on_moved
        self._on_lost_batches = on_lost_batches
        self._on_priority_mode = on_priority_mode
        lost = LostEvents(store, make_executor(config.executor, rules_of(config)))
        max_batches = config.settlement.max_batches_per_call
        self._maker = CallMaker(chain, config.chain_id, store.batch_pubdata, max_batches, lost)
        self._tracker = StageTracker(store, chain, on_moved)
        self._shelf = ProofShelf(config.data_dir / "proofs")
        self._parts = ProofParts(store, chain, self._shelf)
        self._desk = ProvingDesk(
            config.chain_id, config.name, store, service, self._shelf, needs_proofs=config.proofs != "none"
        )
        self._shelf_cleared_to = 0
        self._accounts = self._open_accounts(config.operator_keys)
        self.has_looked = False
        self.protocol_version: int | None = None
        self._told_lost = 0
        self._names_checked = False
        self._quiet_since: float | None = None

    def _open_accounts(self, keys: OperatorKeys) -> dict[str, L1Account]:
        """An account for each role; roles with the same key share one, and so its nonces."""
        by_address: dict[str, L1Account] = {}
        accounts: dict[str, L1Account] = {}
        for role in ("committer", "prover", "executor", "reverter"):
            account = L1Account(
                self._chain.client,
                getattr(keys, role),
                self._chain.link.l1_chain_id,
                self._store,
                self._settings,
                self._clock,
            )
            accounts[role] = by_address.setdefault(account.address, account)
        return accounts

    @property
    def addresses(self) -> dict[str, str]:
        """L1 address of each role: these accounts pay for settlement."""
        return {role: account.address for role, account in self._accounts.items()}

    # -- stepping ----------------------------------------------------------------------------------------------------

    def step(self) -> bool:
        """Look at L1 and do what comes next; returns whether there may be more to do at once.

        Raises:
            SettlementRefused: L1 or the prover refuses a batch; everything else was done all the same.
            L1Diverged: L1 has other batches than this chain.
            FeeAboveLimit: L1 is too expensive at the moment.
            L1Error: L1 does not answer.
        """
        with self.lock:
            if self._is_quiet():
                return False
            problems: list[Exception] = []
            busy = self._collect(problems)
            counters = self._chain.counters(self._chain.head())
            busy |= self._follow(counters)
            self._follow_version(counters)
            self._follow_priority_mode(counters)
            to_block = self.rollback_wanted
            if to_block is not None:
                busy |= self._continue_rollback(to_block, counters)
                return self._report(problems, busy)
            with self._store.snapshot() as snapshot:
                require_same_batches(snapshot, counters)
            busy |= self._prove_jobs(problems, counters)
            busy |= self._send_next(counters, problems)
            return self._report(problems, busy)

    @staticmethod
    def _report(problems: list[Exception], busy: bool) -> bool:
        """Whatever else could be done was done: now say what could not."""
        if problems:
            raise problems[0]
        return busy

    def _is_quiet(self) -> bool:
        """Whether all is settled and L1 was looked at a moment ago."""
        with self._store.snapshot() as snapshot:
            settled = snapshot.last_batch_at(BatchStage.EXECUTED) == snapshot.last_batch_number()
        if not settled or self.rollback_wanted is not None or any(a.pending for a in self._accounts.values()):
            self._quiet_since = None
            return False
        now = time.monotonic()
        if self._quiet_since is not None and now - self._quiet_since < _QUIET_S:
            return True
        self._quiet_since = now
        return False

    def _follow(self, latest: Counters) -> bool:
        """Move the batches to where L1 has them, as far as that is confirmed."""
        confirmations = self._settings.confirmations
        confirmed = latest if confirmations == 0 else self._chain.counters(self._chain.head(confirmations))
        first_moved = self._tracker.follow(confirmed)
        if first_moved is not None or not self._names_checked:
            self._tracker.name_transactions(confirmed, first_moved)
            self._names_checked = True
        with self._store.snapshot() as snapshot:
            known = snapshot.last_batch_number()
            head = snapshot.head_number
        # While a rollback is under way, which reverts them, nothing need be said of batches that are not here.
        if latest.committed > known and self._told_lost != latest.committed and self.rollback_wanted is None:
            self._report_lost(known, head)
            self._told_lost = latest.committed
        if confirmed.executed > self._shelf_cleared_to:
            self._shelf.drop_to(confirmed.executed)
            self._shelf_cleared_to = confirmed.executed
        self.has_looked = True
        return first_moved is not None

    def _follow_version(self, counters: Counters) -> None:
        if counters.protocol_version != self.protocol_version:
            program = "0x" + counters.program_id.hex()
            log.info("protocol version", version=format_version(counters.protocol_version), program_id=program)
            self.protocol_version = counters.protocol_version

    def _report_lost(self, known: int, head: int) -> None:
        """L1 has batches that the store has not: they are cut again as L1 has them, if their blocks are here."""
        ends = self._chain.committed_ends(known + 1)
        hint = "restore the chain's data directory, or stop it and run `zkhub chain recover`"
        with self._store.snapshot() as snapshot:
            for number, end in sorted(ends.items()):
                header = snapshot.header(end.block)
                if end.block > head:
                    what = f"L1 has batch {number} up to block {end.block}; this chain ends at block {head}"
                    raise L1Diverged(what, hint=hint)
                if header is None or header.hash != end.block_hash:
                    raise L1Diverged(f"L1 has another block {end.block}, in batch {number}, than this chain", hint=hint)
        log.warning("cutting batches again as L1 has them", first=known + 1, count=len(ends))
        self._on_lost_batches({number: end.block for number, end in ends.items()})

    def _prove_jobs(self, problems: list[Exception], counters: Counters) -> bool:
        try:
            moved = self._desk.step(counters)
        except SettlementRefused as exc:
            problems.append(exc)
            return False
        for number, stage in moved:
            self._on_moved(number, stage)
        return bool(moved)

    # -- calls -------------------------------------------------------------------------------------------------------

    def _collect(self, problems: list[Exception]) -> bool:
        """Look after the calls in flight; returns whether one was included."""
        found = False
        for account in {id(account): account for account in self._accounts.values()}.values():
            try:
                included = account.check()
                if included is not None:
                    found = True
                    self._note(included)
            except (SettlementError, L1RpcError) as exc:
                problems.append(exc)
        return found

    def _note(self, included: Included) -> None:
        call, receipt = included.call, included.receipt
        if not receipt.succeeded:
            self._explain_failure(included)
            return
        tx_hash = "0x" + receipt.transaction_hash.hex()
        log.info("L1 call included", call=call.what, l1_block=receipt.block_number, gas_used=receipt.gas_used)
        if call.part is not None:
            self._note_part(call, tx_hash)
            return
        if call.stage in (BatchStage.REVERTED, None):
            return
        with self._store.snapshot() as snapshot:
            numbers = [record.number for record in snapshot.batches(call.first, call.last)]
        for number in numbers:
            self._store.update_batch(number, l1_transaction=(call.stage.value, tx_hash))

    def _note_part(self, call: SettlementCall, tx_hash: str) -> None:
        """Write down that a part of a proof is on L1; its batch may have been rolled back meanwhile."""
        assert call.part is not None
        self._parts.note(call.proof)
        with self._store.snapshot() as snapshot:
            record = snapshot.batch(call.first)
        if record is not None:
            self._store.update_batch(call.first, l1_transaction=(part_name(call.part, call.parts), tx_hash))
            self._on_moved(call.first, record.stage)

    def _explain_failure(self, included: Included) -> None:
        """A call that was included and failed: say why; the next step decides from L1's state."""
        try:
            self._chain.client.wait_for_receipt(included.receipt.transaction_hash, what=included.call.what)
        except TransactionReverted as exc:
            log.error("L1 call failed", call=included.call.what, reason=exc.reason)
            if verdict(exc) is Verdict.REFUSED:
                raise SettlementRefused(exc.args[0]) from exc

    def _send_next(self, counters: Counters, problems: list[Exception]) -> bool:
        """One call a role, where one is due and the role's account is free."""
        busy = False
        if counters.priority_mode:
            return self._settle_at_once(counters, problems)
        makers: dict[str, Callable[[Snapshot], SettlementCall | None]] = {
            "committer": lambda snapshot: self._commit(snapshot, counters),
            "executor": lambda snapshot: self._maker.execute(snapshot, counters, self._l1_now(counters)),
        }
        for role, make in makers.items():
            account = self._accounts[role]
            if account.pending is not None:
                continue
            try:
                with self._store.snapshot() as snapshot:
                    call = make(snapshot)
                if call is not None:
                    busy |= self._submit(account, call)
            except (SettlementError, L1Error) as exc:
                problems.append(exc)
        if self._accounts["prover"].pending is None:
            busy |= self._send_proofs(counters, problems)
        return busy

    def _commit(self, snapshot: Snapshot, counters: Counters) -> SettlementCall | None:
        """Commit what is sealed, if it can be proven here.

        Raises:
            SettlementRefused: L1 accepts the proofs of another program than this hub's provers make.
        """
        call = self._maker.commit(snapshot, counters)
        if call is not None and self._program_id not in (None, counters.program_id):
            raise SettlementRefused(
                f"L1 accepts proofs of program 0x{counters.program_id.hex()} "
                f"(protocol version {format_version(counters.protocol_version)}), and this hub proves another one: "
                f"`zkhub chain upgrade {self._name}`",
                hint="or go back to the release that has this program",
            )
        return call

    def _send_proofs(self, counters: Counters, problems: list[Exception]) -> bool:
        """Hand in the next part of a proof, or have L1 verify the batches whose proofs it has.

        As long as a further batch is proved, its proof goes first: one call then verifies them all.
        """
        account = self._accounts["prover"]
        try:
            with self._store.snapshot() as snapshot:
                proved = self._maker.proved(snapshot, counters)
                proven = self._parts.proven(counters, proved)
                if proven < len(proved):
                    try:
                        if self._send_part(account, proved[proven], counters):
                            return True
                    except SettlementRefused as exc:
                        problems.append(exc)
                if not proven or account.pending is not None:
                    return False
                return self._submit(account, self._maker.prove(snapshot, counters, proved[:proven]))
        except (SettlementError, L1Error) as exc:
            problems.append(exc)
            return False

    def _send_part(self, account: L1Account, record: BatchRecord, counters: Counters) -> bool:
        """Hand in the next part of a batch's proof; returns whether it went out.

        Raises:
            SettlementRefused: L1 refuses the proof.
        """
        following = self._parts.next_part(record, counters, account.address)
        if following is None:
            self._desk.ask_again(record, counters)
            return False
        if following.is_sure:
            return self._submit(account, self._maker.part(record, counters, following.proof, following.number))
        try:
            account.submit(self._maker.part(record, counters, following.proof, following.number))
        except TransactionReverted as exc:
            log.warning("handing in a proof from its beginning", batch=record.number, reason=exc.reason)
            return self._submit(account, self._maker.part(record, counters, following.proof, 0))
        return True

    def _settle_at_once(self, counters: Counters, problems: list[Exception]) -> bool:
        """Priority mode: commit, prove and execute in one call, as anyone could."""
        account = self._accounts["executor"]
        if account.pending is not None:
            return False
        try:
            with self._store.snapshot() as snapshot:
                record = snapshot.batch(counters.executed + 1)
                if record is None or record.stage is not BatchStage.PROVED:
                    return False
                if not self._parts.proven(counters, [record]):
                    prover = self._accounts["prover"]
                    return prover.pending is None and self._send_part(prover, record, counters)
                call = self._maker.settle(snapshot, counters)
            return call is not None and self._submit(account, call)
        except (SettlementError, L1Error) as exc:
            problems.append(exc)
            return False

    def _submit(self, account: L1Account, call: SettlementCall) -> bool:
        """Send a call; returns whether it went out."""
        try:
            account.submit(call)
        except TransactionReverted as exc:
            match verdict(exc):
                case Verdict.WAIT:
                    return False
                case Verdict.RETRY:
                    log.info("L1 is not where it was", call=call.what, reason=exc.reason)
                    return False
                case Verdict.REFUSED:
                    raise SettlementRefused(f"L1 refuses the {call.what}: {exc.reason}") from exc
        return True

    def _l1_now(self, counters: Counters) -> int:
        """The time the next L1 block would have: an idle L1 makes none, so its last one may be old."""
        return max(counters.block.timestamp, int(self._clock()))

    # -- taking back -------------------------------------------------------------------------------------------------

    @property
    def rollback_wanted(self) -> int | None:
        """The block a rollback under way goes back to; None when there is none."""
        stored = self._store.get_meta(_ROLLBACK_KEY)
        return int(stored) if stored else None

    @property
    def priority_mode(self) -> bool:
        """Whether the chain was in priority mode when L1 was last looked at."""
        return bool(self._store.get_meta(_PRIORITY_MODE_KEY))

    def _follow_priority_mode(self, counters: Counters) -> None:
        """L1 dropped what it had not executed when it switched; the blocks hold what it takes no more, so they go."""
        if counters.priority_mode == self.priority_mode:
            return
        self._on_priority_mode(counters.priority_mode)
        if counters.priority_mode:
            with self._store.snapshot() as snapshot:
                executed = snapshot.batch(counters.executed)
                is_known = executed is not None or counters.executed == 0
            if is_known:
                self.request_rollback(0 if executed is None else executed.last_block)
        self._store.set_meta(_PRIORITY_MODE_KEY, b"1" if counters.priority_mode else b"")

    def request_rollback(self, to_block: int) -> None:
        """Give up every block above ``to_block``: revert the batches that hold one on L1, then roll the chain back.

        Done by the following steps; survives a restart. A second request does not replace a lower one.
        """
        with self.lock:
            wanted = self.rollback_wanted
            target = to_block if wanted is None else min(wanted, to_block)
            self._store.set_meta(_ROLLBACK_KEY, str(target).encode())
            self._quiet_since = None

    def revert_batches(self, to_batch: int) -> None:
        """Take back all batches after ``to_batch``, on L1 and here; the next steps do it.

        Raises:
            SettlementRefused: There is no such batch, or L1 has executed a later one: executed batches are final.
        """
        with self.lock, self._store.snapshot() as snapshot:
            record = snapshot.batch(to_batch)
            if record is None and to_batch != 0:
                raise SettlementRefused(
                    f"there is no batch {to_batch}; the last is batch {snapshot.last_batch_number()}"
                )
            executed = self._chain.counters(self._chain.head()).executed
            if to_batch < executed:
                raise SettlementRefused(f"batch {executed} is executed on L1 and cannot be reverted")
            self.request_rollback(0 if record is None else record.last_block)

    def _continue_rollback(self, to_block: int, counters: Counters) -> bool:
        with self._store.snapshot() as snapshot:
            target = _last_batch_within(snapshot, to_block)
        if counters.executed > target:
            self._store.set_meta(_ROLLBACK_KEY, b"")
            raise L1Diverged(
                f"cannot give up the blocks above {to_block}: L1 has executed batch {counters.executed}",
                hint="executed batches are final; restore the chain's own data directory",
            )
        if any(account.pending is not None for account in self._accounts.values()):
            return False
        if counters.committed > target:
            return self._submit(self._accounts["reverter"], self._maker.revert(target, counters.committed))
        self._desk.cancel_from(target + 1)
        self._rollback(to_block)
        self._store.set_meta(_ROLLBACK_KEY, b"")
        return True


def _last_batch_within(snapshot: Snapshot, to_block: int) -> int:
    """The last batch that ends at or below a block; 0 for genesis."""
    number = snapshot.last_batch_number()
    while number > 0:
        record = snapshot.batch(number)
        if record is not None and record.last_block <= to_block:
            break
        number -= 1
    return number


__all__ = ["FeeAboveLimit", "SettlementSender"]
