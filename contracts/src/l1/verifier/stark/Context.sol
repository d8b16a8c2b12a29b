// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Extension} from "./Extension.sol";
import {FINAL_COEFFICIENTS, LOG_FINAL, Layout, Machine, Machines} from "./Machine.sol";

/// @dev What the queries are checked against: all that a proof's head led to. Elements of F are packed and canonical,
/// nodes are the high bytes of a word.
struct Context {
    uint256 logBlowup;
    uint256 nodeBytes;
    uint256 logHeight; // of the tallest table
    uint256[] logHeights; // of each table
    uint256[] roots; // fixed, main, aux, quotient, then each FRI layer's
    uint256 delta;
    uint256 z;
    uint256[] claimed; // slot → Σ δ^c v_c over its columns; the last is of the columns at the next row
    uint256[] betas;
    uint256[] finals; // the final polynomial, constant first
    uint256[] positions; // distinct, ascending
}

/// @title The bytes of a context, which every part but the first repeats
library Contexts {
    using Extension for uint256;

    uint256 private constant ELEMENT_BYTES = 24;
    uint256 private constant PREFIX_BYTES = 5;

    /// @dev How many FRI layers a proof has.
    function layersOf(uint256 logHeight) internal pure returns (uint256) {
        unchecked {
            return (logHeight - LOG_FINAL + 2) / 3;
        }
    }

    /// @dev log2 of the arity of a layer's fold.
    function foldOf(uint256 logHeight, uint256 layer) internal pure returns (uint256) {
        unchecked {
            uint256 left = logHeight - LOG_FINAL - 3 * layer;
            return left < 3 ? left : 3;
        }
    }

    /// @dev The largest of the heights.
    function tallest(uint256[] memory logHeights) internal pure returns (uint256 logHeight) {
        unchecked {
            for (uint256 table = 0; table < logHeights.length; ++table) {
                if (logHeights[table] > logHeight) logHeight = logHeights[table];
            }
        }
    }

    /// @dev The bytes, behind five that tell which part comes next, at which query it begins, and how long the rest is.
    function encode(Context memory c, uint256 number, uint256 done) internal pure returns (bytes memory data) {
        unchecked {
            uint256 ptr;
            assembly ("memory-safe") {
                data := mload(0x40)
                ptr := add(data, 32)
            }
            ptr = _put(ptr, number << 248 | done << 232, PREFIX_BYTES);
            for (uint256 i = 0; i < c.logHeights.length; ++i) {
                ptr = _put(ptr, c.logHeights[i] << 248, 1);
            }
            for (uint256 i = 0; i < c.roots.length; ++i) {
                ptr = _put(ptr, c.roots[i], c.nodeBytes);
            }
            ptr = _put(ptr, c.delta.bytesOf(), ELEMENT_BYTES);
            ptr = _put(ptr, c.z.bytesOf(), ELEMENT_BYTES);
            ptr = _putAll(ptr, c.claimed);
            ptr = _putAll(ptr, c.betas);
            ptr = _putAll(ptr, c.finals);
            ptr = _put(ptr, c.positions.length << 240, 2);
            for (uint256 i = 0; i < c.positions.length; ++i) {
                ptr = _put(ptr, c.positions[i] << 224, 4);
            }
            assembly ("memory-safe") {
                let size := sub(ptr, add(data, 32))
                mstore(data, size)
                mstore(0x40, and(add(ptr, 63), not(31)))
                // The length of what follows it, in the last two bytes of the prefix.
                size := sub(size, 5)
                mstore8(add(data, 35), shr(8, size))
                mstore8(add(data, 36), and(size, 0xff))
            }
        }
    }

    /// @dev The context at a place of the call data, which is one that `encode` wrote: the caller has compared its hash.
    function decode(Context memory c, uint256 tables, uint256 cursor) internal pure {
        unchecked {
            c.logHeights = new uint256[](tables);
            for (uint256 i = 0; i < tables; ++i) {
                c.logHeights[i] = _take(cursor++, 1);
            }
            c.logHeight = tallest(c.logHeights);
            uint256 layers = layersOf(c.logHeight);
            c.roots = new uint256[](4 + layers);
            for (uint256 i = 0; i < c.roots.length; ++i) {
                c.roots[i] = _take(cursor, c.nodeBytes) << (256 - 8 * c.nodeBytes);
                cursor += c.nodeBytes;
            }
            (c.delta,) = Extension.read(cursor);
            (c.z,) = Extension.read(cursor + ELEMENT_BYTES);
            cursor += 2 * ELEMENT_BYTES;
            (c.claimed, cursor) = _takeAll(cursor, Machines.lifts(c.logHeights, c.logHeight).length + 1);
            (c.betas, cursor) = _takeAll(cursor, layers);
            (c.finals, cursor) = _takeAll(cursor, FINAL_COEFFICIENTS);
            c.positions = new uint256[](_take(cursor, 2));
            cursor += 2;
            for (uint256 i = 0; i < c.positions.length; ++i) {
                c.positions[i] = _take(cursor, 4);
                cursor += 4;
            }
        }
    }

    function _put(uint256 ptr, uint256 word, uint256 size) private pure returns (uint256) {
        unchecked {
            assembly ("memory-safe") {
                mstore(ptr, word)
            }
            return ptr + size;
        }
    }

    function _putAll(uint256 ptr, uint256[] memory elements) private pure returns (uint256) {
        unchecked {
            for (uint256 i = 0; i < elements.length; ++i) {
                ptr = _put(ptr, elements[i].bytesOf(), ELEMENT_BYTES);
            }
            return ptr;
        }
    }

    function _take(uint256 ptr, uint256 size) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := shr(sub(256, shl(3, size)), calldataload(ptr))
        }
    }

    function _takeAll(uint256 ptr, uint256 count) private pure returns (uint256[] memory elements, uint256) {
        unchecked {
            elements = new uint256[](count);
            uint256 to;
            assembly ("memory-safe") {
                to := add(elements, 32)
            }
            Extension.readAll(to, ptr, ptr + ELEMENT_BYTES * count);
            ptr += ELEMENT_BYTES * count;
            return (elements, ptr);
        }
    }
}
