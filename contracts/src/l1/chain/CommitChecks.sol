// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    COMMIT_NOT_NEWER,
    COMMIT_NOT_OLDER_ELSEWHERE,
    COMMIT_NOT_OLDER_MAINNET,
    DA_CALLDATA,
    ETHEREUM_MAINNET
} from "../common/Constants.sol";
import {
    BatchNumberMismatch,
    BatchTooNew,
    BatchTooOld,
    BlockRangeEmpty,
    ChainIdMismatch,
    ChainIdNotRegistered,
    DASchemeMismatch,
    InvalidInteropFlow,
    InvalidPubdataHash,
    NonIncreasingTimestamp,
    OnlyPriorityOperations,
    PubdataNotEmpty,
    SettlementLayerMismatch
} from "../common/Errors.sol";
import {CommitBatchInfo, InteropFlow} from "./BatchTypes.sol";
import {ZKChainBase} from "./ZKChainBase.sol";

/// @title What a batch must be to be committed
/// @notice The proof shows that the batch's claims are true of the program's run; what is checked here is that they
/// are claims this chain may make on this layer now.
abstract contract CommitChecks is ZKChainBase {
    function _requireCommittable(CommitBatchInfo memory batch, uint256 batchNumber, uint256 previousTimestamp)
        internal
        view
    {
        if (batch.batchNumber != batchNumber) revert BatchNumberMismatch(batchNumber, batch.batchNumber);
        if (batch.chainId != s.chainId) revert ChainIdMismatch(s.chainId, batch.chainId);
        if (batch.slChainId != block.chainid) revert SettlementLayerMismatch(block.chainid, batch.slChainId);
        if (batch.firstBlockNumber > batch.lastBlockNumber) {
            revert BlockRangeEmpty(batch.firstBlockNumber, batch.lastBlockNumber);
        }
        if (s.priorityMode && (batch.numberOfLayer2Txs != 0 || batch.numberOfLayer1Txs == 0)) {
            revert OnlyPriorityOperations(batch.numberOfLayer1Txs, batch.numberOfLayer2Txs);
        }
        _requireTimestamps(batch, previousTimestamp);
        _requirePubdata(batch);
        _requireFlows(batch.interopFlows);
    }

    /// @dev Within the batch and from batch to batch time does not run backwards; it is near the time on L1, so that
    /// an operator cannot date blocks as it likes.
    function _requireTimestamps(CommitBatchInfo memory batch, uint256 previousTimestamp) private view {
        uint256 first = batch.firstBlockTimestamp;
        uint256 last = batch.lastBlockTimestamp;
        if (first < previousTimestamp) revert NonIncreasingTimestamp(previousTimestamp, first);
        if (last < first) revert NonIncreasingTimestamp(first, last);
        uint256 notOlder = block.chainid == ETHEREUM_MAINNET ? COMMIT_NOT_OLDER_MAINNET : COMMIT_NOT_OLDER_ELSEWHERE;
        if (first + notOlder < block.timestamp) revert BatchTooOld(first, block.timestamp - notOlder);
        if (last > block.timestamp + COMMIT_NOT_NEWER) revert BatchTooNew(last, block.timestamp + COMMIT_NOT_NEWER);
    }

    function _requirePubdata(CommitBatchInfo memory batch) private view {
        uint256 scheme = s.daCommitmentScheme;
        if (batch.daCommitmentScheme != scheme) revert DASchemeMismatch(scheme, batch.daCommitmentScheme);
        if (scheme == DA_CALLDATA) {
            bytes32 published = keccak256(batch.operatorDAInput);
            if (published != batch.daCommitment) revert InvalidPubdataHash(batch.daCommitment, published);
        } else if (batch.operatorDAInput.length != 0) {
            revert PubdataNotEmpty(batch.operatorDAInput.length);
        }
    }

    /// @dev Strictly increasing by (destination, asset): one sum a pair. To other chains of this hub only, which never
    /// go away: a flow that is accepted here can be credited when the batch is executed.
    function _requireFlows(InteropFlow[] memory flows) private view {
        for (uint256 i = 0; i < flows.length; ++i) {
            InteropFlow memory flow = flows[i];
            if (flow.amount == 0 || flow.destinationChainId == s.chainId) revert InvalidInteropFlow(i);
            if (i != 0) {
                InteropFlow memory before = flows[i - 1];
                bool increasing = flow.destinationChainId > before.destinationChainId
                    || (flow.destinationChainId == before.destinationChainId && flow.assetId > before.assetId);
                if (!increasing) revert InvalidInteropFlow(i);
            }
            if (BRIDGE_HUB.getZKChain(flow.destinationChainId) == address(0)) {
                revert ChainIdNotRegistered(flow.destinationChainId);
            }
        }
    }
}
