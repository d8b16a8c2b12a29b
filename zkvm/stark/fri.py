"""FRI: fold D until 64 coefficients are left, committing to every layer before it is folded.

Layers are folded as coefficients: the fold by ``a`` of f(X) = Σ_(d<a) X^d f_d(X^a) with challenge β is
g(Y) = Σ_d β^d f_d(Y). In the bit-reversed order of coefficients the f_d are whole blocks, so a fold is one weighted
sum of 3·a base columns, and the last polynomial is at hand when the folds are done.
"""

from dataclasses import dataclass

from zkvm.backends.interface import Backend
from zkvm.field.scalar import Ext, e_mul
from zkvm.stark.commit import Columns, Commitment, Fraction, LayerSource, commit, silent
from zkvm.stark.deep import UNITS, powers_of, weights
from zkvm.stark.domains import bit_reverse, evaluation_domain
from zkvm.stark.layout import Layout
from zkvm.stark.transcript import Transcript


@dataclass(frozen=True)
class Folding:
    """All committed layers and what is left.

    Attributes:
        layers: In order of folding.
        final: The last polynomial's coefficients, constant first.
    """

    layers: tuple[Commitment[LayerSource], ...]
    final: tuple[Ext, ...]


def fold_all(
    coefficients: Columns,
    layout: Layout,
    transcript: Transcript,
    backend: Backend,
    *,
    keep: bool,
    report: Fraction = silent,
) -> Folding:
    """Commit to a layer, draw, fold; until the final polynomial is left.

    Args:
        coefficients: D, (3, N) in the backend's order.
        layout: The folds, the blow-up and the nodes' length.
        transcript: Absorbs the layers' roots and gives the folding challenges.
        backend: Computes.
        keep: Keep the layers' values for the opened leaves.
        report: Told the fraction done.
    """
    log_blowup, node_bytes = layout.profile.log_blowup, layout.profile.node_bytes
    domain = evaluation_domain(layout.log_height, log_blowup)
    layers = []
    for number, log_fold in enumerate(layout.folds):
        source = LayerSource(domain, coefficients, log_fold)
        layers.append(commit([source], log_blowup, node_bytes, backend, keep=keep))
        transcript.absorb(f"layer {number}", layers[-1].root)
        coefficients = fold(coefficients, log_fold, transcript.challenge(f"beta {number}"), backend)
        domain = domain.folded(log_fold)
        report(1 - coefficients.shape[1] / (1 << layout.log_height))
    report(1.0)
    return Folding(tuple(layers), in_natural_order(coefficients, backend))


def fold(coefficients: Columns, log_fold: int, beta: Ext, backend: Backend) -> Columns:
    """Σ_d β^d f_d, (3, N / 2^log_fold)."""
    arity = 1 << log_fold
    powers = powers_of(beta, arity)
    scales = [e_mul(unit, powers[bit_reverse(block, log_fold)]) for unit in UNITS for block in range(arity)]
    return backend.combine(coefficients.reshape(3 * arity, -1), weights(scales))


def in_natural_order(coefficients: Columns, backend: Backend) -> tuple[Ext, ...]:
    """Coefficients of a small polynomial, constant first."""
    bits = coefficients.shape[1].bit_length() - 1
    a, b, c = backend.pick(coefficients, [bit_reverse(index, bits) for index in range(1 << bits)]).tolist()
    return tuple(zip(a, b, c, strict=True))
