// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SystemContract} from "./SystemContract.sol";

/// @title What a chain knows of L1 (0x800b)
/// @notice As the operator reports it: good for fee estimates, not for anything that must be true.
contract SystemContext is SystemContract {
    /// @notice Number of the last L1 block the chain has seen.
    uint64 public l1BlockNumber;
    /// @notice Its timestamp, seconds.
    uint64 public l1Timestamp;
    /// @notice Its base fee, wei a gas.
    uint256 public l1BaseFee;

    /// @notice The chain saw another L1 block.
    event L1DataSet(uint64 l1BlockNumber, uint64 l1Timestamp, uint256 l1BaseFee);

    /// @notice Reports an L1 block; a lower number than before is possible, L1 may reorganise.
    function setL1Data(uint64 blockNumber, uint64 timestamp, uint256 baseFee) external onlyBootloader {
        l1BlockNumber = blockNumber;
        l1Timestamp = timestamp;
        l1BaseFee = baseFee;
        emit L1DataSet(blockNumber, timestamp, baseFee);
    }
}
