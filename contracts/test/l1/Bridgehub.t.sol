// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {L2TransactionRequestDirect} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {Bridgehub} from "../../src/l1/Bridgehub.sol";
import {ZKChain} from "../../src/l1/chain/ZKChain.sol";
import {ChainInitData} from "../../src/l1/chain/ZKChainStorage.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";

contract BridgehubTest is HubTest {
    event NewChain(uint256 indexed chainId, address chainTypeManager, address indexed chainGovernance);

    function create(uint256 chainId, address manager_, bytes32 assetId) private {
        hub.createNewChain(chainId, manager_, assetId, 0, admin, abi.encode(initData()), new bytes[](0));
    }

    function refuseChain(uint256 chainId, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(owner);
        create(chainId, address(manager), ethAssetId);
    }

    // -- registry ----------------------------------------------------------------------------------------------------

    function test_createdChainIsListed() public {
        vm.expectEmit(true, true, true, true, address(hub));
        emit NewChain(300, address(manager), admin);
        ZKChain chain = createChain(300);
        vm.assertEq(hub.getAllZKChainChainIDs().length, 3);
        vm.assertEq(hub.getAllZKChainChainIDs()[2], 300);
        vm.assertEq(hub.getAllZKChains()[2], address(chain));
        vm.assertEq(hub.chainTypeManager(300), address(manager));
        vm.assertEq(hub.baseTokenAssetId(300), ethAssetId);
        vm.assertEq(hub.baseToken(300), address(1));
        vm.assertEq(hub.settlementLayer(300), L1_CHAIN_ID);
        vm.assertEq(chain.getChainId(), 300);
        vm.assertEq(chain.getBaseToken(), address(1));
        vm.assertEq(messageRoot.chainIndexToId(2), 300);
    }

    function test_refusesChainIdZero() public {
        refuseChain(0, abi.encodeWithSelector(ZeroChainId.selector));
    }

    function test_refusesChainIdAbove48Bits(uint256 chainId) public {
        chainId = bound(chainId, 2 ** 48, type(uint256).max);
        refuseChain(chainId, abi.encodeWithSelector(ChainIdTooBig.selector, chainId, 2 ** 48 - 1));
    }

    function test_acceptsTheGreatestChainId() public {
        vm.assertEq(createChain(2 ** 48 - 1).getChainId(), 2 ** 48 - 1);
    }

    function test_refusesOwnChainId() public {
        refuseChain(L1_CHAIN_ID, abi.encodeWithSelector(ChainIdCantBeCurrentChain.selector, L1_CHAIN_ID));
    }

    function test_refusesDoubleChainId() public {
        refuseChain(CHAIN_A, abi.encodeWithSelector(ChainIdAlreadyExists.selector, CHAIN_A));
    }

    function test_refusesUnknownManager(address other) public {
        vm.assume(other != address(manager));
        vm.expectRevert(abi.encodeWithSelector(CTMNotRegistered.selector, other));
        vm.prank(owner);
        create(300, other, ethAssetId);
    }

    function test_refusesRemovedManager() public {
        vm.prank(owner);
        hub.removeChainTypeManager(address(manager));
        refuseChain(300, abi.encodeWithSelector(CTMNotRegistered.selector, address(manager)));
    }

    function test_refusesUnknownAsset(bytes32 assetId) public {
        vm.assume(assetId != ethAssetId);
        vm.expectRevert(abi.encodeWithSelector(AssetIdNotSupported.selector, assetId));
        vm.prank(owner);
        create(300, address(manager), assetId);
    }

    function test_refusesChainBeyondTheCap() public {
        for (uint256 id = 1000; hub.getAllZKChains().length < 100; ++id) {
            vm.prank(owner);
            create(id, address(manager), ethAssetId);
        }
        refuseChain(5000, abi.encodeWithSelector(ZKChainLimitReached.selector, 100));
    }

    function test_refusesChainBeforeItKnowsItsParts() public {
        hub = Bridgehub(deploy("Bridgehub", abi.encode(owner)));
        vm.prank(owner);
        hub.addChainTypeManager(address(manager));
        refuseChain(300, abi.encodeWithSelector(AddressesNotSet.selector));
    }

    function test_onlyOwnerOrAdminCreates(address other) public {
        vm.assume(other != owner && other != address(0));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        vm.prank(other);
        create(300, address(manager), ethAssetId);
    }

    function test_adminIsOfferedAndAccepted() public {
        address hubAdmin = makeAddr("hub admin");
        vm.prank(owner);
        hub.setPendingAdmin(hubAdmin);
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, user));
        vm.prank(user);
        hub.acceptAdmin();
        vm.prank(hubAdmin);
        hub.acceptAdmin();
        vm.assertEq(hub.admin(), hubAdmin);
        vm.assertEq(hub.pendingAdmin(), address(0));
        vm.prank(hubAdmin);
        create(300, address(manager), ethAssetId);
        vm.assertTrue(hub.getZKChain(300) != address(0));
    }

    function test_refusesAdminByStranger() public {
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, user));
        vm.prank(user);
        hub.setPendingAdmin(user);
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        vm.prank(owner);
        hub.setPendingAdmin(address(0));
    }

    function test_addressesAreSetOnce() public {
        vm.expectRevert(abi.encodeWithSelector(AddressAlreadySet.selector, address(router)));
        vm.prank(owner);
        hub.setAddresses(user, user);
        Bridgehub fresh = Bridgehub(deploy("Bridgehub", abi.encode(owner)));
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        vm.prank(owner);
        fresh.setAddresses(address(router), address(0));
    }

    function test_managersAreAddedOnce() public {
        vm.startPrank(owner, owner);
        vm.expectRevert(abi.encodeWithSelector(CTMAlreadyRegistered.selector, address(manager)));
        hub.addChainTypeManager(address(manager));
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        hub.addChainTypeManager(address(0));
        vm.expectRevert(abi.encodeWithSelector(CTMNotRegistered.selector, user));
        hub.removeChainTypeManager(user);
        vm.stopPrank();
    }

    function test_assetsAreAddedOnce() public {
        vm.startPrank(owner, owner);
        hub.addTokenAssetId(keccak256("token"));
        vm.assertTrue(hub.assetIdIsRegistered(keccak256("token")));
        vm.expectRevert(abi.encodeWithSelector(AssetIdAlreadyRegistered.selector, keccak256("token")));
        hub.addTokenAssetId(keccak256("token"));
        vm.expectRevert(abi.encodeWithSelector(EmptyAssetId.selector));
        hub.addTokenAssetId(bytes32(0));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, user));
        vm.prank(user);
        hub.addTokenAssetId(keccak256("other"));
    }

    function test_onlyOwnerGoverns() public {
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, user);
        vm.startPrank(user, user);
        vm.expectRevert(refusal);
        hub.setAddresses(user, user);
        vm.expectRevert(refusal);
        hub.addChainTypeManager(user);
        vm.expectRevert(refusal);
        hub.removeChainTypeManager(address(manager));
        vm.expectRevert(refusal);
        hub.pause();
        vm.expectRevert(refusal);
        hub.unpause();
        vm.stopPrank();
    }

    // -- requests ----------------------------------------------------------------------------------------------------

    function test_depositIsHeldForTheChain(uint96 l2Value) public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, l2Value);
        deposit(CHAIN_A, l2Value);
        vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), request.mintValue);
        vm.assertEq(vault.chainBalance(CHAIN_B, ethAssetId), 0);
        vm.assertEq(address(vault).balance, request.mintValue);
        vm.assertEq(address(hub).balance + address(router).balance, 0);
    }

    function test_refusesWrongValue(uint96 sent) public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.assume(sent != request.mintValue);
        vm.expectRevert(abi.encodeWithSelector(MsgValueMismatch.selector, request.mintValue, sent));
        vm.deal(user, sent);
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: sent}(request);
    }

    function test_refusesUnknownChain(uint256 chainId) public {
        vm.assume(chainId != CHAIN_A && chainId != CHAIN_B);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        request.chainId = chainId;
        bytes memory refusal = abi.encodeWithSelector(ChainIdNotRegistered.selector, chainId);
        vm.expectRevert(refusal);
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        vm.expectRevert(refusal);
        hub.l2TransactionBaseCost(chainId, 1 gwei, 500_000, 800);
        vm.expectRevert(refusal);
        hub.baseToken(chainId);
        vm.assertEq(hub.settlementLayer(chainId), 0);
    }

    function test_refusesBaseTokenThatNobodyHolds() public {
        bytes32 token = keccak256("token");
        vm.startPrank(owner, owner);
        hub.addTokenAssetId(token);
        vm.expectRevert(abi.encodeWithSelector(AssetHandlerDoesNotExist.selector, token));
        create(300, address(manager), token);
        vm.stopPrank();
        vm.assertEq(hub.baseToken(CHAIN_A), address(1));
    }

    function test_pauseStopsRequestsAndNewChains() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.prank(owner);
        hub.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        refuseChain(300, abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(owner);
        hub.unpause();
        deposit(CHAIN_A, 1 ether);
        createChain(300);
    }

    // -- chain type manager ------------------------------------------------------------------------------------------

    function test_onlyBridgehubCreates() public {
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, owner));
        vm.prank(owner);
        manager.createNewChain(300, ethAssetId, admin, abi.encode(initData()), new bytes[](0));
    }

    function test_refusesFactoryDeps() public {
        vm.expectRevert(abi.encodeWithSelector(FactoryDepsNotSupported.selector, 2));
        vm.prank(owner);
        hub.createNewChain(300, address(manager), ethAssetId, 0, admin, abi.encode(initData()), new bytes[](2));
    }

    function refuseInit(ChainInitData memory init, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(owner);
        hub.createNewChain(300, address(manager), ethAssetId, 0, admin, abi.encode(init), new bytes[](0));
    }

    function test_refusesBadInitData() public {
        ChainInitData memory init = initData();
        init.genesisStateCommitment = 0;
        refuseInit(init, abi.encodeWithSelector(GenesisStateCommitmentZero.selector));
        init = initData();
        init.priorityExpiration = 0;
        refuseInit(init, abi.encodeWithSelector(InvalidPriorityExpiration.selector, 0, 30 days));
        init.priorityExpiration = 30 days + 1;
        refuseInit(init, abi.encodeWithSelector(InvalidPriorityExpiration.selector, 30 days + 1, 30 days));
        init = initData();
        init.tokenMultiplierDenominator = 0;
        refuseInit(init, abi.encodeWithSelector(TokenMultiplierZero.selector, 1, 0));
        init = initData();
        init.priorityTxMaxGasLimit = 80_000_001;
        refuseInit(init, abi.encodeWithSelector(TooMuchGas.selector, 80_000_000, 80_000_001));
        init = initData();
        init.feeParams.minimalL2GasPrice = 0;
        refuseInit(init, abi.encodeWithSelector(FeeParamZero.selector));
    }

    function test_refusesUnknownDAScheme(uint8 scheme) public {
        vm.assume(scheme != 1 && scheme != 2);
        ChainInitData memory init = initData();
        init.daCommitmentScheme = scheme;
        refuseInit(init, abi.encodeWithSelector(UnsupportedDAScheme.selector, scheme));
    }

    function test_refusesChainWithoutAdmin() public {
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        vm.prank(owner);
        hub.createNewChain(300, address(manager), ethAssetId, 0, address(0), abi.encode(initData()), new bytes[](0));
    }
}
