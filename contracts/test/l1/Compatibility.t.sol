// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IBridgehub as IZKStackBridgehub
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {
    IMessageRoot as IZKStackMessageRoot
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IMessageRoot.sol";
import {
    IAssetHandler as IZKStackAssetHandler
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IAssetHandler.sol";
import {
    IL1AssetRouter as IZKStackAssetRouter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/asset-router/IL1AssetRouter.sol";
import {
    IAssetRouterBase
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/asset-router/IAssetRouterBase.sol";
import {
    IL1NativeTokenVault as IZKStackVault
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/ntv/IL1NativeTokenVault.sol";
import {INativeTokenVault} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/ntv/INativeTokenVault.sol";
import {
    IChainTypeManager as IZKStackManager
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/IChainTypeManager.sol";
import {
    IValidatorTimelock
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/IValidatorTimelock.sol";
import {IAdmin} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IAdmin.sol";
import {
    IExecutor
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IExecutor.sol";
import {
    IGetters
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IGetters.sol";
import {
    IMailboxImpl
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IMailboxImpl.sol";
import {NativeTokenVaultBase} from "../../src/bridge/NativeTokenVaultBase.sol";
import {Bridgehub} from "../../src/l1/Bridgehub.sol";
import {ChainTypeManager} from "../../src/l1/ChainTypeManager.sol";
import {MessageRoot} from "../../src/l1/MessageRoot.sol";
import {ValidatorTimelock} from "../../src/l1/ValidatorTimelock.sol";
import {L1AssetRouter} from "../../src/l1/bridge/L1AssetRouter.sol";
import {L1NativeTokenVault} from "../../src/l1/bridge/L1NativeTokenVault.sol";
import {Admin} from "../../src/l1/chain/Admin.sol";
import {Executor} from "../../src/l1/chain/Executor.sol";
import {Getters} from "../../src/l1/chain/Getters.sol";
import {Mailbox} from "../../src/l1/chain/Mailbox.sol";
import {Test} from "../utils/Test.sol";

/// @title What clients call by ZK Stack's published interfaces answers here
contract CompatibilityTest is Test {
    function same(bytes4 ours, bytes4 theirs) private pure {
        vm.assertEq(bytes32(ours), bytes32(theirs));
    }

    function test_bridgehub() public pure {
        same(Bridgehub.createNewChain.selector, IZKStackBridgehub.createNewChain.selector);
        same(Bridgehub.requestL2TransactionDirect.selector, IZKStackBridgehub.requestL2TransactionDirect.selector);
        same(Bridgehub.l2TransactionBaseCost.selector, IZKStackBridgehub.l2TransactionBaseCost.selector);
        same(Bridgehub.proveL2MessageInclusion.selector, IZKStackBridgehub.proveL2MessageInclusion.selector);
        same(Bridgehub.proveL2LogInclusion.selector, IZKStackBridgehub.proveL2LogInclusion.selector);
        same(Bridgehub.proveL1ToL2TransactionStatus.selector, IZKStackBridgehub.proveL1ToL2TransactionStatus.selector);
        same(Bridgehub.getZKChain.selector, IZKStackBridgehub.getZKChain.selector);
        same(Bridgehub.getAllZKChains.selector, IZKStackBridgehub.getAllZKChains.selector);
        same(Bridgehub.getAllZKChainChainIDs.selector, IZKStackBridgehub.getAllZKChainChainIDs.selector);
        same(Bridgehub.baseToken.selector, IZKStackBridgehub.baseToken.selector);
        same(Bridgehub.settlementLayer.selector, IZKStackBridgehub.settlementLayer.selector);
        same(Bridgehub.addChainTypeManager.selector, IZKStackBridgehub.addChainTypeManager.selector);
        same(Bridgehub.removeChainTypeManager.selector, IZKStackBridgehub.removeChainTypeManager.selector);
        same(Bridgehub.addTokenAssetId.selector, IZKStackBridgehub.addTokenAssetId.selector);
        same(Bridgehub.setPendingAdmin.selector, IZKStackBridgehub.setPendingAdmin.selector);
        same(Bridgehub.acceptAdmin.selector, IZKStackBridgehub.acceptAdmin.selector);
        vm.assertEq(Bridgehub.NewChain.selector, IZKStackBridgehub.NewChain.selector);
        vm.assertEq(Bridgehub.ChainTypeManagerAdded.selector, IZKStackBridgehub.ChainTypeManagerAdded.selector);
        vm.assertEq(
            Bridgehub.BaseTokenAssetIdRegistered.selector, IZKStackBridgehub.BaseTokenAssetIdRegistered.selector
        );
    }

    function test_bridgehubVariables() public pure {
        // Public variables have no selector in their contract's name.
        same(bytes4(keccak256("admin()")), IZKStackBridgehub.admin.selector);
        same(bytes4(keccak256("assetRouter()")), IZKStackBridgehub.assetRouter.selector);
        same(bytes4(keccak256("messageRoot()")), IZKStackBridgehub.messageRoot.selector);
        same(bytes4(keccak256("chainTypeManager(uint256)")), IZKStackBridgehub.chainTypeManager.selector);
        same(bytes4(keccak256("baseTokenAssetId(uint256)")), IZKStackBridgehub.baseTokenAssetId.selector);
        same(bytes4(keccak256("L1_CHAIN_ID()")), IZKStackBridgehub.L1_CHAIN_ID.selector);
    }

    function test_getters() public pure {
        same(Getters.getVerifier.selector, IGetters.getVerifier.selector);
        same(Getters.getAdmin.selector, IGetters.getAdmin.selector);
        same(Getters.getPendingAdmin.selector, IGetters.getPendingAdmin.selector);
        same(Getters.getBridgehub.selector, IGetters.getBridgehub.selector);
        same(Getters.getChainTypeManager.selector, IGetters.getChainTypeManager.selector);
        same(Getters.getChainId.selector, IGetters.getChainId.selector);
        same(Getters.getBaseToken.selector, IGetters.getBaseToken.selector);
        same(Getters.getBaseTokenAssetId.selector, IGetters.getBaseTokenAssetId.selector);
        same(Getters.getTotalBatchesCommitted.selector, IGetters.getTotalBatchesCommitted.selector);
        same(Getters.getTotalBatchesVerified.selector, IGetters.getTotalBatchesVerified.selector);
        same(Getters.getTotalBatchesExecuted.selector, IGetters.getTotalBatchesExecuted.selector);
        same(Getters.getTransactionFilterer.selector, IGetters.getTransactionFilterer.selector);
        same(Getters.getTotalPriorityTxs.selector, IGetters.getTotalPriorityTxs.selector);
        same(Getters.getPriorityTreeStartIndex.selector, IGetters.getPriorityTreeStartIndex.selector);
        same(Getters.getPriorityTreeRoot.selector, IGetters.getPriorityTreeRoot.selector);
        same(Getters.getFirstUnprocessedPriorityTx.selector, IGetters.getFirstUnprocessedPriorityTx.selector);
        same(Getters.getPriorityQueueSize.selector, IGetters.getPriorityQueueSize.selector);
        same(Getters.isValidator.selector, IGetters.isValidator.selector);
        same(Getters.l2LogsRootHash.selector, IGetters.l2LogsRootHash.selector);
        same(Getters.storedBatchHash.selector, IGetters.storedBatchHash.selector);
        same(Getters.isDiamondStorageFrozen.selector, IGetters.isDiamondStorageFrozen.selector);
        same(Getters.getProtocolVersion.selector, IGetters.getProtocolVersion.selector);
        same(Getters.getSemverProtocolVersion.selector, IGetters.getSemverProtocolVersion.selector);
        same(Getters.getPriorityTxMaxGasLimit.selector, IGetters.getPriorityTxMaxGasLimit.selector);
        same(Getters.getPubdataPricingMode.selector, IGetters.getPubdataPricingMode.selector);
        same(Getters.getSettlementLayer.selector, IGetters.getSettlementLayer.selector);
        same(
            Getters.baseTokenGasPriceMultiplierNominator.selector,
            IGetters.baseTokenGasPriceMultiplierNominator.selector
        );
        same(
            Getters.baseTokenGasPriceMultiplierDenominator.selector,
            IGetters.baseTokenGasPriceMultiplierDenominator.selector
        );
    }

    function test_mailbox() public pure {
        same(Mailbox.l2TransactionBaseCost.selector, IMailboxImpl.l2TransactionBaseCost.selector);
        same(Mailbox.proveL2MessageInclusion.selector, IMailboxImpl.proveL2MessageInclusion.selector);
        same(Mailbox.proveL2LogInclusion.selector, IMailboxImpl.proveL2LogInclusion.selector);
        same(Mailbox.proveL1ToL2TransactionStatus.selector, IMailboxImpl.proveL1ToL2TransactionStatus.selector);
        same(Mailbox.bridgehubRequestL2Transaction.selector, IMailboxImpl.bridgehubRequestL2Transaction.selector);
        vm.assertEq(Mailbox.NewPriorityRequest.selector, IMailboxImpl.NewPriorityRequest.selector);
    }

    function test_executor() public pure {
        same(Executor.commitBatchesSharedBridge.selector, IExecutor.commitBatchesSharedBridge.selector);
        same(Executor.proveBatchesSharedBridge.selector, IExecutor.proveBatchesSharedBridge.selector);
        same(Executor.executeBatchesSharedBridge.selector, IExecutor.executeBatchesSharedBridge.selector);
        same(Executor.revertBatchesSharedBridge.selector, IExecutor.revertBatchesSharedBridge.selector);
        vm.assertEq(Executor.BlockCommit.selector, IExecutor.BlockCommit.selector);
        vm.assertEq(Executor.BlocksVerification.selector, IExecutor.BlocksVerification.selector);
        vm.assertEq(Executor.BlockExecution.selector, IExecutor.BlockExecution.selector);
        vm.assertEq(Executor.BlocksRevert.selector, IExecutor.BlocksRevert.selector);
    }

    function test_admin() public pure {
        same(Admin.setPendingAdmin.selector, IAdmin.setPendingAdmin.selector);
        same(Admin.acceptAdmin.selector, IAdmin.acceptAdmin.selector);
        same(Admin.setPriorityTxMaxGasLimit.selector, IAdmin.setPriorityTxMaxGasLimit.selector);
        same(Admin.changeFeeParams.selector, IAdmin.changeFeeParams.selector);
        same(Admin.setTokenMultiplier.selector, IAdmin.setTokenMultiplier.selector);
        same(Admin.setPubdataPricingMode.selector, IAdmin.setPubdataPricingMode.selector);
        same(Admin.setTransactionFilterer.selector, IAdmin.setTransactionFilterer.selector);
        same(Admin.makePermanentRollup.selector, IAdmin.makePermanentRollup.selector);
        same(Admin.freezeDiamond.selector, IAdmin.freezeDiamond.selector);
        same(Admin.unfreezeDiamond.selector, IAdmin.unfreezeDiamond.selector);
        vm.assertEq(Admin.NewFeeParams.selector, IAdmin.NewFeeParams.selector);
        vm.assertEq(Admin.NewBaseTokenMultiplier.selector, IAdmin.NewBaseTokenMultiplier.selector);
        vm.assertEq(Admin.NewAdmin.selector, IAdmin.NewAdmin.selector);
    }

    function test_timelock() public pure {
        same(ValidatorTimelock.commitBatchesSharedBridge.selector, IExecutor.commitBatchesSharedBridge.selector);
        same(ValidatorTimelock.proveBatchesSharedBridge.selector, IExecutor.proveBatchesSharedBridge.selector);
        same(ValidatorTimelock.executeBatchesSharedBridge.selector, IExecutor.executeBatchesSharedBridge.selector);
        same(ValidatorTimelock.revertBatchesSharedBridge.selector, IExecutor.revertBatchesSharedBridge.selector);
        same(ValidatorTimelock.setExecutionDelay.selector, IValidatorTimelock.setExecutionDelay.selector);
        same(
            ValidatorTimelock.getCommittedBatchTimestamp.selector,
            IValidatorTimelock.getCommittedBatchTimestamp.selector
        );
        same(ValidatorTimelock.hasRoleForChainId.selector, IValidatorTimelock.hasRoleForChainId.selector);
        same(ValidatorTimelock.addValidatorForChainId.selector, IValidatorTimelock.addValidatorForChainId.selector);
    }

    function test_otherContracts() public pure {
        same(ChainTypeManager.createNewChain.selector, IZKStackManager.createNewChain.selector);
        same(ChainTypeManager.getZKChain.selector, IZKStackManager.getZKChain.selector);
        same(ChainTypeManager.getChainAdmin.selector, IZKStackManager.getChainAdmin.selector);
        same(ChainTypeManager.freezeChain.selector, IZKStackManager.freezeChain.selector);
        same(ChainTypeManager.unfreezeChain.selector, IZKStackManager.unfreezeChain.selector);
        same(ChainTypeManager.protocolVersionIsActive.selector, IZKStackManager.protocolVersionIsActive.selector);
        same(ChainTypeManager.getProtocolVersion.selector, IZKStackManager.getProtocolVersion.selector);
        same(ChainTypeManager.getSemverProtocolVersion.selector, IZKStackManager.getSemverProtocolVersion.selector);
        same(MessageRoot.addNewChain.selector, IZKStackMessageRoot.addNewChain.selector);
        same(MessageRoot.addChainBatchRoot.selector, IZKStackMessageRoot.addChainBatchRoot.selector);
        same(L1AssetRouter.bridgehubDepositBaseToken.selector, IZKStackAssetRouter.bridgehubDepositBaseToken.selector);
        same(L1NativeTokenVault.bridgeBurn.selector, IZKStackAssetHandler.bridgeBurn.selector);
        same(bytes4(keccak256("assetId(address)")), INativeTokenVault.assetId.selector);
        same(bytes4(keccak256("tokenAddress(bytes32)")), INativeTokenVault.tokenAddress.selector);
        same(bytes4(keccak256("originChainId(bytes32)")), INativeTokenVault.originChainId.selector);
        same(bytes4(keccak256("chainBalance(uint256,bytes32)")), IZKStackVault.chainBalance.selector);
        vm.assertEq(ChainTypeManager.NewZKChain.selector, IZKStackManager.NewZKChain.selector);
        vm.assertEq(NativeTokenVaultBase.BridgeBurn.selector, IZKStackAssetHandler.BridgeBurn.selector);
        vm.assertEq(
            L1AssetRouter.BridgehubDepositBaseTokenInitiated.selector,
            IAssetRouterBase.BridgehubDepositBaseTokenInitiated.selector
        );
    }
}
