// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Extension, LOG_ROOT, P, ROOT, ROOT_INVERSE, SHIFT, SHIFT_INVERSE} from "./Extension.sol";
import {Layout, STAGES} from "./Machine.sol";

/// @dev The powers of δ, and where columns were opened.
struct DeepTerms {
    uint256 weights; // in memory: for each column c the coordinates of δ^c, three words
    uint256 powerNext; // δ^C
    uint256 powerLifted; // δ^(2C)
    uint256[] points; // slot → w_k z; z for slot 0; the last is w_N z
    uint256[] roots; // roots of unity, by log2 of their order
    uint256[] inverses; // and their inverses
}

/// @title The DEEP sum
/// @notice D(x) = Σ_c δ^c (f_c(x) − v_c)/(x − z) + Σ_next δ^(C+c) (f_c(x) − v'_c)/(x − w_N z)
/// + Σ_lifted δ^(2C+c) (f_c(x) − v_c)/(x − w_k z). All three sums have the same δ^c: with S_k the sum of δ^c f_c over
/// the own columns of tables k times lower than the tallest, and V_k that of δ^c v_c, the first is Σ_k (S_k − V_k), and
/// the terms of the third are the same differences. So a row is multiplied once.
library Deep {
    using Extension for uint256;

    uint256 private constant ELEMENT_BYTES = 24;
    uint256 private constant WORD = 0xffffffffffffffff;
    /// @dev For every other one of four elements in a word: all of it, 2^32 − 1, and the bit above.
    uint256 private constant PAIR = 0xffffffffffffffff0000000000000000ffffffffffffffff;
    uint256 private constant PAIR_OF_EXCESS = 0x00ffffffff000000000000000000000000ffffffff;
    uint256 private constant PAIR_OF_BIT_64 = 0x1000000000000000000000000000000010000000000000000;

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
            uint256 power = 1;
            for (uint256 end = ptr + size; ptr < end; ptr += 96) {
                assembly ("memory-safe") {
                    mstore(ptr, and(power, 0xffffffffffffffff))
                    mstore(add(ptr, 32), and(shr(85, power), 0xffffffffffffffff))
                    mstore(add(ptr, 64), shr(170, power))
                }
                power = power.mul(delta);
            }
            t.powerNext = power;
            t.powerLifted = power.mul(power);
            (t.roots, t.inverses) = (new uint256[](LOG_ROOT + 1), new uint256[](LOG_ROOT + 1));
            (t.roots[LOG_ROOT], t.inverses[LOG_ROOT]) = (ROOT, ROOT_INVERSE);
            for (uint256 i = LOG_ROOT; i != 0; --i) {
                t.roots[i - 1] = mulmod(t.roots[i], t.roots[i], P);
                t.inverses[i - 1] = mulmod(t.inverses[i], t.inverses[i], P);
            }
            uint256 slots = l.lifts.length;
            t.points = new uint256[](slots + 1);
            for (uint256 slot = 0; slot < slots; ++slot) {
                t.points[slot] = z.scale(t.roots[l.lifts[slot]]);
            }
            t.points[slots] = z.scale(t.roots[logHeight]);
        }
    }

    /// @dev Σ δ^c v_c for each slot, from the openings in the call data, which are known to be canonical.
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
                    claimed[run >> 16 & 0xffff] += _claim(weights, openings + ELEMENT_BYTES * first, run & 0xff);
                    if (run >> 8 & 1 == 0) continue;
                    uint256 next = openings + ELEMENT_BYTES * (l.columns + (run >> 48 & 0xffff));
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
            // All runs of a level have one slot. They end at a zero, or at the next level's head, which has the highest bit.
            uint256 slot = 32 * (_wordAt(runs) >> 16 & 0xffff);
            uint256 all = 0;
            uint256 next = 0;
            for (uint256 run = _wordAt(runs); run << 1 > run; run = _wordAt(runs)) {
                uint256 sum;
                uint256 wrong;
                if (run & 0x100 == 0) {
                    (sum, wrong) = _dot(row, weights + 96 * (run >> 32 & 0xffff), run & 0xff);
                } else {
                    (sum, wrong) = _dot(row, weights + 96 * (run >> 32 & 0xffff), run & 0xff);
                    next += sum;
                }
                all += sum;
                bad |= wrong;
                row += 8 * (run & 0xff);
                runs += 32;
            }
            _addTo(sums + slot, stride, end, all);
            if (next != 0) _addTo(sums + stride - 32, stride, end, next);
            bad &= PAIR_OF_BIT_64;
        }
    }

    /// @dev Adds to the word at `ptr` and to those that follow it by `stride`.
    function _addTo(uint256 ptr, uint256 stride, uint256 end, uint256 sum) private pure {
        assembly ("memory-safe") {
            for {} lt(ptr, end) { ptr := add(ptr, stride) } { mstore(ptr, add(mload(ptr), sum)) }
        }
    }

    /// @dev Σ weight·element over `count` neighbouring columns; products stay unreduced until the end, four elements are
    /// read at once. It is called in two places, so that the compiler does not put it into its caller and run out of
    /// stack.
    /// @return sum Packed and canonical.
    /// @return bad Has bit 64 or 192 where an element is p or more: such an element, with 2^32 − 1 added, is 2^64 or more.
    function _dot(uint256 row, uint256 weight, uint256 count) private pure returns (uint256 sum, uint256 bad) {
        assembly ("memory-safe") {
            let b := 0
            let d := 0
            for {} gt(count, 3) { count := sub(count, 4) } {
                let word := mload(row)
                bad := or(bad, or(add(and(word, PAIR), PAIR_OF_EXCESS), add(and(shr(64, word), PAIR), PAIR_OF_EXCESS)))
                let element := shr(192, word)
                sum := add(sum, mul(element, mload(weight)))
                b := add(b, mul(element, mload(add(weight, 32))))
                d := add(d, mul(element, mload(add(weight, 64))))
                element := and(shr(128, word), WORD)
                sum := add(sum, mul(element, mload(add(weight, 96))))
                b := add(b, mul(element, mload(add(weight, 128))))
                d := add(d, mul(element, mload(add(weight, 160))))
                element := and(shr(64, word), WORD)
                sum := add(sum, mul(element, mload(add(weight, 192))))
                b := add(b, mul(element, mload(add(weight, 224))))
                d := add(d, mul(element, mload(add(weight, 256))))
                element := and(word, WORD)
                sum := add(sum, mul(element, mload(add(weight, 288))))
                b := add(b, mul(element, mload(add(weight, 320))))
                d := add(d, mul(element, mload(add(weight, 352))))
                row := add(row, 32)
                weight := add(weight, 384)
            }
            if and(count, 2) {
                let word := mload(row)
                let element := shr(192, word)
                bad := or(bad, add(element, 0xffffffff))
                sum := add(sum, mul(element, mload(weight)))
                b := add(b, mul(element, mload(add(weight, 32))))
                d := add(d, mul(element, mload(add(weight, 64))))
                element := and(shr(128, word), WORD)
                bad := or(bad, add(element, 0xffffffff))
                sum := add(sum, mul(element, mload(add(weight, 96))))
                b := add(b, mul(element, mload(add(weight, 128))))
                d := add(d, mul(element, mload(add(weight, 160))))
                row := add(row, 16)
                weight := add(weight, 192)
            }
            if and(count, 1) {
                let element := shr(192, mload(row))
                bad := or(bad, add(element, 0xffffffff))
                sum := add(sum, mul(element, mload(weight)))
                b := add(b, mul(element, mload(add(weight, 32))))
                d := add(d, mul(element, mload(add(weight, 64))))
            }
            sum := or(mod(sum, P), or(shl(85, mod(b, P)), shl(170, mod(d, P))))
        }
    }

    /// @dev The point of a query position, and its inverse.
    function pointOf(DeepTerms memory t, uint256 position) internal pure returns (uint256 x, uint256 inverse) {
        unchecked {
            (x, inverse) = (SHIFT, SHIFT_INVERSE);
            // Bit i of a position, whose bits are in the opposite order, stands for the root of order 2^(i + 1).
            uint256 root = _dataOf(t.roots) + 32;
            uint256 inverseRoot = _dataOf(t.inverses) + 32;
            for (; position != 0; position >>= 1) {
                if (position & 1 == 1) {
                    assembly ("memory-safe") {
                        x := mulmod(x, mload(root), P)
                        inverse := mulmod(inverse, mload(inverseRoot), P)
                    }
                }
                root += 32;
                inverseRoot += 32;
            }
        }
    }

    /// @dev D at a point of the base field.
    /// @param sums The point's sums, in memory.
    function valueAt(DeepTerms memory t, uint256[] memory claimed, uint256 x, uint256 sums)
        internal
        view
        returns (uint256)
    {
        unchecked {
            uint256 last = 32 * (t.points.length - 1);
            uint256 inverses = _inverses(t.points, x);
            uint256 values = _dataOf(claimed);
            uint256 all = 0;
            uint256 lifted = 0;
            for (uint256 slot = 0; slot != last; slot += 32) {
                uint256 difference = _wordAt(sums + slot).sub(_wordAt(values + slot));
                all += difference;
                if (slot != 0) lifted += difference.mul(_wordAt(inverses + slot));
            }
            uint256 next = _wordAt(sums + last).sub(_wordAt(values + last)).mul(_wordAt(inverses + last));
            return (all.mul(_wordAt(inverses)) + next.mul(t.powerNext) + lifted.mul(t.powerLifted)).reduce();
        }
    }

    /// @dev 1/(x − point) for each point, with one inversion in the base field.
    /// @return r Where they lie, in memory that stays free.
    function _inverses(uint256[] memory points, uint256 x) private view returns (uint256 r) {
        unchecked {
            uint256 size = 32 * points.length;
            uint256 from = _dataOf(points);
            assembly ("memory-safe") {
                // Behind the room that the inversion's call needs.
                r := add(mload(0x40), 192)
            }
            uint256 norms = r + size;
            uint256 products = norms + size;
            uint256 product = 1;
            for (uint256 i = 0; i != size; i += 32) {
                (uint256 cofactor, uint256 norm) = x.cofactors(_wordAt(from + i));
                assembly ("memory-safe") {
                    mstore(add(r, i), cofactor)
                    mstore(add(norms, i), norm)
                    mstore(add(products, i), product)
                    product := mulmod(product, norm, P)
                }
            }
            // No norm is 0: z is not in the base field, so no point is.
            product = product.inverseOf();
            for (uint256 i = size; i != 0;) {
                i -= 32;
                uint256 inverse = _wordAt(r + i).scale(mulmod(product, _wordAt(products + i), P));
                assembly ("memory-safe") {
                    mstore(add(r, i), inverse)
                    product := mulmod(product, mload(add(norms, i)), P)
                }
            }
        }
    }

    /// @dev Σ weight·value over neighbouring columns, unreduced.
    function _claim(uint256 weights, uint256 values, uint256 count) private pure returns (uint256 sum) {
        unchecked {
            for (; count != 0; --count) {
                (uint256 value,) = Extension.read(values);
                uint256 weight;
                assembly ("memory-safe") {
                    weight := or(
                        mload(weights),
                        or(shl(85, mload(add(weights, 32))), shl(170, mload(add(weights, 64))))
                    )
                }
                sum += weight.mul(value);
                weights += 96;
                values += ELEMENT_BYTES;
            }
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
