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
            let to := list
            let end := add(list, shl(6, count))
            // Beyond the last node stands no sibling of it.
            mstore(end, not(0))
            for { let from := list } lt(from, end) {} {
                let position := mload(from)
                let ptr := mload(0x40)
                switch eq(mload(add(from, 64)), add(position, 1))
                case 0 {
                    // The sibling is in the call data, on the side that the position's last bit says.
                    let odd := mul(and(position, 1), nodeBytes)
                    mstore(add(ptr, odd), mload(add(from, 32)))
                    if odd { calldatacopy(ptr, cursor, nodeBytes) }
                    if iszero(odd) { calldatacopy(add(ptr, nodeBytes), cursor, nodeBytes) }
                    cursor := add(cursor, nodeBytes)
                    from := add(from, 64)
                }
                default {
                    switch and(position, 1)
                    case 0 {
                        mstore(ptr, mload(add(from, 32)))
                        mstore(add(ptr, nodeBytes), mload(add(from, 96)))
                        from := add(from, 128)
                    }
                    default {
                        // Neighbours, but of two parents.
                        calldatacopy(ptr, cursor, nodeBytes)
                        cursor := add(cursor, nodeBytes)
                        mstore(add(ptr, nodeBytes), mload(add(from, 32)))
                        from := add(from, 64)
                    }
                }
                let size := shl(1, nodeBytes)
                if injected {
                    mstore(add(ptr, size), mload(injected))
                    injected := add(injected, 32)
                    size := add(size, nodeBytes)
                }
                mstore(to, shr(1, position))
                mstore(add(to, 32), and(keccak256(ptr, size), not(shr(shl(3, nodeBytes), not(0)))))
                to := add(to, 64)
            }
            count := shr(6, sub(to, list))
        }
        return (count, cursor);
    }
}
