// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IAssetRouterBase
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/asset-router/IAssetRouterBase.sol";
import {
    IL1AssetRouter as IZKStackRouter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/asset-router/IL1AssetRouter.sol";
import {
    IAssetHandler as IZKStackHandler
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IAssetHandler.sol";
import {
    IL1Nullifier as IZKStackNullifier
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IL1Nullifier.sol";
import {
    INativeTokenVault as IZKStackVault
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/ntv/INativeTokenVault.sol";
import {
    IBridgehub as IZKStackBridgehub
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {NativeTokenVaultBase} from "../../src/bridge/NativeTokenVaultBase.sol";
import {Bridgehub} from "../../src/l1/Bridgehub.sol";
import {L1AssetRouter} from "../../src/l1/bridge/L1AssetRouter.sol";
import {L1NativeTokenVault} from "../../src/l1/bridge/L1NativeTokenVault.sol";
import {L1Nullifier} from "../../src/l1/bridge/L1Nullifier.sol";
import {TWO_BRIDGES_MAGIC_VALUE} from "../../src/l1/common/Constants.sol";
import {IL2AssetRouter} from "../../src/l2/interfaces/IL2AssetRouter.sol";
import {Test} from "../utils/Test.sol";

/// @title What clients call of the bridge by ZK Stack's published interfaces answers here
contract BridgeCompatibilityTest is Test {
    function same(bytes4 ours, bytes4 theirs) private pure {
        vm.assertEq(bytes32(ours), bytes32(theirs));
    }

    function test_bridgehub() public pure {
        same(
            Bridgehub.requestL2TransactionTwoBridges.selector, IZKStackBridgehub.requestL2TransactionTwoBridges.selector
        );
        vm.assertEq(TWO_BRIDGES_MAGIC_VALUE, 0xa175e001c0e5684bc26302c2f9a55aec9f3936fe2aef558034003ef4da7fc77d);
    }

    function test_router() public pure {
        same(L1AssetRouter.bridgehubDeposit.selector, IZKStackRouter.bridgehubDeposit.selector);
        same(
            L1AssetRouter.bridgehubConfirmL2Transaction.selector, IZKStackRouter.bridgehubConfirmL2Transaction.selector
        );
        same(L1AssetRouter.isWithdrawalFinalized.selector, IZKStackRouter.isWithdrawalFinalized.selector);
        same(L1AssetRouter.transferFundsToNTV.selector, IZKStackRouter.transferFundsToNTV.selector);
        same(L1AssetRouter.finalizeDeposit.selector, IAssetRouterBase.finalizeDeposit.selector);
        same(IL2AssetRouter.finalizeDeposit.selector, IAssetRouterBase.finalizeDeposit.selector);
        same(bytes4(keccak256("L1_NULLIFIER()")), IZKStackRouter.L1_NULLIFIER.selector);
        same(bytes4(keccak256("ETH_TOKEN_ASSET_ID()")), IZKStackRouter.ETH_TOKEN_ASSET_ID.selector);
        vm.assertEq(
            L1AssetRouter.BridgehubDepositInitiated.selector, IAssetRouterBase.BridgehubDepositInitiated.selector
        );
        vm.assertEq(
            L1AssetRouter.DepositFinalizedAssetRouter.selector, IAssetRouterBase.DepositFinalizedAssetRouter.selector
        );
        vm.assertEq(
            L1AssetRouter.ClaimedFailedDepositAssetRouter.selector,
            IZKStackRouter.ClaimedFailedDepositAssetRouter.selector
        );
        vm.assertEq(L1AssetRouter.AssetHandlerRegistered.selector, IAssetRouterBase.AssetHandlerRegistered.selector);
    }

    function test_nullifier() public pure {
        same(L1Nullifier.finalizeDeposit.selector, IZKStackNullifier.finalizeDeposit.selector);
        same(L1Nullifier.bridgeRecoverFailedTransfer.selector, IZKStackNullifier.bridgeRecoverFailedTransfer.selector);
        same(
            L1Nullifier.bridgehubConfirmL2TransactionForwarded.selector,
            IZKStackNullifier.bridgehubConfirmL2TransactionForwarded.selector
        );
        same(
            bytes4(keccak256("isWithdrawalFinalized(uint256,uint256,uint256)")),
            IZKStackNullifier.isWithdrawalFinalized.selector
        );
        same(bytes4(keccak256("depositHappened(uint256,bytes32)")), IZKStackNullifier.depositHappened.selector);
        vm.assertEq(
            L1Nullifier.BridgehubDepositFinalized.selector, IZKStackNullifier.BridgehubDepositFinalized.selector
        );
    }

    function test_vault() public pure {
        same(L1NativeTokenVault.bridgeMint.selector, IZKStackHandler.bridgeMint.selector);
        same(NativeTokenVaultBase.ensureTokenIsRegistered.selector, IZKStackVault.ensureTokenIsRegistered.selector);
        vm.assertEq(NativeTokenVaultBase.BridgeMint.selector, IZKStackHandler.BridgeMint.selector);
    }
}
