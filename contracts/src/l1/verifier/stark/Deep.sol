// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Extension, LOG_ROOT, P, ROOT, SHIFT} from "./Extension.sol";
import {Layout, STAGES} from "./Machine.sol";

/// @dev The powers of δ, and where columns were opened.
struct DeepTerms {
    uint256 weights; // in memory: for each column c the coordinates of δ^c, three words
    uint256 powerNext; // δ^C
    uint256 powerLifted; // δ^(2C)
    uint256 points; // in memory: for each slot what divides by x − w_k z, POINT_BYTES; the last is for w_N z
    uint256 count; // of the points
    uint256[] roots; // roots of unity, by log2 of their order
}

/// @title The DEEP sum
/// @notice D(x) = Σ_c δ^c (f_c(x) − v_c)/(x − z) + Σ_next δ^(C+c) (f_c(x) − v'_c)/(x − w_N z)
/// + Σ_lifted δ^(2C+c) (f_c(x) − v_c)/(x − w_k z). All three sums have the same δ^c: with S_k the sum of δ^c f_c over
/// the own columns of tables k times lower than the tallest, and V_k that of δ^c v_c, the first is Σ_k (S_k − V_k), and
/// the terms of the third are the same differences. So a row is multiplied once.
library Deep {
    using Extension for uint256;

    uint256 private constant HALF = (P + 1) / 2;
    /// @dev In each of four elements: bits 32 to 62, bit 32, and bit 63.
    uint256 private constant UPPER = 0x7fffffff000000007fffffff000000007fffffff000000007fffffff00000000;
    uint256 private constant CARRY = 0x0000000100000000000000010000000000000001000000000000000100000000;
    uint256 private constant TOP = 0x8000000000000000800000000000000080000000000000008000000000000000;
    /// @dev x − a divides by x³ − T x² + U x − N, with the cofactor x² + (a − T) x + (a² − T a + U): p − T, U, p − N, then
    /// the coordinates of both coefficients; then two words that differ for each x.
    uint256 private constant POINT_BYTES = 352;

    /// @dev The terms for these columns.
    function terms(uint256 delta, uint256 z, uint256 logHeight, Layout memory l)
        internal
        pure
        returns (DeepTerms memory t)
    {
        unchecked {
            uint256 ptr;
            uint256 size = 96 * l.columns;
            assembly ("memory-safe") {
                ptr := mload(0x40)
                mstore(0x40, add(ptr, size))
            }
            t.weights = ptr;
            uint256 power = _powers(ptr, ptr + size, delta);
            t.powerNext = power;
            t.powerLifted = power.mul(power);
            t.roots = new uint256[](LOG_ROOT + 1);
            uint256 roots = _dataOf(t.roots);
            assembly ("memory-safe") {
                let root := ROOT
                for { let at := add(roots, shl(5, LOG_ROOT)) } gt(at, roots) { at := sub(at, 32) } {
                    mstore(at, root)
                    root := mulmod(root, root, P)
                }
                mstore(roots, root)
            }
            uint256 slots = l.lifts.length;
            t.count = slots + 1;
            uint256 point;
            assembly ("memory-safe") {
                point := mload(0x40)
                mstore(0x40, add(point, mul(add(slots, 1), POINT_BYTES)))
            }
            t.points = point;
            for (uint256 slot = 0; slot <= slots; ++slot) {
                _putPoint(point, z.scale(t.roots[slot == slots ? logHeight : l.lifts[slot]]));
                point += POINT_BYTES;
            }
        }
    }

    /// @dev Writes the coordinates of 1, δ, δ² … up to `end`, three words each.
    /// @return power What would come next.
    function _powers(uint256 ptr, uint256 end, uint256 delta) private pure returns (uint256 power) {
        assembly ("memory-safe") {
            let d0 := shr(171, shl(171, delta))
            let d1 := shr(171, shl(86, delta))
            let d2 := shr(170, delta)
            let a := 1
            let b := 0
            let c := 0
            for {} lt(ptr, end) { ptr := add(ptr, 96) } {
                mstore(ptr, a)
                mstore(add(ptr, 32), b)
                mstore(add(ptr, 64), c)
                let third := add(mul(b, d2), mul(c, d1))
                let second := add(add(mul(a, d2), mul(b, d1)), mul(c, add(d0, d2)))
                b := mod(add(add(mul(a, d1), mul(b, d0)), add(third, mul(c, d2))), P)
                a := mod(add(mul(a, d0), third), P)
                c := mod(second, P)
            }
            power := or(a, or(shl(85, b), shl(170, c)))
        }
    }

    /// @dev Writes what divides by x − a.
    function _putPoint(uint256 ptr, uint256 a) private pure {
        unchecked {
            // The traces of 1, the generator and its square are 3, 0 and 2.
            uint256 square = a.mul(a);
            uint256 trace = _trace(a);
            uint256 second = mulmod(mulmod(trace, trace, P) + P - _trace(square), HALF, P);
            uint256 linear = (a + P - trace).reduce();
            uint256 constantTerm = (square + a.scale(P - trace) + second).reduce();
            uint256 norm = a.mul(constantTerm);
            assembly ("memory-safe") {
                mstore(ptr, sub(P, trace))
                mstore(add(ptr, 32), second)
                mstore(add(ptr, 64), sub(P, shr(171, shl(171, norm))))
                mstore(add(ptr, 96), shr(171, shl(171, linear)))
                mstore(add(ptr, 128), shr(171, shl(86, linear)))
                mstore(add(ptr, 160), shr(170, linear))
                mstore(add(ptr, 192), shr(171, shl(171, constantTerm)))
                mstore(add(ptr, 224), shr(171, shl(86, constantTerm)))
                mstore(add(ptr, 256), shr(170, constantTerm))
            }
        }
    }

    function _trace(uint256 a) private pure returns (uint256) {
        unchecked {
            return (3 * (a << 171 >> 171) + 2 * (a >> 170)) % P;
        }
    }

    /// @dev Σ δ^c v_c for each slot, from the openings in memory, a word each.
    function claims(DeepTerms memory t, Layout memory l, uint256 openings)
        internal
        pure
        returns (uint256[] memory claimed)
    {
        unchecked {
            uint256 last = l.lifts.length;
            claimed = new uint256[](last + 1);
            for (uint256 stage = 0; stage < STAGES; ++stage) {
                uint256[] memory levels = l.levels[stage];
                for (uint256 i = 0; i < levels.length; ++i) {
                    uint256 run = levels[i];
                    if (run == 0 || run >> 255 == 1) continue;
                    uint256 first = run >> 32 & 0xffff;
                    uint256 weights = t.weights + 96 * first;
                    claimed[run >> 16 & 0xffff] += _claim(weights, openings + 32 * first, run & 0xff);
                    if (run >> 8 & 1 == 0) continue;
                    uint256 next = openings + 32 * (l.columns + (run >> 48 & 0xffff));
                    claimed[last] += _claim(weights, next, run & 0xff);
                }
            }
            for (uint256 slot = 0; slot <= last; ++slot) {
                claimed[slot] = claimed[slot].reduce();
            }
        }
    }

    /// @dev Adds a row of a level to the sums of the queries that it belongs to.
    /// @param row The row's bytes, in memory.
    /// @param runs The level's runs, in memory.
    /// @param weights Of the terms.
    /// @param sums Of the first of the queries: a word for each slot.
    /// @param stride Bytes from the sums of a query to those of the next.
    /// @param end Behind the sums of the last.
    /// @return bad Not 0 where an element is p or more.
    function addRow(uint256 row, uint256 runs, uint256 weights, uint256 sums, uint256 stride, uint256 end)
        internal
        pure
        returns (uint256 bad)
    {
        unchecked {
            (uint256 all, uint256 next, uint256 seen) = _dot(row, runs, weights);
            assembly ("memory-safe") {
                // All runs of a level have one slot; the columns at the next row are summed in the last.
                let slot := shl(5, and(shr(16, mload(runs)), 0xffff))
                for {} lt(sums, end) {} {
                    let at := add(sums, slot)
                    mstore(at, add(mload(at), all))
                    sums := add(sums, stride)
                    at := sub(sums, 32)
                    mstore(at, add(mload(at), next))
                }
            }
            if (seen & TOP != 0) bad = _notCanonical(row, runs);
        }
    }

    /// @dev Σ weight·element over a row. Products stay unreduced to the end of a run, up to four elements are read at once.
    /// Runs end at a zero, or at the next level's head, which has the highest bit.
    /// @return all Over all columns, packed.
    /// @return next Over those that are opened at the next row, packed.
    /// @return seen Has an element's bit 63 where its upper half is 2^32 − 1: it is p − 1, or none.
    function _dot(uint256 row, uint256 runs, uint256 weights)
        private
        pure
        returns (uint256 all, uint256 next, uint256 seen)
    {
        assembly ("memory-safe") {
            for { let run := mload(runs) } gt(shl(1, run), run) { run := mload(runs) } {
                let weight := add(weights, mul(and(shr(32, run), 0xffff), 96))
                let a := 0
                let b := 0
                let c := 0
                for { let end := add(row, shl(3, and(run, 0xfc))) } lt(row, end) { row := add(row, 32) } {
                    let e := mload(row)
                    seen := or(seen, and(add(and(e, UPPER), CARRY), e))
                    e := shr(192, e)
                    let f := shr(192, mload(add(row, 8)))
                    a := add(a, add(mul(e, mload(weight)), mul(f, mload(add(weight, 96)))))
                    b := add(b, add(mul(e, mload(add(weight, 32))), mul(f, mload(add(weight, 128)))))
                    c := add(c, add(mul(e, mload(add(weight, 64))), mul(f, mload(add(weight, 160)))))
                    e := shr(192, mload(add(row, 16)))
                    f := shr(192, mload(add(row, 24)))
                    a := add(a, add(mul(e, mload(add(weight, 192))), mul(f, mload(add(weight, 288)))))
                    b := add(b, add(mul(e, mload(add(weight, 224))), mul(f, mload(add(weight, 320)))))
                    c := add(c, add(mul(e, mload(add(weight, 256))), mul(f, mload(add(weight, 352)))))
                    weight := add(weight, 384)
                }
                if and(run, 3) {
                    // One to three elements more, whatever follows them in the word.
                    let left := and(run, 3)
                    let e := and(mload(row), not(shr(shl(6, left), not(0))))
                    seen := or(seen, and(add(and(e, UPPER), CARRY), e))
                    e := shr(192, e)
                    a := add(a, mul(e, mload(weight)))
                    b := add(b, mul(e, mload(add(weight, 32))))
                    c := add(c, mul(e, mload(add(weight, 64))))
                    if gt(left, 1) {
                        e := shr(192, mload(add(row, 8)))
                        // 0 where there are two.
                        let f := mul(shr(192, mload(add(row, 16))), and(left, 1))
                        a := add(a, add(mul(e, mload(add(weight, 96))), mul(f, mload(add(weight, 192)))))
                        b := add(b, add(mul(e, mload(add(weight, 128))), mul(f, mload(add(weight, 224)))))
                        c := add(c, add(mul(e, mload(add(weight, 160))), mul(f, mload(add(weight, 256)))))
                    }
                    row := add(row, shl(3, left))
                }
                a := or(mod(a, P), or(shl(85, mod(b, P)), shl(170, mod(c, P))))
                all := add(all, a)
                if and(run, 0x100) { next := add(next, a) }
                runs := add(runs, 32)
            }
        }
    }

    /// @dev Whether a row has an element that is p or more; element by element, for the few rows that could.
    function _notCanonical(uint256 row, uint256 runs) private pure returns (uint256 bad) {
        assembly ("memory-safe") {
            for { let run := mload(runs) } gt(shl(1, run), run) { run := mload(runs) } {
                for { let end := add(row, shl(3, and(run, 0xff))) } lt(row, end) { row := add(row, 8) } {
                    bad := or(bad, gt(shr(192, mload(row)), sub(P, 1)))
                }
                runs := add(runs, 32)
            }
        }
    }

    /// @dev The point of a query position.
    function pointOf(DeepTerms memory t, uint256 position) internal pure returns (uint256 x) {
        unchecked {
            x = SHIFT;
            // Bit i of a position, whose bits are in the opposite order, stands for the root of order 2^(i + 1).
            uint256 root = _dataOf(t.roots) + 32;
            assembly ("memory-safe") {
                for {} position { position := shr(2, position) } {
                    if and(position, 1) { x := mulmod(x, mload(root), P) }
                    if and(position, 2) { x := mulmod(x, mload(add(root, 32)), P) }
                    root := add(root, 64)
                }
            }
        }
    }

    /// @dev D at a point of the base field.
    /// @param sums The point's sums, in memory.
    /// @return value D(x).
    /// @return inverse 1/x.
    function valueAt(DeepTerms memory t, uint256[] memory claimed, uint256 x, uint256 sums)
        internal
        view
        returns (uint256 value, uint256 inverse)
    {
        unchecked {
            uint256 last = t.count - 1;
            uint256 point = t.points + POINT_BYTES * last;
            uint256 values = _dataOf(claimed);
            // One inversion in the base field for all that is divided by.
            uint256 left = _norms(t.points, point, x).inverseOf();
            (inverse, left) = _inverse(point, left);
            value = _wordAt(sums + 32 * last).sub(_wordAt(values + 32 * last));
            value = _divided(point, x, value, inverse).mul(t.powerNext);
            uint256 all = 0;
            uint256 lifted = 0;
            for (uint256 slot = 32 * (last - 1); slot != 0; slot -= 32) {
                point -= POINT_BYTES;
                (inverse, left) = _inverse(point, left);
                uint256 difference = _wordAt(sums + slot).sub(_wordAt(values + slot));
                all += difference;
                lifted += _divided(point, x, difference, inverse);
            }
            (inverse, left) = _inverse(t.points, left);
            all += _wordAt(sums).sub(_wordAt(values));
            value = (value + _divided(t.points, x, all, inverse) + lifted.mul(t.powerLifted)).reduce();
            inverse = left;
        }
    }

    /// @dev The inverse of a point's norm, and that of the product of what comes before.
    function _inverse(uint256 point, uint256 left) private pure returns (uint256 inverse, uint256 before) {
        assembly ("memory-safe") {
            inverse := mulmod(left, mload(add(point, 320)), P)
            before := mulmod(left, mload(add(point, 288)), P)
        }
    }

    /// @dev Writes the norm of x − a of each point up to the last, and the product of x and the norms before it.
    /// @return product Of all. No norm is 0: z is not in the base field, so no point is.
    function _norms(uint256 point, uint256 last, uint256 x) private pure returns (uint256 product) {
        assembly ("memory-safe") {
            product := x
            for {} iszero(gt(point, last)) { point := add(point, POINT_BYTES) } {
                let norm := mulmod(add(mulmod(add(x, mload(point)), x, P), mload(add(point, 32))), x, P)
                norm := add(norm, mload(add(point, 64)))
                mstore(add(point, 288), norm)
                mstore(add(point, 320), product)
                product := mulmod(product, norm, P)
            }
        }
    }

    /// @dev value/(x − a) for a point a, whose norm's inverse is known.
    function _divided(uint256 point, uint256 x, uint256 value, uint256 inverse) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            // Of the cofactor, below 2^130; lanes of the value are below 2^85.
            let f0 := add(add(mul(mload(add(point, 96)), x), mload(add(point, 192))), mul(x, x))
            let f1 := add(mul(mload(add(point, 128)), x), mload(add(point, 224)))
            let f2 := add(mul(mload(add(point, 160)), x), mload(add(point, 256)))
            let v1 := shr(171, shl(86, value))
            let v2 := shr(170, value)
            value := shr(171, shl(171, value))
            let third := add(mul(v1, f2), mul(v2, f1))
            let fourth := mul(v2, f2)
            r := mulmod(add(mul(value, f0), third), inverse, P)
            third := add(third, fourth)
            r := or(r, shl(85, mulmod(add(add(mul(value, f1), mul(v1, f0)), third), inverse, P)))
            third := add(add(mul(value, f2), mul(v1, f1)), add(mul(v2, f0), fourth))
            r := or(r, shl(170, mulmod(third, inverse, P)))
        }
    }

    /// @dev Σ weight·value over neighbouring columns. Products stay unreduced until the end.
    function _claim(uint256 weight, uint256 value, uint256 count) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            let b := 0
            let c := 0
            for { let end := add(value, shl(5, count)) } lt(value, end) { value := add(value, 32) } {
                // Lanes without masks, which the compiler would compute each time.
                let v0 := mload(value)
                let v1 := shr(85, v0)
                let v2 := shr(170, v0)
                v0 := xor(v0, shl(85, v1))
                v1 := xor(v1, shl(85, v2))
                let w0 := mload(weight)
                let w1 := mload(add(weight, 32))
                let w2 := mload(add(weight, 64))
                let third := add(mul(w1, v2), mul(w2, v1))
                sum := add(sum, add(mul(w0, v0), third))
                b := add(b, add(add(mul(w0, v1), mul(w1, v0)), add(third, mul(w2, v2))))
                c := add(c, add(add(mul(w0, v2), mul(w1, v1)), mul(w2, add(v0, v2))))
                weight := add(weight, 96)
            }
            sum := or(mod(sum, P), or(shl(85, mod(b, P)), shl(170, mod(c, P))))
        }
    }

    function _wordAt(uint256 ptr) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(ptr)
        }
    }

    function _dataOf(uint256[] memory words) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(words, 32)
        }
    }
}
