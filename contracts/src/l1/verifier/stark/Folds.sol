// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Context, Contexts} from "./Context.sol";
import {Extension, LANES_OF_P, P} from "./Extension.sol";
import {FINAL_COEFFICIENTS, STAGES} from "./Machine.sol";
import {Trees} from "./Trees.sol";
import {FinalMismatch, FoldMismatch, MerkleMismatch, NonCanonicalElement} from "./VerificationErrors.sol";

/// @title From the DEEP sum through the layers of FRI to the final polynomial
/// @notice A walk is a list in memory of the queries that are still apart, three words each: the position in the
/// layer's domain, the value there, and the inverse of the point.
library Folds {
    using Extension for uint256;

    uint256 private constant STEP = 96;
    uint256 private constant ELEMENT_BYTES = 24;
    /// @dev Values stay unreduced through three halvings, below 7 p in each lane.
    uint256 private constant DIFFERENCE = 8 * LANES_OF_P;
    uint256 private constant HALF = (P + 1) / 2;

    /// @dev Checks every layer.
    /// @param walk The queries with their DEEP sums.
    /// @param count How many.
    /// @param start Where the part begins in the call data, for messages.
    /// @param cursor Where the first layer's leaves begin.
    /// @return The end of the last layer's nodes.
    function check(Context memory c, uint256 walk, uint256 count, uint256 start, uint256 cursor)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256[] memory list = new uint256[](2 * count + 1);
            uint256[] memory twiddles = _twiddles();
            uint256 log = c.logHeight + c.logBlowup;
            for (uint256 layer = 0; layer < c.betas.length; ++layer) {
                log -= Contexts.foldOf(c.logHeight, layer);
                (count, cursor) = _layer(c, walk, count, layer, list, twiddles, start, cursor);
                cursor = _climb(c, list, count, layer, log, cursor);
            }
            for (uint256 i = 0; i < count; ++i) {
                (uint256 value, uint256 inverse) = (_wordAt(walk + 32), _wordAt(walk + 64));
                if (value.scale(inverse.power(FINAL_COEFFICIENTS - 1)) != _reversed(c.finals, inverse)) {
                    revert FinalMismatch(_wordAt(walk));
                }
                walk += STEP;
            }
            return cursor;
        }
    }

    /// @dev Reads the leaves of a layer, compares them with the walk, and folds them.
    /// @return leaves How many; the walk goes on with one query a leaf, and the list holds their digests.
    function _layer(
        Context memory c,
        uint256 walk,
        uint256 count,
        uint256 layer,
        uint256[] memory list,
        uint256[] memory twiddles,
        uint256 start,
        uint256 cursor
    ) private pure returns (uint256 leaves, uint256) {
        unchecked {
            uint256 logArity = Contexts.foldOf(c.logHeight, layer);
            uint256[] memory values = new uint256[](1 << logArity);
            uint256 i = 0;
            while (i < count) {
                if (_readLeaf(values, cursor) != 0) revert NonCanonicalElement(cursor - start);
                uint256 first = walk + STEP * i;
                i += _compare(values, first, count - i, logArity, layer);
                _foldInto(walk + STEP * leaves, first, values, c.betas[layer], twiddles, logArity);
                (list[2 * leaves], list[2 * leaves + 1]) =
                (_wordAt(walk + STEP * leaves), Trees.digest(cursor, ELEMENT_BYTES << logArity, c.nodeBytes));
                cursor += ELEMENT_BYTES << logArity;
                ++leaves;
            }
            return (leaves, cursor);
        }
    }

    /// @dev Climbs from the leaves' digests to the layer's root.
    function _climb(Context memory c, uint256[] memory list, uint256 count, uint256 layer, uint256 log, uint256 cursor)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 ptr;
            assembly ("memory-safe") {
                ptr := add(list, 32)
            }
            for (; log != 0; --log) {
                (count, cursor) = Trees.climb(ptr, count, c.nodeBytes, cursor);
            }
            if (list[1] != c.roots[STAGES + layer]) revert MerkleMismatch(STAGES + layer);
            return cursor;
        }
    }

    /// @dev The values of the leaf in the call data.
    /// @return bad Not 0 where a coordinate is p or more.
    function _readLeaf(uint256[] memory values, uint256 cursor) private pure returns (uint256 bad) {
        assembly ("memory-safe") {
            let to := add(values, 32)
            for { let end := add(to, shl(5, mload(values))) } lt(to, end) { to := add(to, 32) } {
                let word := calldataload(cursor)
                let a := shr(192, word)
                let b := and(shr(128, word), 0xffffffffffffffff)
                let d := and(shr(64, word), 0xffffffffffffffff)
                bad := or(bad, or(gt(a, sub(P, 1)), or(gt(b, sub(P, 1)), gt(d, sub(P, 1)))))
                mstore(to, or(a, or(shl(85, b), shl(170, d))))
                cursor := add(cursor, 24)
            }
        }
    }

    /// @dev Compares a leaf with the queries in it.
    /// @return found How many they are.
    function _compare(uint256[] memory values, uint256 ptr, uint256 left, uint256 logArity, uint256 layer)
        private
        pure
        returns (uint256 found)
    {
        unchecked {
            uint256 leaf = _wordAt(ptr) >> logArity;
            for (; found < left; ++found) {
                uint256 position = _wordAt(ptr);
                if (position >> logArity != leaf) break;
                if (_wordAt(_dataOf(values) + 32 * _slot(position, logArity)) != _wordAt(ptr + 32)) {
                    revert FoldMismatch(layer, position);
                }
                ptr += STEP;
            }
        }
    }

    /// @dev Writes what a leaf folds to: g(y^a) = Σ_d (β/y)^d (1/a) Σ_u w_a^(−ud) f(w_a^u y), by halves: the fold by 2 is
    /// (f(y) + f(−y) + (β/y)(f(y) − f(−y)))/2, and folds by 2 with β, β², β⁴ make one by 8 with β.
    function _foldInto(
        uint256 to,
        uint256 from,
        uint256[] memory values,
        uint256 beta,
        uint256[] memory twiddles,
        uint256 logArity
    ) private pure {
        unchecked {
            uint256 position = _wordAt(from);
            // From the query's point to the leaf's, w_a^slot back: its inverse is that much further.
            uint256 turns = _slot(position, logArity) << (3 - logArity);
            uint256 inverse = mulmod(_wordAt(from + 64), twiddles[(8 - turns) & 7], P);
            uint256 ratio = beta.scale(inverse);
            uint256 scale = 1;
            uint256 turn = 8 >> logArity;
            uint256 low = _dataOf(values);
            uint256 steps = _dataOf(twiddles);
            for (uint256 half = 16 << logArity; half != 16; half >>= 1) {
                uint256 factor = ratio;
                for (uint256 u = 0; u != half; u += 32) {
                    if (u != 0) factor = ratio.scale(_wordAt(steps + u * turn));
                    (uint256 a, uint256 b) = (_wordAt(low + u), _wordAt(low + half + u));
                    _put(low + u, a + b + (a + DIFFERENCE - b).mul(factor));
                }
                ratio = ratio.mul(ratio);
                turn <<= 1;
                scale = mulmod(scale, HALF, P);
                inverse = mulmod(inverse, inverse, P);
            }
            uint256 value = _wordAt(low).scale(scale);
            assembly ("memory-safe") {
                mstore(to, shr(logArity, position))
                mstore(add(to, 32), value)
                mstore(add(to, 64), inverse)
            }
        }
    }

    /// @dev Σ_i c_i x^i · x^(−63), from 1/x: the last coefficient first. Products stay unreduced until the end.
    function _reversed(uint256[] memory coefficients, uint256 inverse) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            let a := 0
            let b := 0
            let d := 0
            let power := 1
            for { let ptr := add(coefficients, shl(5, mload(coefficients))) } gt(ptr, coefficients) {
                ptr := sub(ptr, 32)
            } {
                let word := mload(ptr)
                a := add(a, mul(power, and(word, 0xffffffffffffffff)))
                b := add(b, mul(power, and(shr(85, word), 0xffffffffffffffff)))
                d := add(d, mul(power, shr(170, word)))
                power := mulmod(power, inverse, P)
            }
            value := or(mod(a, P), or(shl(85, mod(b, P)), shl(170, mod(d, P))))
        }
    }

    /// @dev Where a position lies in its leaf: its lowest bits in the opposite order.
    function _slot(uint256 position, uint256 logArity) private pure returns (uint256 slot) {
        unchecked {
            for (; logArity != 0; --logArity) {
                slot = slot << 1 | position & 1;
                position >>= 1;
            }
        }
    }

    /// @dev w_8^(−u) for u = 0 … 7.
    function _twiddles() private pure returns (uint256[] memory r) {
        unchecked {
            r = new uint256[](8);
            uint256 step = Extension.rootOfUnity(3).power(7);
            r[0] = 1;
            for (uint256 u = 1; u < 8; ++u) {
                r[u] = mulmod(r[u - 1], step, P);
            }
        }
    }

    function _wordAt(uint256 ptr) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(ptr)
        }
    }

    function _put(uint256 ptr, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(ptr, word)
        }
    }

    function _dataOf(uint256[] memory words) private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := add(words, 32)
        }
    }
}
