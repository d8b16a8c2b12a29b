// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BridgehubL2TransactionRequest,
    L2Log,
    L2Message,
    TxStatus
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";

/// @title What the other contracts ask of a chain
interface IZKChain {
    function getAdmin() external view returns (address);
    function getChainId() external view returns (uint256);
    function getProtocolVersion() external view returns (uint256);
    function freezeDiamond() external;
    function unfreezeDiamond() external;
    function deactivatePriorityMode() external;
    function revertBatchesSharedBridge(address chainAddress, uint256 newLastBatch) external;
    function setPriorityTxMaxGasLimit(uint256 newLimit) external;

    function bridgehubRequestL2Transaction(BridgehubL2TransactionRequest calldata request)
        external
        returns (bytes32 canonicalTxHash);

    function l2TransactionBaseCost(uint256 gasPrice, uint256 l2GasLimit, uint256 l2GasPerPubdataByteLimit)
        external
        view
        returns (uint256);

    function proveL2MessageInclusion(
        uint256 batchNumber,
        uint256 index,
        L2Message calldata message,
        bytes32[] calldata proof
    ) external view returns (bool);

    function proveL2LogInclusion(uint256 batchNumber, uint256 index, L2Log calldata log, bytes32[] calldata proof)
        external
        view
        returns (bool);

    function proveL1ToL2TransactionStatus(
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof,
        TxStatus status
    ) external view returns (bool);
}
