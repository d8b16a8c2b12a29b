// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Multi-openings of Merkle trees
/// @notice A tree's known nodes are a list in memory, two words each: the position on their level, and the node, in the
/// high bytes of its word; whatever the low bytes hold is cut off where the node is hashed. All positions of a tree are
/// opened at once; siblings that cannot be computed come from the call data, level by level from the leaves, left to
/// right.
library Trees {
    /// @dev The digest of `size` bytes of the call data, which are left where memory is free.
    function digest(uint256 cursor, uint256 size) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let ptr := mload(0x40)
            calldatacopy(ptr, cursor, size)
            r := keccak256(ptr, size)
        }
    }

    /// @dev Climbs levels in which no two known nodes have one parent: node by node, all levels at once, with the next
    /// sibling of a node one row of siblings on.
    /// @param list The known nodes, of ascending positions; those above take their place.
    /// @param count How many.
    /// @param levels How many levels, 1 or more.
    /// @param digests 0, or of the rows of the last level reached, as of `climbToRows`.
    /// @param nodeBytes Of a node.
    /// @param cursor Where the first sibling lies in the call data.
    /// @return The new cursor.
    function climbApart(uint256 list, uint256 count, uint256 levels, uint256 digests, uint256 nodeBytes, uint256 cursor)
        internal
        pure
        returns (uint256)
    {
        assembly ("memory-safe") {
            let stride := mul(count, nodeBytes)
            let pair := mload(0x40)
            // A node goes to the left or to the right of the pair, its sibling to the other side.
            let sides := add(shl(1, pair), nodeBytes)
            for { let end := add(list, shl(6, count)) } lt(list, end) { list := add(list, 64) } {
                let position := mload(list)
                mstore(list, shr(levels, position))
                list := add(list, 32)
                let node := mload(list)
                let sibling := cursor
                let plain := sub(levels, iszero(iszero(digests)))
                if and(plain, 1) {
                    let side := add(pair, mul(and(position, 1), nodeBytes))
                    mstore(side, node)
                    calldatacopy(sub(sides, side), sibling, nodeBytes)
                    node := keccak256(pair, shl(1, nodeBytes))
                    sibling := add(sibling, stride)
                    position := shr(1, position)
                }
                // Two levels a turn.
                for { plain := shr(1, plain) } plain { plain := sub(plain, 1) } {
                    let side := add(pair, mul(and(position, 1), nodeBytes))
                    mstore(side, node)
                    calldatacopy(sub(sides, side), sibling, nodeBytes)
                    node := keccak256(pair, shl(1, nodeBytes))
                    side := add(pair, mul(and(shr(1, position), 1), nodeBytes))
                    mstore(side, node)
                    sibling := add(sibling, stride)
                    calldatacopy(sub(sides, side), sibling, nodeBytes)
                    node := keccak256(pair, shl(1, nodeBytes))
                    sibling := add(sibling, stride)
                    position := shr(2, position)
                }
                if digests {
                    let side := add(pair, mul(and(position, 1), nodeBytes))
                    mstore(side, node)
                    calldatacopy(sub(sides, side), sibling, nodeBytes)
                    mstore(add(pair, shl(1, nodeBytes)), mload(digests))
                    node := keccak256(pair, mul(3, nodeBytes))
                    digests := add(digests, 32)
                }
                mstore(list, node)
                list := sub(list, 32)
                cursor := add(cursor, nodeBytes)
            }
            cursor := add(cursor, mul(stride, sub(levels, 1)))
        }
        return cursor;
    }

    /// @dev Climbs one level, in which nodes may meet.
    /// @param list The known nodes, of ascending positions; those above take their place.
    /// @param count How many.
    /// @param nodeBytes Of a node.
    /// @param cursor Where the next sibling lies in the call data.
    /// @return How many nodes are known above, and the new cursor.
    function climb(uint256 list, uint256 count, uint256 nodeBytes, uint256 cursor)
        internal
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let pair := mload(0x40)
            let end := add(list, shl(6, count))
            let to := list
            // Behind the last node stands no position: nothing there is its sibling.
            mstore(end, not(0))
            for { let from := list } lt(from, end) {} {
                let position := mload(from)
                mstore(to, shr(1, position))
                let side := mul(and(position, 1), nodeBytes)
                mstore(add(pair, side), mload(add(from, 32)))
                from := add(from, 64)
                // A sibling that is known is on the right: one on the left would have come before.
                switch eq(xor(mload(from), position), 1)
                case 0 {
                    calldatacopy(add(pair, sub(nodeBytes, side)), cursor, nodeBytes)
                    cursor := add(cursor, nodeBytes)
                }
                default {
                    mstore(add(pair, nodeBytes), mload(add(from, 32)))
                    from := add(from, 64)
                }
                mstore(add(to, 32), keccak256(pair, shl(1, nodeBytes)))
                to := add(to, 64)
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }

    /// @dev The same, to a level that has rows: a node there also takes the digest of the row at its position.
    /// @param digests Of the rows at the known positions of the level above, in their order.
    function climbToRows(uint256 list, uint256 count, uint256 digests, uint256 nodeBytes, uint256 cursor)
        internal
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let pair := mload(0x40)
            let end := add(list, shl(6, count))
            let to := list
            mstore(end, not(0))
            for { let from := list } lt(from, end) {} {
                let position := mload(from)
                mstore(to, shr(1, position))
                let side := mul(and(position, 1), nodeBytes)
                mstore(add(pair, side), mload(add(from, 32)))
                from := add(from, 64)
                switch eq(xor(mload(from), position), 1)
                case 0 {
                    calldatacopy(add(pair, sub(nodeBytes, side)), cursor, nodeBytes)
                    cursor := add(cursor, nodeBytes)
                }
                default {
                    mstore(add(pair, nodeBytes), mload(add(from, 32)))
                    from := add(from, 64)
                }
                mstore(add(pair, shl(1, nodeBytes)), mload(digests))
                digests := add(digests, 32)
                mstore(add(to, 32), keccak256(pair, mul(3, nodeBytes)))
                to := add(to, 64)
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }

    /// @dev Climbs from one level to another, with no rows between them.
    /// @param digests 0, or of the rows of the level reached, as of `climbToRows`.
    /// @param meet log2 of the highest level in which two of the positions are siblings; 0 where none ever are.
    function climbTo(
        uint256 list,
        uint256 count,
        uint256 from,
        uint256 to,
        uint256 digests,
        uint256 meet,
        uint256 nodeBytes,
        uint256 cursor
    ) internal pure returns (uint256, uint256) {
        unchecked {
            uint256 apart = meet > to ? meet : to;
            if (from > apart) {
                cursor = climbApart(list, count, from - apart, apart == to ? digests : 0, nodeBytes, cursor);
                if (apart == to) return (count, cursor);
                from = apart;
            }
            for (; from > to + 1 || from > to && digests == 0; --from) {
                (count, cursor) = climb(list, count, nodeBytes, cursor);
            }
            return from == to ? (count, cursor) : climbToRows(list, count, digests, nodeBytes, cursor);
        }
    }
}
