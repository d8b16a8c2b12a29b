// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Multi-openings of Merkle trees
/// @notice A tree's known nodes are a list in memory, two words each: the position on their level, and the node, in the
/// high bytes of its word. All positions of a tree are opened at once; siblings that cannot be computed come from the
/// call data, level by level from the leaves, left to right.
library Trees {
    /// @dev The digest of `size` bytes of the call data, which are left where memory is free.
    function digest(uint256 cursor, uint256 size, uint256 nodeBytes) internal pure returns (uint256 r) {
        assembly ("memory-safe") {
            let ptr := mload(0x40)
            calldatacopy(ptr, cursor, size)
            r := and(keccak256(ptr, size), not(shr(shl(3, nodeBytes), not(0))))
        }
    }

    /// @dev From the known nodes of one level to those of the level above, which take their place.
    /// @param list The known nodes, of ascending positions.
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
            let left := mload(0x40)
            let right := add(left, nodeBytes)
            let size := shl(1, nodeBytes)
            let mask := not(shr(shl(3, nodeBytes), not(0)))
            let end := add(list, shl(6, count))
            let to := list
            // Behind the last node stands no position: nothing there is its sibling.
            mstore(end, 0)
            for { let from := list } lt(from, end) { from := add(from, 64) } {
                let position := mload(from)
                switch and(position, 1)
                case 0 {
                    mstore(left, mload(add(from, 32)))
                    switch eq(mload(add(from, 64)), add(position, 1))
                    case 0 {
                        calldatacopy(right, cursor, nodeBytes)
                        cursor := add(cursor, nodeBytes)
                    }
                    default {
                        from := add(from, 64)
                        mstore(right, mload(add(from, 32)))
                    }
                }
                default {
                    // A sibling on the left that were known would have come before.
                    calldatacopy(left, cursor, nodeBytes)
                    cursor := add(cursor, nodeBytes)
                    mstore(right, mload(add(from, 32)))
                }
                mstore(to, shr(1, position))
                mstore(add(to, 32), and(keccak256(left, size), mask))
                to := add(to, 64)
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }

    /// @dev The same, to a level that has rows: a node there also takes the digest of the row at its position.
    /// @param digests Of the rows at the known positions of the level above, in their order.
    function climbTo(uint256 list, uint256 count, uint256 digests, uint256 nodeBytes, uint256 cursor)
        internal
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let left := mload(0x40)
            let right := add(left, nodeBytes)
            let to := list
            let end := add(list, shl(6, count))
            mstore(end, 0)
            for { let from := list } lt(from, end) { from := add(from, 64) } {
                let position := mload(from)
                switch and(position, 1)
                case 0 {
                    mstore(left, mload(add(from, 32)))
                    switch eq(mload(add(from, 64)), add(position, 1))
                    case 0 {
                        calldatacopy(right, cursor, nodeBytes)
                        cursor := add(cursor, nodeBytes)
                    }
                    default {
                        from := add(from, 64)
                        mstore(right, mload(add(from, 32)))
                    }
                }
                default {
                    calldatacopy(left, cursor, nodeBytes)
                    cursor := add(cursor, nodeBytes)
                    mstore(right, mload(add(from, 32)))
                }
                mstore(add(right, nodeBytes), mload(digests))
                digests := add(digests, 32)
                mstore(to, shr(1, position))
                mstore(add(to, 32), and(keccak256(left, mul(3, nodeBytes)), not(shr(shl(3, nodeBytes), not(0)))))
                to := add(to, 64)
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }
}
