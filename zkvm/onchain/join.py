"""From the parts, as they lie in L1's transactions, to the proof."""

from collections.abc import Sequence
from dataclasses import replace

from zkvm.air import Machine
from zkvm.onchain.context import context_bytes, draw
from zkvm.onchain.errors import MalformedParts
from zkvm.onchain.openings import Tree, proof_openings, read_group, trees_of
from zkvm.stark.encoding import WORD_BYTES, Reader
from zkvm.stark.errors import StarkError, WrongOpenings
from zkvm.stark.key import VerifyingKey, constraints_digest, root_heights
from zkvm.stark.layout import FINAL_COEFFICIENTS, MAIN, Layout, Stage, layout
from zkvm.stark.profiles import Profile
from zkvm.stark.proof import Proof


def join(machine: Machine, profile: Profile, parts: Sequence[bytes], public: Sequence[int] | None = None) -> bytes:
    """The canonical bytes of the proof whose parts these are.

    Args:
        machine: The definition of all tables.
        profile: The parameters.
        parts: All parts, in order.
        public: The public words; with them the challenges that the parts repeat are checked as well.

    Raises:
        MalformedParts: They are not the parts of one proof: something is missing, left over, no field element, out of
            order, or contradicts another part.
    """
    return _read(machine, profile, parts, public)[1].to_bytes()


def key_of(machine: Machine, profile: Profile, parts: Sequence[bytes]) -> VerifyingKey:
    """The verifying key that the first part tells; its hash is the program's name on L1.

    Raises:
        MalformedParts: As of ``join``.
    """
    return _read(machine, profile, parts, None)[0]


def _read(
    machine: Machine, profile: Profile, parts: Sequence[bytes], public: Sequence[int] | None
) -> tuple[VerifyingKey, Proof]:
    """The key and the proof."""
    if not parts:
        raise MalformedParts(0, "there is none")
    number = 0
    try:
        reader = Reader(parts[0])
        reader.expect(b"\0", "the number of the part")
        shape, key, head = _read_head(reader, machine, profile)
        trees = trees_of(shape)
        positions = read_group(reader, shape, trees)
        reader.end()
        context = b""
        for number in range(1, len(parts)):
            reader = Reader(parts[number])
            reader.expect(number.to_bytes(1, "big") + len(positions).to_bytes(2, "big"), "the part's number and place")
            found = reader.take(reader.number(2, "the length of the context"), "the context")
            if number == 1:
                context = found
                _check_context(shape, key, head, context)
            elif found != context:
                raise reader.fail("another context than in the part before", back=len(found))
            group = read_group(reader, shape, trees)
            if group[0] <= positions[-1]:
                raise WrongOpenings("the positions do not ascend")
            positions += group
            reader.end()
        proof = _with_openings(shape, head, trees, positions)
        if public is not None:
            drawn = draw(shape, key, public, proof)
            if list(drawn.positions) != positions:
                raise WrongOpenings("these are not the positions that the proof leads to")
            if context not in (b"", context_bytes(shape, key, proof, drawn)):
                raise WrongOpenings("the context is not the proof's")
    except StarkError as error:
        raise MalformedParts(number, str(error)) from error
    return key, proof


def _read_head(reader: Reader, machine: Machine, profile: Profile) -> tuple[Layout, VerifyingKey, Proof]:
    """The layout, the key, and the proof without its openings."""
    log_heights = tuple(reader.take(len(machine.tables), "the heights"))
    shape = layout(machine, profile, log_heights)
    names = sorted(machine.parameters)
    parameters = dict(zip(names, reader.elements(len(names), "the parameters"), strict=True))
    heights = {
        table.name: 1 << log_height
        for table, log_height in zip(machine.tables, log_heights, strict=True)
        if table.keyed
    }
    fixed = {log: reader.take(profile.node_bytes, "a root of the key") for log in root_heights(machine, heights)}
    key = VerifyingKey(
        machine.name,
        profile.log_blowup,
        profile.node_bytes,
        parameters,
        heights,
        fixed,
        constraints_digest(machine),
    )
    main_root, aux_root, quotient_root = (_read_root(reader, stage, profile) for stage in shape.stages[MAIN:])
    head = Proof(
        profile_id=profile.id,
        log_heights=log_heights,
        main_root=main_root,
        aux_root=aux_root,
        quotient_root=quotient_root,
        totals=reader.extensions(len(shape.totals), "the totals"),
        openings=reader.extensions(shape.openings, "the openings"),
        layer_roots=tuple(reader.take(profile.node_bytes, "a layer's root") for _ in shape.folds),
        final=reader.extensions(FINAL_COEFFICIENTS, "the final polynomial"),
        nonce=reader.number(WORD_BYTES, "the nonce"),
        stages=(),
        layers=(),
    )
    return shape, key, head


def _read_root(reader: Reader, stage: Stage, profile: Profile) -> bytes:
    root = reader.take(profile.node_bytes, f"the root of the {stage.name} tree")
    if not stage.blocks and any(root):
        raise reader.fail(f"a root of the empty {stage.name} tree", back=len(root))
    return root


def _check_context(shape: Layout, key: VerifyingKey, head: Proof, context: bytes) -> None:
    """That a context repeats what the head says: all of it but the challenges and sums, which need the statement."""
    node = shape.profile.node_bytes
    fixed = key.roots.get(shape.log_height, bytes(node))
    start = b"".join(
        (bytes(head.log_heights), fixed, head.main_root, head.aux_root, head.quotient_root, *head.layer_roots)
    )
    if not context.startswith(start):
        raise WrongOpenings("the context is not of this proof")


def _with_openings(shape: Layout, head: Proof, trees: Sequence[Tree], positions: Sequence[int]) -> Proof:
    stages, layers = proof_openings(shape, trees, positions)
    return replace(head, stages=stages, layers=layers)
