// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Message, TxStatus} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";

/// @title What the other contracts ask of the Bridgehub
interface IBridgehub {
    /// @notice The chain's contract, or zero.
    function getZKChain(uint256 chainId) external view returns (address);

    /// @notice Where deposits are routed.
    function assetRouter() external view returns (address);

    /// @notice The tree over all chains' executed batches.
    function messageRoot() external view returns (address);

    /// @notice Token whose asset id is the chain's base token; ether is `address(1)`.
    function baseToken(uint256 chainId) external view returns (address);

    /// @notice Asset id of a chain's base token, zero for an unknown chain.
    function baseTokenAssetId(uint256 chainId) external view returns (bytes32);

    /// @notice Whether a message was sent by a chain.
    function proveL2MessageInclusion(
        uint256 chainId,
        uint256 batchNumber,
        uint256 index,
        L2Message calldata message,
        bytes32[] calldata proof
    ) external view returns (bool);

    /// @notice Whether a request was executed by a chain with this outcome.
    function proveL1ToL2TransactionStatus(
        uint256 chainId,
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof,
        TxStatus status
    ) external view returns (bool);
}
