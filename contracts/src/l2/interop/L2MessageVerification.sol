// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log, L2Message} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {L2InteropRootStorage} from "../L2InteropRootStorage.sol";
import {L1_MESSENGER, L2_INTEROP_ROOT_STORAGE} from "../SystemContract.sol";
import {MessageProof} from "./MessageProof.sol";

/// @title Proves what other chains said (0x10009)
/// @notice Against the message roots that this chain imported; the words of a proof are ZK Stack's.
contract L2MessageVerification {
    /// @notice Whether a chain sent a message.
    /// @param chainId The chain.
    /// @param blockOrBatchNumber Its batch.
    /// @param index Index of the message's log among the batch's logs.
    /// @param message The message.
    /// @param proof Path to a message root that was imported.
    function proveL2MessageInclusionShared(
        uint256 chainId,
        uint256 blockOrBatchNumber,
        uint256 index,
        L2Message calldata message,
        bytes32[] calldata proof
    ) external view returns (bool) {
        L2Log memory log = L2Log({
            l2ShardId: 0,
            isService: true,
            txNumberInBatch: message.txNumberInBatch,
            sender: L1_MESSENGER,
            key: bytes32(uint256(uint160(message.sender))),
            value: keccak256(message.data)
        });
        return _isProven(chainId, blockOrBatchNumber, index, log, proof);
    }

    /// @notice Whether a chain's batch has a log.
    /// @param chainId The chain.
    /// @param blockOrBatchNumber Its batch.
    /// @param index Index of the log among the batch's logs.
    /// @param log The log.
    /// @param proof Path to a message root that was imported.
    function proveL2LogInclusionShared(
        uint256 chainId,
        uint256 blockOrBatchNumber,
        uint256 index,
        L2Log calldata log,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return _isProven(chainId, blockOrBatchNumber, index, log, proof);
    }

    function _isProven(uint256 chainId, uint256 batchNumber, uint256 index, L2Log memory log, bytes32[] calldata proof)
        private
        view
        returns (bool)
    {
        MessageProof.Target memory target = MessageProof.targetOf(chainId, batchNumber, index, log, proof);
        bytes32 known = L2InteropRootStorage(L2_INTEROP_ROOT_STORAGE).interopRoots(target.chainId, target.blockNumber);
        return known != bytes32(0) && known == target.root;
    }
}
