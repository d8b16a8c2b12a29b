// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Context, Contexts} from "./Context.sol";
import {Extension, LANES_OF_P, P} from "./Extension.sol";
import {FINAL_COEFFICIENTS, STAGES} from "./Machine.sol";
import {Trees} from "./Trees.sol";
import {FinalMismatch, FoldMismatch, MerkleMismatch, NonCanonicalElement} from "./VerificationErrors.sol";

/// @dev A layer that is being checked, and the memory that all layers use.
struct Layer {
    uint256 number;
    uint256 logArity;
    uint256 values; // of a leaf, a word each
    uint256 powers; // the coordinates of β, β² and β⁴, three words each, and a mask: POWER_BYTES
}

/// @title From the DEEP sum through the layers of FRI to the final polynomial
/// @notice A walk is a list in memory of the queries that are still apart, three words each: the position in the
/// layer's domain, the value there, and the inverse of the point.
library Folds {
    using Extension for uint256;

    uint256 private constant STEP = 96;
    uint256 private constant ELEMENT_BYTES = 24;
    uint256 private constant ARITY = 8;
    uint256 private constant POWER_BYTES = 128;
    /// @dev Of one coordinate. It is read from memory where it is used often: the compiler would compute it each time.
    uint256 private constant LANE = (1 << 85) - 1;
    /// @dev Values stay unreduced through three halvings, below 7 p in each lane.
    uint256 private constant DIFFERENCE = 8 * LANES_OF_P;
    /// @dev 1/2, 1/4 and 1/8, from the right.
    uint256 private constant HALVES = (P - (P - 1) / 8) << 128 | (P - (P - 1) / 4) << 64 | (P + 1) / 2;
    /// @dev The lowest three bits in the opposite order: eight bytes, that of 0 on the right.
    uint256 private constant TURNED = 0x0703050106020400;

    /// @dev Checks every layer.
    /// @param walk The queries with their DEEP sums.
    /// @param count How many.
    /// @param meet log2 of the highest level of a tree in which two of them are siblings.
    /// @param start Where the part begins in the call data, for messages.
    /// @param cursor Where the first layer's leaves begin.
    /// @return The end of the last layer's nodes.
    function check(Context memory c, uint256 walk, uint256 count, uint256 meet, uint256 start, uint256 cursor)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 list = _dataOf(new uint256[](2 * count + 1));
            uint256 turns = _turns();
            Layer memory l;
            l.values = _dataOf(new uint256[](ARITY));
            l.powers = _dataOf(new uint256[](12));
            uint256 log = c.logHeight + c.logBlowup;
            for (; l.number < c.betas.length; ++l.number) {
                l.logArity = Contexts.foldOf(c.logHeight, l.number);
                log -= l.logArity;
                _putPowers(l, c.betas[l.number]);
                (count, cursor) = _layer(l, walk, count, list, turns, start, cursor);
                cursor = _climb(c, list, count, l.number, log, meet, cursor);
            }
            uint256 finals = _spread(c.finals);
            for (uint256 i = 0; i < count; ++i) {
                (uint256 value, uint256 inverse) = (_wordAt(walk + 32), _wordAt(walk + 64));
                if (value.scale(_power63(inverse)) != _reversed(finals, inverse)) {
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
        Layer memory l,
        uint256 walk,
        uint256 count,
        uint256 list,
        uint256 turns,
        uint256 start,
        uint256 cursor
    ) private pure returns (uint256 leaves, uint256) {
        unchecked {
            uint256 from = walk;
            uint256 to = walk;
            uint256 size = ELEMENT_BYTES << l.logArity;
            for (uint256 end = walk + STEP * count; from != end; to += STEP) {
                _put(list + 32, Trees.digest(cursor, size));
                if (Extension.readAll(l.values, cursor, cursor + size) != 0) {
                    revert NonCanonicalElement(cursor - start);
                }
                uint256 first = from;
                from = _compare(l, from, end);
                _foldInto(to, first, l, turns);
                _put(list, _wordAt(to));
                list += 64;
                cursor += size;
                ++leaves;
            }
            return (leaves, cursor);
        }
    }

    /// @dev Climbs from the leaves' digests to the layer's root.
    function _climb(
        Context memory c,
        uint256 list,
        uint256 count,
        uint256 layer,
        uint256 log,
        uint256 meet,
        uint256 cursor
    ) private pure returns (uint256) {
        unchecked {
            (, cursor) = Trees.climbTo(list, count, log, 0, 0, meet, c.nodeBytes, cursor);
            if (_wordAt(list + 32) ^ c.roots[STAGES + layer] > type(uint256).max >> 8 * c.nodeBytes) {
                revert MerkleMismatch(STAGES + layer);
            }
            return cursor;
        }
    }

    /// @dev Compares a leaf with the queries in it.
    /// @return ptr Behind the last of them.
    function _compare(Layer memory l, uint256 ptr, uint256 end) private pure returns (uint256) {
        unchecked {
            uint256 logArity = l.logArity;
            uint256 leaf = _wordAt(ptr) >> logArity;
            do {
                uint256 position = _wordAt(ptr);
                if (position >> logArity != leaf) break;
                if (_wordAt(l.values + 32 * _slot(position, logArity)) != _wordAt(ptr + 32)) {
                    revert FoldMismatch(l.number, position);
                }
                ptr += STEP;
            } while (ptr != end);
            return ptr;
        }
    }

    /// @dev Writes what a leaf folds to: g(y^a) = Σ_d (β/y)^d (1/a) Σ_u w_a^(−ud) f(w_a^u y), by halves: the fold by 2 is
    /// (f(y) + f(−y) + (β/y)(f(y) − f(−y)))/2, and folds by 2 with β, β², β⁴ make one by 8 with β.
    function _foldInto(uint256 to, uint256 from, Layer memory l, uint256 turns) private pure {
        unchecked {
            uint256 logArity = l.logArity;
            uint256 position = _wordAt(from);
            // From the query's point to the leaf's, w_a^slot back: its inverse is that much further.
            uint256 back = _slot(position, logArity) << (3 - logArity);
            uint256 inverse = mulmod(_wordAt(from + 64), _wordAt(turns + 32 * ((8 - back) & 7)), P);
            uint256 low = l.values;
            uint256 powers = l.powers;
            uint256 turn = 8 >> logArity;
            for (uint256 half = 16 << logArity; half != 16; half >>= 1) {
                for (uint256 u = 0; u != half; u += 32) {
                    _halve(low + u, half, powers, mulmod(inverse, _wordAt(turns + u * turn), P));
                }
                turn <<= 1;
                powers += POWER_BYTES;
                inverse = mulmod(inverse, inverse, P);
            }
            uint256 value = _wordAt(low).scale(uint64(HALVES >> 64 * (logArity - 1)));
            assembly ("memory-safe") {
                mstore(to, shr(logArity, position))
                mstore(add(to, 32), value)
                mstore(add(to, 64), inverse)
            }
        }
    }

    /// @dev Of a and b, `half` bytes apart, a + b + β s (a − b) in the place of a. The number s goes into the products'
    /// reduction, which costs less than to make β s.
    function _halve(uint256 ptr, uint256 half, uint256 beta, uint256 s) private pure {
        uint256 large = DIFFERENCE;
        assembly ("memory-safe") {
            let sum := mload(ptr)
            let c := mload(add(ptr, half))
            let a := sub(add(sum, large), c)
            sum := add(sum, c)
            let lane := mload(add(beta, 96))
            let b := and(shr(85, a), lane)
            c := shr(170, a)
            a := and(a, lane)
            let b0 := mload(beta)
            let b1 := mload(add(beta, 32))
            let b2 := mload(add(beta, 64))
            let third := add(mul(b, b2), mul(c, b1))
            sum := add(sum, mulmod(add(mul(a, b0), third), s, P))
            third := add(third, mul(c, b2))
            sum := add(sum, shl(85, mulmod(add(add(mul(a, b1), mul(b, b0)), third), s, P)))
            third := add(add(mul(a, b2), mul(b, b1)), mul(c, add(b0, b2)))
            mstore(ptr, add(sum, shl(170, mulmod(third, s, P))))
        }
    }

    /// @dev Writes the coordinates of β, β² and β⁴.
    function _putPowers(Layer memory l, uint256 beta) private pure {
        unchecked {
            uint256 ptr = l.powers;
            uint256 lane = LANE;
            for (uint256 end = ptr + 3 * POWER_BYTES; ptr != end; ptr += POWER_BYTES) {
                assembly ("memory-safe") {
                    mstore(ptr, shr(171, shl(171, beta)))
                    mstore(add(ptr, 32), shr(171, shl(86, beta)))
                    mstore(add(ptr, 64), shr(170, beta))
                    mstore(add(ptr, 96), lane)
                }
                beta = beta.mul(beta);
            }
        }
    }

    /// @dev The coefficients, the last first, by coordinates: three words each.
    function _spread(uint256[] memory coefficients) private pure returns (uint256 ptr) {
        unchecked {
            ptr = _dataOf(new uint256[](3 * FINAL_COEFFICIENTS));
            uint256 to = ptr;
            for (uint256 i = FINAL_COEFFICIENTS; i != 0; --i) {
                uint256 element = coefficients[i - 1];
                assembly ("memory-safe") {
                    mstore(to, shr(171, shl(171, element)))
                    mstore(add(to, 32), shr(171, shl(86, element)))
                    mstore(add(to, 64), shr(170, element))
                }
                to += 96;
            }
        }
    }

    /// @dev Σ_i c_i x^i · x^(−63), from 1/x: Horner's rule over groups of four coefficients, the constant's group first.
    /// @param coefficients As `_spread` wrote them; the last group is 15 · 4 · 96 bytes behind the first.
    function _reversed(uint256 coefficients, uint256 inverse) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            let second := mulmod(inverse, inverse, P)
            let third := mulmod(second, inverse, P)
            let fourth := mulmod(second, second, P)
            let a := 0
            let b := 0
            let d := 0
            for { let ptr := add(coefficients, 5760) } iszero(lt(ptr, coefficients)) { ptr := sub(ptr, 384) } {
                a := add(
                    add(mulmod(a, fourth, P), mload(ptr)),
                    add(
                        mul(mload(add(ptr, 96)), inverse),
                        add(mul(mload(add(ptr, 192)), second), mul(mload(add(ptr, 288)), third))
                    )
                )
                b := add(
                    add(mulmod(b, fourth, P), mload(add(ptr, 32))),
                    add(
                        mul(mload(add(ptr, 128)), inverse),
                        add(mul(mload(add(ptr, 224)), second), mul(mload(add(ptr, 320)), third))
                    )
                )
                d := add(
                    add(mulmod(d, fourth, P), mload(add(ptr, 64))),
                    add(
                        mul(mload(add(ptr, 160)), inverse),
                        add(mul(mload(add(ptr, 256)), second), mul(mload(add(ptr, 352)), third))
                    )
                )
            }
            value := or(mod(a, P), or(shl(85, mod(b, P)), shl(170, mod(d, P))))
        }
    }

    /// @dev x^63 = x³ x^12 x^48.
    function _power63(uint256 x) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            x := mulmod(mulmod(x, x, P), x, P)
            r := x
            x := mulmod(x, x, P)
            x := mulmod(x, x, P)
            r := mulmod(r, x, P)
            x := mulmod(x, x, P)
            x := mulmod(x, x, P)
            r := mulmod(r, x, P)
        }
    }

    /// @dev Where a position lies in its leaf: its lowest bits in the opposite order.
    function _slot(uint256 position, uint256 logArity) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            slot := shr(sub(3, logArity), and(shr(shl(3, and(position, sub(shl(logArity, 1), 1))), TURNED), 7))
        }
    }

    /// @dev Where w_8^(−u) lies for u = 0 … 7.
    function _turns() private pure returns (uint256 ptr) {
        unchecked {
            ptr = _dataOf(new uint256[](8));
            uint256 step = Extension.rootOfUnity(3).power(7);
            uint256 turn = 1;
            for (uint256 u = 0; u < 256; u += 32) {
                _put(ptr + u, turn);
                turn = mulmod(turn, step, P);
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
