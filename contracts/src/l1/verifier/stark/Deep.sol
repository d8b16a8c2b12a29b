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

    /// @dev The terms for these columns.
    function terms(uint256 delta, uint256 z, uint256 logHeight, Layout memory l)
        internal
        pure
        returns (DeepTerms memory t)
    {
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

    /// @dev Σ δ^c v_c for each slot, from the openings in the call data, which are known to be canonical.
    function claims(DeepTerms memory t, Layout memory l, uint256 openings)
        internal
        pure
        returns (uint256[] memory claimed)
    {
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
        while (true) {
            uint256 run;
            assembly ("memory-safe") {
                run := mload(runs)
            }
            if (run == 0 || run >> 255 == 1) return bad;
            runs += 32;
            uint256 count = run & 0xff;
            (uint256 sum, uint256 wrong) = _dot(row, weights + 96 * (run >> 32 & 0xffff), count);
            bad |= wrong;
            row += 8 * count;
            assembly ("memory-safe") {
                let slot := shl(5, and(shr(16, run), 0xffff))
                for { let ptr := sums } lt(ptr, end) { ptr := add(ptr, stride) } {
                    mstore(add(ptr, slot), add(mload(add(ptr, slot)), sum))
                    if and(run, 0x100) {
                        let last := add(ptr, sub(stride, 32))
                        mstore(last, add(mload(last), sum))
                    }
                }
            }
        }
    }

    /// @dev The point of a query position, and its inverse.
    function pointOf(DeepTerms memory t, uint256 position) internal pure returns (uint256 x, uint256 inverse) {
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

    /// @dev D at a point of the base field.
    /// @param sums The point's sums, in memory.
    function valueAt(DeepTerms memory t, uint256[] memory claimed, uint256 x, uint256 sums)
        internal
        view
        returns (uint256)
    {
        uint256 last = t.points.length - 1;
        uint256[] memory inverses = _inverses(t.points, x);
        uint256 all = 0;
        uint256 lifted = 0;
        for (uint256 slot = 0; slot < last; ++slot) {
            uint256 difference = _sumAt(sums, slot).sub(claimed[slot]);
            all += difference;
            if (slot != 0) lifted += difference.mul(inverses[slot]);
        }
        uint256 next = _sumAt(sums, last).sub(claimed[last]).mul(inverses[last]);
        return (all.mul(inverses[0]) + next.mul(t.powerNext) + lifted.mul(t.powerLifted)).reduce();
    }

    /// @dev 1/(x − point) for each point, with one inversion in the base field.
    function _inverses(uint256[] memory points, uint256 x) private view returns (uint256[] memory r) {
        uint256 count = points.length;
        r = new uint256[](count);
        uint256[] memory norms = new uint256[](count);
        uint256[] memory products = new uint256[](count);
        uint256 product = 1;
        for (uint256 i = 0; i < count; ++i) {
            (r[i], norms[i]) = x.cofactors(points[i]);
            products[i] = product;
            product = mulmod(product, norms[i], P);
        }
        // No norm is 0: z is not in the base field, so no point is.
        product = product.inverseOf();
        for (uint256 i = count; i != 0;) {
            --i;
            r[i] = r[i].scale(mulmod(product, products[i], P));
            product = mulmod(product, norms[i], P);
        }
    }

    /// @dev Σ weight·value over neighbouring columns, unreduced.
    function _claim(uint256 weights, uint256 values, uint256 count) private pure returns (uint256 sum) {
        for (; count != 0; --count) {
            (uint256 value,) = Extension.read(values);
            uint256 weight;
            assembly ("memory-safe") {
                weight := or(mload(weights), or(shl(85, mload(add(weights, 32))), shl(170, mload(add(weights, 64)))))
            }
            sum += weight.mul(value);
            weights += 96;
            values += ELEMENT_BYTES;
        }
    }

    /// @dev Σ weight·element over `count` neighbouring columns, packed; products stay unreduced until the end.
    function _dot(uint256 row, uint256 weights, uint256 count) private pure returns (uint256 sum, uint256 bad) {
        assembly ("memory-safe") {
            let a := 0
            let b := 0
            let d := 0
            for { let end := add(row, shl(3, count)) } lt(row, end) {} {
                let element := shr(192, mload(row))
                bad := or(bad, gt(element, sub(P, 1)))
                a := add(a, mul(element, mload(weights)))
                b := add(b, mul(element, mload(add(weights, 32))))
                d := add(d, mul(element, mload(add(weights, 64))))
                row := add(row, 8)
                weights := add(weights, 96)
            }
            sum := or(mod(a, P), or(shl(85, mod(b, P)), shl(170, mod(d, P))))
        }
    }

    function _sumAt(uint256 sums, uint256 slot) private pure returns (uint256 sum) {
        assembly ("memory-safe") {
            sum := mload(add(sums, shl(5, slot)))
        }
    }

    function _dataOf(uint256[] memory words) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(words, 32)
        }
    }
}
