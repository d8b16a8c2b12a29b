// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev log2 of the final polynomial's coefficients, and so of the least height of the tallest table.
uint256 constant LOG_FINAL = 6;
uint256 constant FINAL_COEFFICIENTS = 64;
/// @dev Base columns of the quotient: three chunks of three coordinates.
uint256 constant QUOTIENT_WIDTH = 9;
uint256 constant STAGES = 4;

/// @dev What a machine is to the verifier. The pointers are into memory; docs/reference/zkvm/proof-parts.md has the bytes.
struct Machine {
    bytes32 constraints; // the digest in the verifying key
    uint256 publics; // public words
    uint256 challenges; // drawn after the main root
    uint256 tables;
    uint256 maxLogHeight; // of the tallest table
    uint256 parameters; // of the verifying key
    uint256 keyed; // tables whose height the key fixes
    bool hasFixed; // whether there are fixed columns
    uint256 nameAt; // the name
    uint256 parametersAt; // sorted by name: index, name
    uint256 keyedAt; // sorted by name: table, name
    uint256 tablesAt; // each: TABLE_BYTES
    uint256 runsAt; // for each stage, for each table: the runs of its columns
}

/// @dev What the order of a proof's columns is at given heights, as in zkvm/stark/layout.py.
struct Layout {
    uint256 columns; // in all stages
    uint256 nextColumns; // of them, opened at the next row too
    uint256[] lifts; // slot → log2 of how much taller the tallest table is; slot 0 is for columns that need no more
    uint256[][] levels; // stage → its levels, the tallest first: a head, then the runs of columns in a row
}

