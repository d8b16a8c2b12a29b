// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Protocol versions, packed as ZK Stack packs them: major << 64 | minor << 32 | patch
library SemVer {
    /// @notice The three numbers of a version.
    function unpack(uint256 version) internal pure returns (uint32 major, uint32 minor, uint32 patch) {
        // Casting to 'uint32' takes one part of the packed version each.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint32(version >> 64), uint32(version >> 32), uint32(version));
    }

    /// @notice Whether nothing stands above the major number.
    function isPacked(uint256 version) internal pure returns (bool) {
        return version <= type(uint96).max;
    }
}
