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
    /// @param injected Where the digests of the rows on the level above lie, in the same order; 0 where it has none.
    /// @param nodeBytes Of a node.
    /// @param cursor Where the next sibling lies in the call data.
    /// @return How many nodes are known above, and the new cursor.
    function climb(uint256 list, uint256 count, uint256 injected, uint256 nodeBytes, uint256 cursor)
        internal
        pure
        returns (uint256, uint256)
    {
        assembly ("memory-safe") {
            let left := mload(0x40)
            let right := add(left, nodeBytes)
            let to := list
            let from := list
            // Behind the last node stands no position of a node: nothing is its sibling, and it ends the loop.
            mstore(add(list, shl(6, count)), not(0))
            for {} gt(not(0), mload(from)) {} {
                let position := mload(from)
                let node := mload(add(from, 32))
                from := add(from, 64)
                switch and(position, 1)
                case 0 {
                    mstore(left, node)
                    switch eq(mload(from), add(position, 1))
                    case 0 {
                        calldatacopy(right, cursor, nodeBytes)
                        cursor := add(cursor, nodeBytes)
                    }
                    default {
                        mstore(right, mload(add(from, 32)))
                        from := add(from, 64)
                    }
                }
                default {
                    // A sibling on the left that were known would have come before.
                    calldatacopy(left, cursor, nodeBytes)
                    cursor := add(cursor, nodeBytes)
                    mstore(right, node)
                }
                mstore(to, shr(1, position))
                to := add(to, 64)
                let size := shl(1, nodeBytes)
                if injected {
                    mstore(add(right, nodeBytes), mload(injected))
                    injected := add(injected, 32)
                    size := add(size, nodeBytes)
                }
                mstore(sub(to, 32), and(keccak256(left, size), not(shr(shl(3, nodeBytes), not(0)))))
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }
}