/// @title Reading a machine's shape
/// @notice The shape lies in a contract's code, behind a STOP, as zkvm/onchain/shape.py writes it.
library Machines {
    uint256 internal constant TABLE_BYTES = 6;
    uint256 private constant MINIMUM = 0;
    uint256 private constant MAXIMUM = 1;
    uint256 private constant HAS_TOTAL = 2;
    uint256 private constant INTERACTIONS = 4;

    /// @dev The shape in a contract's code.
    function load(address from) internal view returns (Machine memory m) {
        unchecked {
            uint256 ptr;
            assembly ("memory-safe") {
                ptr := mload(0x40)
                let size := sub(extcodesize(from), 1)
                extcodecopy(from, ptr, 1, size)
                // A word more: what is read in words may reach beyond the last byte.
                mstore(0x40, and(add(add(ptr, size), 63), not(31)))
            }
            assembly ("memory-safe") {
                mstore(m, mload(ptr))
            }
            m.publics = number(ptr + 32, 1);
            m.challenges = number(ptr + 33, 1);
            m.tables = number(ptr + 34, 1);
            m.maxLogHeight = number(ptr + 35, 1);
            m.parameters = number(ptr + 36, 1);
            m.keyed = number(ptr + 37, 1);
            m.hasFixed = number(ptr + 38, 1) != 0;
            ptr += 39;
            m.nameAt = ptr;
            ptr += 2 + number(ptr, 2);
            m.parametersAt = ptr;
            for (uint256 i = 0; i < m.parameters; ++i) {
                ptr += 3 + number(ptr + 1, 2);
            }
            m.keyedAt = ptr;
            for (uint256 i = 0; i < m.keyed; ++i) {
                ptr += 3 + number(ptr + 1, 2);
            }
            m.tablesAt = ptr;
            m.runsAt = ptr + TABLE_BYTES * m.tables;
        }
    }

    /// @dev A big-endian number of `size` bytes in memory.
    function number(uint256 ptr, uint256 size) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := shr(sub(256, shl(3, size)), mload(ptr))
        }
    }

    /// @dev The least and the largest height of a table, log2 of its rows.
    function heightsOf(Machine memory m, uint256 table) internal pure returns (uint256, uint256) {
        unchecked {
            uint256 ptr = m.tablesAt + TABLE_BYTES * table;
            return (number(ptr + MINIMUM, 1), number(ptr + MAXIMUM, 1));
        }
    }

    /// @dev Whether a table has a claimed total.
    function hasTotal(Machine memory m, uint256 table) internal pure returns (bool) {
        unchecked {
            return number(m.tablesAt + TABLE_BYTES * table + HAS_TOTAL, 1) != 0;
        }
    }

    /// @dev Messages that a table sends or receives in a row.
    function interactionsOf(Machine memory m, uint256 table) internal pure returns (uint256) {
        unchecked {
            return number(m.tablesAt + TABLE_BYTES * table + INTERACTIONS, 2);
        }
    }

    /// @dev The layout at these heights.
    function layoutOf(Machine memory m, uint256[] memory logHeights, uint256 logHeight, uint256 logBlowup)
        internal
        pure
        returns (Layout memory l)
    {
        unchecked {
            l.levels = new uint256[][](STAGES);
            l.lifts = lifts(logHeights, logHeight);
            uint256 order = _order(logHeights, l.lifts, logHeight);
            uint256 places = _dataOf(new uint256[](m.tables));
            uint256 ptr = m.runsAt;
            for (uint256 stage = 0; stage < STAGES - 1; ++stage) {
                uint256 words = m.tables + 1;
                for (uint256 place = places; place != places + 32 * m.tables; place += 32) {
                    _put(place, ptr | l.columns << 32 | l.nextColumns << 48);
                    uint256 count = _byteAt(ptr++);
                    words += count;
                    for (; count != 0; --count) {
                        l.columns += _byteAt(ptr);
                        if (_byteAt(ptr + 1) != 0) l.nextColumns += _byteAt(ptr);
                        ptr += 2;
                    }
                }
                l.levels[stage] = new uint256[](words);
                _putLevels(_dataOf(l.levels[stage]), order, m.tables, places, logHeight + logBlowup, stage != 0);
            }
            uint256[] memory quotient = new uint256[](3);
            quotient[0] = levelOf(logHeight + logBlowup, QUOTIENT_WIDTH);
            quotient[1] = runOf(QUOTIENT_WIDTH, false, 0, l.columns, 0);
            l.levels[STAGES - 1] = quotient;
            l.columns += QUOTIENT_WIDTH;
        }
    }

    /// @dev The slot of a table's own columns: 0 where it is the tallest.
    function slotOf(uint256[] memory slots, uint256 lift) internal pure returns (uint256 slot) {
        unchecked {
            while (slots[slot] != lift) ++slot;
        }
    }

    /// @dev A word that heads a level: its size, and the elements in a row.
    function levelOf(uint256 logRows, uint256 width) internal pure returns (uint256) {
        return 1 << 255 | width << 16 | logRows;
    }

    /// @dev A word for neighbouring columns that are summed together: how many, whether they are opened at the next row
    /// too, the slot of their lift, the number of the first, and the first's number among those opened at the next row.
    function runOf(uint256 count, bool next, uint256 slot, uint256 first, uint256 nextFirst)
        internal
        pure
        returns (uint256)
    {
        return count | (next ? 1 << 8 : 0) | slot << 16 | first << 32 | nextFirst << 48;
    }

    /// @dev The distinct lifts of tables, 0 and then ascending.
    function lifts(uint256[] memory logHeights, uint256 logHeight) internal pure returns (uint256[] memory r) {
        unchecked {
            uint256 found = 1;
            uint256 count = 1;
            for (uint256 table = 0; table < logHeights.length; ++table) {
                uint256 bit = 1 << (logHeight - logHeights[table]);
                if (found & bit == 0) ++count;
                found |= bit;
            }
            r = new uint256[](count);
            uint256 slot = 0;
            for (uint256 lift = 0; slot < count; ++lift) {
                if (found >> lift & 1 == 1) r[slot++] = lift;
            }
        }
    }

    /// @dev The tables as the levels of a stage have them, a word each: the lift, the slot, the table, from bits 16, 8, 0.
    function _order(uint256[] memory logHeights, uint256[] memory slots, uint256 logHeight)
        private
        pure
        returns (uint256 order)
    {
        unchecked {
            order = _dataOf(new uint256[](logHeights.length));
            uint256 to = order;
            for (uint256 slot = 0; slot < slots.length; ++slot) {
                uint256 wanted = logHeight - slots[slot];
                uint256 ptr = _dataOf(logHeights);
                for (uint256 table = 0; table < logHeights.length; ++table) {
                    if (_wordAt(ptr) == wanted) {
                        _put(to, slots[slot] << 16 | slot << 8 | table);
                        to += 32;
                    }
                    ptr += 32;
                }
            }
        }
    }

    /// @dev Writes a stage's levels; the zero that ends them is there.
    /// @param places Of each table's runs: in memory the shape's bytes of them, the first column and the first of those
    /// opened at the next row, from bits 0, 32, 48.
    function _putLevels(uint256 to, uint256 order, uint256 tables, uint256 places, uint256 logDomain, bool own)
        private
        pure
    {
        unchecked {
            uint256 last = type(uint256).max;
            uint256 head = 0;
            for (uint256 end = order + 32 * tables; order != end; order += 32) {
                uint256 entry = _wordAt(order);
                uint256 place = _wordAt(places + 32 * (entry & 0xff));
                uint256 ptr = place & 0xffffffff;
                uint256 left = _byteAt(ptr++);
                if (left == 0) continue;
                if (entry >> 8 != last) {
                    (last, head) = (entry >> 8, to);
                    _put(head, levelOf(logDomain - (entry >> 16), 0));
                    to += 32;
                }
                (uint256 first, uint256 nextFirst) = (place >> 32 & 0xffff, place >> 48);
                for (; left != 0; --left) {
                    uint256 count = _byteAt(ptr);
                    bool next = _byteAt(ptr + 1) != 0;
                    _put(to, runOf(count, next, own ? entry >> 8 & 0xff : 0, first, nextFirst));
                    _put(head, _wordAt(head) + (count << 16));
                    first += count;
                    if (next) nextFirst += count;
                    to += 32;
                    ptr += 2;
                }
            }
        }
    }

    function _byteAt(uint256 ptr) private pure returns (uint256 r) {
        assembly ("memory-safe") {
            r := byte(0, mload(ptr))
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
