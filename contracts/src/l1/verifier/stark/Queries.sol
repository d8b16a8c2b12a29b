// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Context} from "./Context.sol";
import {Deep, DeepTerms} from "./Deep.sol";
import {Folds} from "./Folds.sol";
import {Layout, STAGES} from "./Machine.sol";
import {Trees} from "./Trees.sol";
import {MerkleMismatch, NonCanonicalElement, WrongPosition} from "./VerificationErrors.sol";

/// @dev A group of neighbouring queries and what is known of them.
struct Group {
    uint256 count;
    uint256 positions; // in memory: in the largest domain, distinct and ascending; a word of ones behind them
    uint256 sums; // in memory: for each query a word for each slot
    uint256 stride; // bytes of one query's sums
    uint256 meet; // log2 of the highest level of any tree in which two positions are siblings; 0 where none ever are
    uint256 start; // where the part begins in the call data, for messages
}

/// @title The checks of a group of queries
/// @notice Opened rows are in their trees, make the DEEP sum, and fold down to the final polynomial.
library Queries {
    using Deep for DeepTerms;

    uint256 private constant STEP = 96;

    /// @dev Checks the queries from number `first` on.
    /// @param count How many.
    /// @param start Where the part begins in the call data, for messages.
    /// @param cursor Where the group's positions begin; its rows follow.
    /// @return The end of what was read.
    function check(
        Context memory c,
        Layout memory l,
        DeepTerms memory t,
        uint256 first,
        uint256 count,
        uint256 start,
        uint256 cursor
    ) internal view returns (uint256) {
        unchecked {
            Group memory g;
            g.start = start;
            g.count = count;
            g.positions = _dataOf(new uint256[](count + 1));
            _put(g.positions + 32 * count, type(uint256).max);
            uint256 nearest = type(uint256).max;
            for (uint256 ptr = g.positions; ptr != g.positions + 32 * count; ptr += 32) {
                uint256 position = c.positions[first++];
                uint256 given;
                assembly ("memory-safe") {
                    given := shr(224, calldataload(cursor))
                }
                if (given != position) revert WrongPosition(given, position);
                _put(ptr, position);
                cursor += 4;
                if (ptr != g.positions && position ^ _wordAt(ptr - 32) < nearest) {
                    nearest = position ^ _wordAt(ptr - 32);
                }
            }
            if (count != 1) g.meet = c.logHeight + c.logBlowup - _log2(nearest);
            g.stride = 32 * t.count;
            g.sums = _dataOf(new uint256[](count * t.count));
            for (uint256 stage = 0; stage < STAGES; ++stage) {
                cursor = _stage(c, l.levels[stage], t.weights, g, stage, cursor);
            }
            uint256 walk = _dataOf(new uint256[](3 * count));
            for (uint256 i = 0; i < count; ++i) {
                uint256 position = _wordAt(g.positions + 32 * i);
                (uint256 value, uint256 inverse) = t.valueAt(c.claimed, t.pointOf(position), g.sums + g.stride * i);
                assembly ("memory-safe") {
                    let ptr := add(walk, mul(i, STEP))
                    mstore(ptr, position)
                    mstore(add(ptr, 32), value)
                    mstore(add(ptr, 64), inverse)
                }
            }
            return Folds.check(c, walk, count, g.meet, start, cursor);
        }
    }

    /// @dev Reads the rows of a stage, level by level, and climbs to its root.
    function _stage(
        Context memory c,
        uint256[] memory levels,
        uint256 weights,
        Group memory g,
        uint256 stage,
        uint256 cursor
    ) private pure returns (uint256) {
        unchecked {
            uint256 head = _dataOf(levels);
            uint256 log = _wordAt(head) & 0xffff;
            if (log == 0) return cursor; // no columns, no tree
            // The rows' digests lie level after level, in the order in which the climb needs them.
            uint256 digests = _dataOf(new uint256[](g.count * c.logHeights.length));
            uint256 known = digests;
            for (uint256 level = head; _wordAt(level) != 0; level = _following(level)) {
                (known, cursor) = _level(c.logHeight + c.logBlowup, level, weights, g, known, cursor);
            }
            return _climb(c, g, stage, head, digests, cursor);
        }
    }

    /// @dev Reads the rows of a level and adds them to the sums.
    /// @return Behind the digests that were written, and behind the rows.
    function _level(uint256 logDomain, uint256 level, uint256 weights, Group memory g, uint256 digests, uint256 cursor)
        private
        pure
        returns (uint256, uint256)
    {
        unchecked {
            uint256 shift = logDomain - (_wordAt(level) & 0xffff);
            uint256 size = 8 * (_wordAt(level) >> 16 & 0xffff);
            uint256 stride = g.stride;
            uint256 sums = g.sums;
            uint256 end = sums + stride * g.count;
            uint256 ptr = g.positions;
            while (sums != end) {
                uint256 first = sums;
                uint256 position = _wordAt(ptr) >> shift;
                do {
                    ptr += 32;
                    sums += stride;
                } while (_wordAt(ptr) >> shift == position);
                _put(digests, Trees.digest(cursor, size));
                uint256 bad = Deep.addRow(_free(), level + 32, weights, first, stride, sums);
                if (bad != 0) revert NonCanonicalElement(cursor - g.start);
                digests += 32;
                cursor += size;
            }
            return (digests, cursor);
        }
    }

    /// @dev Climbs from the digests of the first level's rows to the root.
    function _climb(Context memory c, Group memory g, uint256 stage, uint256 level, uint256 digests, uint256 cursor)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 log = _wordAt(level) & 0xffff;
            uint256[] memory list = new uint256[](2 * g.count + 1);
            uint256 count = _leaves(g, c.logHeight + c.logBlowup - log, digests, list);
            digests += 32 * count;
            level = _following(level);
            uint256 nodeBytes = c.nodeBytes;
            for (uint256 head = _wordAt(level); head != 0; head = _wordAt(level)) {
                uint256 to = head & 0xffff;
                (count, cursor) = Trees.climbTo(_dataOf(list), count, log, to, digests, g.meet, nodeBytes, cursor);
                digests += 32 * count;
                log = to;
                level = _following(level);
            }
            (count, cursor) = Trees.climbTo(_dataOf(list), count, log, 0, 0, g.meet, nodeBytes, cursor);
            if (list[1] ^ c.roots[stage] > type(uint256).max >> 8 * nodeBytes) revert MerkleMismatch(stage);
            return cursor;
        }
    }

    /// @dev The list of the leaves' positions and digests.
    function _leaves(Group memory g, uint256 shift, uint256 digests, uint256[] memory list)
        private
        pure
        returns (uint256 count)
    {
        unchecked {
            uint256 to = _dataOf(list);
            uint256 ptr = g.positions;
            uint256 last = type(uint256).max;
            for (uint256 end = ptr + 32 * g.count; ptr != end; ptr += 32) {
                uint256 position = _wordAt(ptr) >> shift;
                if (position == last) continue;
                last = position;
                _put(to, position);
                _put(to + 32, _wordAt(digests));
                to += 64;
                digests += 32;
                ++count;
            }
        }
    }

    /// @dev The head of the level after this, or the zero that ends the levels.
    function _following(uint256 level) private pure returns (uint256) {
        unchecked {
            do {
                level += 32;
            } while (_wordAt(level) != 0 && _wordAt(level) >> 255 == 0);
            return level;
        }
    }

    /// @dev The place of the highest bit of a word that is not 0.
    function _log2(uint256 word) private pure returns (uint256 log) {
        unchecked {
            while (word >> log > 1) ++log;
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

    function _free() private pure returns (uint256 ptr) {
        assembly ("memory-safe") {
            ptr := mload(0x40)
        }
    }
}
