// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {ChainIdentity, ChainInitData} from "../../src/l1/chain/ZKChainStorage.sol";
import {VersionData} from "../../src/l1/interfaces/IChainTypeManager.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";

contract ChainAdminTest is HubTest {
    function test_startsAsItWasCreated() public view {
        vm.assertEq(chainA.getChainId(), CHAIN_A);
        vm.assertEq(chainA.getAdmin(), admin);
        vm.assertEq(chainA.getBridgehub(), address(hub));
        vm.assertEq(chainA.getChainTypeManager(), address(manager));
        vm.assertEq(chainA.getVerifier(), address(verifier));
        vm.assertEq(chainA.getProgramId(), PROGRAM);
        vm.assertEq(chainA.getBaseTokenAssetId(), ethAssetId);
        vm.assertEq(chainA.getProtocolVersion(), VERSION);
        vm.assertEq(chainA.getPriorityExpiration(), EXPIRATION);
        vm.assertEq(chainA.getPriorityTxMaxGasLimit(), 72_000_000);
        vm.assertEq(chainA.getCreationBlock(), block.number);
        vm.assertEq(chainA.getDACommitmentScheme(), 2);
        vm.assertEq(chainA.getSettlementLayer(), address(0));
        vm.assertEq(chainA.getPendingAdmin(), address(0));
        vm.assertEq(chainA.getName(), "ZKChain");
        vm.assertTrue(chainA.isValidator(address(timelock)));
        vm.assertFalse(chainA.isValidator(committer));
        vm.assertFalse(chainA.isDevelopmentOnly());
        vm.assertFalse(chainA.isDiamondStorageFrozen());
        vm.assertEq(abi.encode(chainA.getFeeParams()), abi.encode(feeParams()));
        (uint32 major, uint32 minor, uint32 patch) = chainA.getSemverProtocolVersion();
        vm.assertEq(abi.encode(major, minor, patch), abi.encode(0, 29, 0));
        vm.assertEq(manager.getChainAdmin(CHAIN_A), admin);
        vm.assertEq(manager.getZKChain(CHAIN_A), address(chainA));
    }

    function test_initialisesOnce() public {
        ChainIdentity memory identity =
            ChainIdentity(CHAIN_A, ethAssetId, user, user, VERSION, address(verifier), PROGRAM);
        ChainInitData memory init = initData();
        vm.expectRevert(abi.encodeWithSelector(Initializable.InvalidInitialization.selector));
        chainA.initialize(identity, init);
        ZKChain implementation = ZKChain(manager.implementation(VERSION));
        vm.expectRevert(abi.encodeWithSelector(Initializable.InvalidInitialization.selector));
        implementation.initialize(identity, init);
    }

    function test_adminIsOfferedAndAccepted() public {
        vm.prank(admin);
        chainA.setPendingAdmin(user);
        vm.assertEq(chainA.getPendingAdmin(), user);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, admin));
        vm.prank(admin);
        chainA.acceptAdmin();
        vm.prank(user);
        chainA.acceptAdmin();
        vm.assertEq(chainA.getAdmin(), user);
        vm.assertEq(chainA.getPendingAdmin(), address(0));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, user));
        vm.prank(user);
        chainA.acceptAdmin();
    }

    function test_strangersSetNothing(address other) public {
        vm.assume(other != admin && other != address(manager) && other != address(0));
        bytes memory refusal = abi.encodeWithSelector(Unauthorized.selector, other);
        FeeParams memory params = feeParams();
        vm.startPrank(other, other);
        vm.expectRevert(refusal);
        chainA.setPendingAdmin(other);
        vm.expectRevert(refusal);
        chainA.acceptAdmin();
        vm.expectRevert(refusal);
        chainA.setTransactionFilterer(other);
        vm.expectRevert(refusal);
        chainA.setDACommitmentScheme(1);
        vm.expectRevert(refusal);
        chainA.makePermanentRollup();
        vm.expectRevert(refusal);
        chainA.setPubdataPricingMode(PubdataPricingMode.Validium);
        vm.expectRevert(refusal);
        chainA.upgradeChainFromVersion(VERSION);
        vm.expectRevert(refusal);
        chainA.changeFeeParams(params);
        vm.expectRevert(refusal);
        chainA.setTokenMultiplier(1, 2);
        vm.expectRevert(refusal);
        chainA.setPriorityTxMaxGasLimit(1);
        vm.expectRevert(refusal);
        chainA.freezeDiamond();
        vm.expectRevert(refusal);
        chainA.unfreezeDiamond();
        vm.expectRevert(refusal);
        chainA.deactivatePriorityMode();
        vm.stopPrank();
    }

    function test_adminDoesNotGovern() public {
        vm.startPrank(admin, admin);
        bytes memory refusal = abi.encodeWithSelector(Unauthorized.selector, admin);
        vm.expectRevert(refusal);
        chainA.freezeDiamond();
        vm.expectRevert(refusal);
        chainA.setPriorityTxMaxGasLimit(1);
        vm.stopPrank();
    }

    function test_feeParamsAreChecked() public {
        FeeParams memory params = feeParams();
        params.minimalL2GasPrice = 7;
        vm.startPrank(admin, admin);
        chainA.changeFeeParams(params);
        vm.assertEq(abi.encode(chainA.getFeeParams()), abi.encode(params));
        params.pubdataPricingMode = PubdataPricingMode.Validium;
        vm.expectRevert(abi.encodeWithSelector(InvalidPubdataPricingMode.selector));
        chainA.changeFeeParams(params);
        params = feeParams();
        params.maxPubdataPerBatch = 98_999;
        vm.expectRevert(abi.encodeWithSelector(PriorityTxPubdataExceedsMaxPubDataPerBatch.selector, 99_000, 98_999));
        chainA.changeFeeParams(params);
        params = feeParams();
        params.maxL2GasPerBatch = 0;
        vm.expectRevert(abi.encodeWithSelector(FeeParamZero.selector));
        chainA.changeFeeParams(params);
        params = feeParams();
        params.priorityTxMaxPubdata = 0;
        params.maxPubdataPerBatch = 0;
        vm.expectRevert(abi.encodeWithSelector(FeeParamZero.selector));
        chainA.changeFeeParams(params);
        vm.stopPrank();
    }

    function test_tokenMultiplierIsChecked() public {
        vm.startPrank(admin, admin);
        chainA.setTokenMultiplier(3, 2);
        vm.assertEq(chainA.baseTokenGasPriceMultiplierNominator(), 3);
        vm.assertEq(chainA.baseTokenGasPriceMultiplierDenominator(), 2);
        vm.expectRevert(abi.encodeWithSelector(TokenMultiplierZero.selector, 0, 2));
        chainA.setTokenMultiplier(0, 2);
        vm.expectRevert(abi.encodeWithSelector(TokenMultiplierZero.selector, 3, 0));
        chainA.setTokenMultiplier(3, 0);
        vm.stopPrank();
    }

    function test_pricingModeIsSetBeforeTheFirstBatchOnly() public {
        vm.prank(admin);
        chainA.setPubdataPricingMode(PubdataPricingMode.Validium);
        vm.assertTrue(chainA.getPubdataPricingMode() == PubdataPricingMode.Validium);
        commit(chainA, genesisBatch(), firstBatch(chainA));
        vm.expectRevert(abi.encodeWithSelector(ChainAlreadyLive.selector, 1));
        vm.prank(admin);
        chainA.setPubdataPricingMode(PubdataPricingMode.Rollup);
    }

    function test_permanentRollupStaysOne() public {
        vm.startPrank(admin, admin);
        chainA.setDACommitmentScheme(1);
        vm.expectRevert(abi.encodeWithSelector(InvalidDAForPermanentRollup.selector, 1));
        chainA.makePermanentRollup();
        vm.expectRevert(abi.encodeWithSelector(UnsupportedDAScheme.selector, 3));
        chainA.setDACommitmentScheme(3);
        chainA.setDACommitmentScheme(2);
        chainA.makePermanentRollup();
        vm.assertTrue(chainA.isPermanentRollup());
        vm.expectRevert(abi.encodeWithSelector(InvalidDAForPermanentRollup.selector, 1));
        chainA.setDACommitmentScheme(1);
        vm.expectRevert(abi.encodeWithSelector(AlreadyPermanentRollup.selector));
        chainA.makePermanentRollup();
        vm.stopPrank();
    }

    // -- chain type manager ------------------------------------------------------------------------------------------

    function test_onlyOwnerGovernsChains() public {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, user);
        VersionData memory data = VersionData(address(chainA), address(verifier), PROGRAM);
        vm.startPrank(user, user);
        vm.expectRevert(refusal);
        manager.freezeChain(CHAIN_A);
        vm.expectRevert(refusal);
        manager.unfreezeChain(CHAIN_A);
        vm.expectRevert(refusal);
        manager.revertBatches(CHAIN_A, 0);
        vm.expectRevert(refusal);
        manager.deactivatePriorityMode(CHAIN_A);
        vm.expectRevert(refusal);
        manager.setPriorityTxMaxGasLimit(CHAIN_A, 1);
        vm.expectRevert(refusal);
        manager.setNewVersion(VERSION + 1, data, 0);
        vm.expectRevert(refusal);
        manager.setProtocolVersionDeadline(VERSION, 0);
        vm.stopPrank();
    }

    function test_refusesUnknownChains() public {
        bytes memory refusal = abi.encodeWithSelector(ChainIdNotRegistered.selector, 999);
        vm.startPrank(owner, owner);
        vm.expectRevert(refusal);
        manager.freezeChain(999);
        vm.expectRevert(refusal);
        manager.revertBatches(999, 0);
        vm.expectRevert(refusal);
        manager.getChainAdmin(999);
        vm.stopPrank();
    }

    function test_freezesAndThaws() public {
        vm.startPrank(owner, owner);
        vm.expectRevert(abi.encodeWithSelector(ChainNotFrozen.selector, CHAIN_A));
        manager.unfreezeChain(CHAIN_A);
        manager.freezeChain(CHAIN_A);
        vm.assertTrue(chainA.isDiamondStorageFrozen());
        vm.assertFalse(chainB.isDiamondStorageFrozen());
        vm.expectRevert(abi.encodeWithSelector(ChainFrozen.selector, CHAIN_A));
        manager.freezeChain(CHAIN_A);
        manager.unfreezeChain(CHAIN_A);
        vm.stopPrank();
        vm.assertFalse(chainA.isDiamondStorageFrozen());
    }

    function test_gasLimitOfRequestsIsCapped() public {
        vm.startPrank(owner, owner);
        manager.setPriorityTxMaxGasLimit(CHAIN_A, 80_000_000);
        vm.assertEq(chainA.getPriorityTxMaxGasLimit(), 80_000_000);
        vm.expectRevert(abi.encodeWithSelector(TooMuchGas.selector, 80_000_000, 80_000_001));
        manager.setPriorityTxMaxGasLimit(CHAIN_A, 80_000_001);
        vm.stopPrank();
    }
}
