// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {
    PriorityTree
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {IBatchVerifier} from "../interfaces/IBatchVerifier.sol";
import {SemVer} from "../libraries/SemVer.sol";
import {InteropFlow} from "./BatchTypes.sol";
import {ZKChainBase} from "./ZKChainBase.sol";

/// @title Reads a chain's state; names as in ZK Stack's `IGetters`
abstract contract Getters is ZKChainBase {
    using PriorityTree for PriorityTree.Tree;

    // -- identity ----------------------------------------------------------------------------------------------------

    /// @notice The chain id.
    function getChainId() external view returns (uint256) {
        return s.chainId;
    }

    /// @notice The Bridgehub.
    function getBridgehub() external view returns (address) {
        return address(BRIDGE_HUB);
    }

    /// @notice The chain type manager.
    function getChainTypeManager() external view returns (address) {
        return s.chainTypeManager;
    }

    /// @notice The admin.
    function getAdmin() external view returns (address) {
        return s.admin;
    }

    /// @notice Whom the admin offered its place to.
    function getPendingAdmin() external view returns (address) {
        return s.pendingAdmin;
    }

    /// @notice L1 block that created the chain: nothing about it happened before.
    function getCreationBlock() external view returns (uint256) {
        return s.creationBlock;
    }

    /// @notice Token on L1 that is the chain's base token; `address(1)` for ether.
    function getBaseToken() external view returns (address) {
        return BRIDGE_HUB.baseToken(s.chainId);
    }

    /// @notice Asset id of the base token.
    function getBaseTokenAssetId() external view returns (bytes32) {
        return s.baseTokenAssetId;
    }

    /// @notice The version, packed as major << 64 | minor << 32 | patch.
    function getProtocolVersion() external view returns (uint256) {
        return s.protocolVersion;
    }

    /// @notice The version as (major, minor, patch).
    function getSemverProtocolVersion() external view returns (uint32, uint32, uint32) {
        return SemVer.unpack(s.protocolVersion);
    }

    /// @notice Where the chain settles if it is not here; zero, it settles here.
    function getSettlementLayer() external pure returns (address) {
        return address(0);
    }

    /// @notice Whether the chain is frozen.
    function isDiamondStorageFrozen() external view returns (bool) {
        return s.frozen;
    }

    // -- batches -----------------------------------------------------------------------------------------------------

    /// @notice Number of the last committed batch.
    function getTotalBatchesCommitted() external view returns (uint256) {
        return s.totalBatchesCommitted;
    }

    /// @notice Number of the last proven batch.
    function getTotalBatchesVerified() external view returns (uint256) {
        return s.totalBatchesVerified;
    }

    /// @notice Number of the last executed batch.
    function getTotalBatchesExecuted() external view returns (uint256) {
        return s.totalBatchesExecuted;
    }

    /// @notice Hash of a committed batch; of one that was reverted until another takes its number.
    function storedBatchHash(uint256 batchNumber) external view returns (bytes32) {
        return s.storedBatchHashes[batchNumber];
    }

    /// @notice Root of an executed batch's logs, zero before it is executed.
    function l2LogsRootHash(uint256 batchNumber) external view returns (bytes32) {
        return s.l2LogsRootHashes[batchNumber];
    }

    /// @notice What a committed batch will send to other chains when it is executed.
    function getInteropFlows(uint256 batchNumber) external view returns (InteropFlow[] memory) {
        return s.interopFlows[batchNumber];
    }

    /// @notice The verifier.
    function getVerifier() external view returns (address) {
        return s.verifier;
    }

    /// @notice Whether batches are settled without proofs.
    function isDevelopmentOnly() external view returns (bool) {
        return IBatchVerifier(s.verifier).developmentOnly();
    }

    /// @notice The batch program whose proofs are accepted.
    function getProgramId() external view returns (bytes32) {
        return s.programId;
    }

    /// @notice Whether an address may settle batches here; the timelock may, and asks for roles itself.
    function isValidator(address account) external view returns (bool) {
        return s.validators[account];
    }

    /// @notice Data availability scheme: 1 validium, 2 calldata.
    function getDACommitmentScheme() external view returns (uint256) {
        return s.daCommitmentScheme;
    }

    /// @notice Whether the chain promised for ever to publish its data.
    function isPermanentRollup() external view returns (bool) {
        return s.isPermanentRollup;
    }

    // -- requests from L1 --------------------------------------------------------------------------------------------

    /// @notice How many requests there ever were.
    function getTotalPriorityTxs() external view returns (uint256) {
        return s.priorityTree.getTotalPriorityTxs();
    }

    /// @notice Id of the oldest request that no executed batch holds.
    function getFirstUnprocessedPriorityTx() external view returns (uint256) {
        return s.priorityTree.getFirstUnprocessedPriorityTx();
    }

    /// @notice How many requests wait.
    function getPriorityQueueSize() external view returns (uint256) {
        return s.priorityTree.getSize();
    }

    /// @notice Root of the tree of all requests.
    function getPriorityTreeRoot() external view returns (bytes32) {
        return s.priorityTree.getRoot();
    }

    /// @notice Id of the tree's first leaf.
    function getPriorityTreeStartIndex() external view returns (uint256) {
        return s.priorityTree.startIndex;
    }

    /// @notice When a request was made, seconds.
    function getPriorityOpRequestTimestamp(uint256 priorityOpId) external view returns (uint64) {
        return s.priorityOpsRequestTimestamp[priorityOpId];
    }

    /// @notice Seconds a request may wait before anyone may force it.
    function getPriorityExpiration() external view returns (uint64) {
        return s.priorityExpiration;
    }

    /// @notice Whether only requests from L1 are settled, by anyone.
    function isPriorityMode() external view returns (bool) {
        return s.priorityMode;
    }

    /// @notice Gas one request may ask for.
    function getPriorityTxMaxGasLimit() external view returns (uint256) {
        return s.priorityTxMaxGasLimit;
    }

    /// @notice Who may refuse requests, or zero.
    function getTransactionFilterer() external view returns (address) {
        return s.transactionFilterer;
    }

    /// @notice Prices of requests.
    function getFeeParams() external view returns (FeeParams memory) {
        return s.feeParams;
    }

    /// @notice Whether pubdata is charged.
    function getPubdataPricingMode() external view returns (PubdataPricingMode) {
        return s.feeParams.pubdataPricingMode;
    }

    /// @notice Price of ether in base token, upper part.
    function baseTokenGasPriceMultiplierNominator() external view returns (uint128) {
        return s.tokenMultiplierNominator;
    }

    /// @notice Price of ether in base token, lower part.
    function baseTokenGasPriceMultiplierDenominator() external view returns (uint128) {
        return s.tokenMultiplierDenominator;
    }
}
