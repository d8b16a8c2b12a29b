// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {L2TransactionRequestDirect} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {L1AssetRouter} from "../../src/l1/bridge/L1AssetRouter.sol";
import "../../src/l1/common/Errors.sol";
import {UnprovenVerifier} from "../../src/l1/verifier/UnprovenVerifier.sol";
import {HubTest} from "../utils/HubTest.sol";

contract VaultTest is HubTest {
    event BridgeBurn(
        uint256 indexed chainId, bytes32 indexed assetId, address indexed sender, address receiver, uint256 amount
    );
    event BridgehubDepositBaseTokenInitiated(
        uint256 indexed chainId, address indexed from, bytes32 assetId, uint256 amount
    );

    function test_depositIsAnnounced() public {
        uint256 mintValue = directRequest(CHAIN_A, 1 ether).mintValue;
        vm.expectEmit(true, true, true, true, address(router));
        emit BridgehubDepositBaseTokenInitiated(CHAIN_A, user, ethAssetId, mintValue);
        vm.expectEmit(true, true, true, true, address(vault));
        emit BridgeBurn(CHAIN_A, ethAssetId, user, address(0), mintValue);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: mintValue}(request);
    }

    function test_knowsEther() public view {
        vm.assertEq(vault.tokenAddress(ethAssetId), address(1));
        vm.assertEq(vault.assetId(address(1)), ethAssetId);
        vm.assertEq(vault.originChainId(ethAssetId), L1_CHAIN_ID);
        vm.assertEq(vault.tokenAddress(keccak256("gold")), address(0));
        vm.assertEq(vault.assetId(user), bytes32(0));
        vm.assertEq(vault.originChainId(keccak256("gold")), 0);
        vm.assertEq(router.nativeTokenVault(), address(vault));
        vm.assertEq(router.assetHandlerAddress(ethAssetId), address(vault));
    }

    function test_onlyBridgehubDeposits(address other) public {
        vm.assume(other != address(hub));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        vm.prank(other);
        router.bridgehubDepositBaseToken(CHAIN_A, ethAssetId, other, 0);
    }

    function test_onlyRouterBurns(address other) public {
        vm.assume(other != address(router));
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, other));
        vm.prank(other);
        vault.bridgeBurn(CHAIN_A, 0, ethAssetId, other, abi.encode(0, other, other));
    }

    function test_refusesUnknownAssets() public {
        vm.expectRevert(abi.encodeWithSelector(AssetHandlerDoesNotExist.selector, keccak256("gold")));
        vm.prank(address(hub));
        router.bridgehubDepositBaseToken(CHAIN_A, keccak256("gold"), user, 1);
        vm.expectRevert(abi.encodeWithSelector(AssetIdNotSupported.selector, keccak256("gold")));
        vm.prank(address(router));
        vault.bridgeBurn(CHAIN_A, 0, keccak256("gold"), user, abi.encode(1, user, user));
    }

    function test_refusesOtherValueThanAmount(uint96 amount, uint96 value) public {
        vm.assume(amount != value);
        vm.deal(address(hub), value);
        vm.expectRevert(abi.encodeWithSelector(MsgValueMismatch.selector, amount, value));
        vm.prank(address(hub));
        router.bridgehubDepositBaseToken{value: value}(CHAIN_A, ethAssetId, user, amount);
    }

    function test_vaultIsNamedOnce() public {
        vm.startPrank(owner, owner);
        vm.expectRevert(abi.encodeWithSelector(AddressAlreadySet.selector, address(vault)));
        router.setNativeTokenVault(user);
        L1AssetRouter fresh = L1AssetRouter(deploy("L1AssetRouter", abi.encode(hub, owner)));
        vm.expectRevert(abi.encodeWithSelector(ZeroAddress.selector));
        fresh.setNativeTokenVault(address(0));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, user));
        vm.prank(user);
        fresh.setNativeTokenVault(user);
    }

    function test_pauseStopsDeposits() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.prank(owner);
        router.pause();
        vm.expectRevert(abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        vm.prank(owner);
        router.unpause();
        deposit(CHAIN_A, 1 ether);
    }

    function test_onlyTheChainMovesItsBalance(address other) public {
        vm.assume(other != address(chainA));
        deposit(CHAIN_A, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(OnlyChain.selector, other, address(chainA)));
        vm.prank(other);
        vault.moveChainBalance(CHAIN_A, CHAIN_B, ethAssetId, 1);
    }

    function test_balancesMoveWithinWhatIsHeld(uint96 held, uint96 moved) public {
        deposit(CHAIN_A, held);
        uint256 available = vault.chainBalance(CHAIN_A, ethAssetId);
        vm.prank(address(chainA));
        if (moved > available) {
            vm.expectRevert(
                abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, ethAssetId, available, moved)
            );
            vault.moveChainBalance(CHAIN_A, CHAIN_B, ethAssetId, moved);
        } else {
            vault.moveChainBalance(CHAIN_A, CHAIN_B, ethAssetId, moved);
            vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), available - moved);
            vm.assertEq(vault.chainBalance(CHAIN_B, ethAssetId), moved);
        }
    }

    function test_balancesDoNotMoveToNowhere() public {
        deposit(CHAIN_A, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        vm.prank(address(chainA));
        vault.moveChainBalance(CHAIN_A, 999, ethAssetId, 1);
    }

    function test_vaultTakesNoOtherEther() public {
        vm.deal(user, 1 ether);
        vm.prank(user);
        (bool taken,) = address(vault).call{value: 1}("");
        vm.assertFalse(taken);
    }
}

contract UnprovenVerifierTest is HubTest {
    uint256[16] private _development =
        [uint256(9), 270, 272, 900, 1337, 31337, 31338, 31339, 31340, 31341, 31342, 31343, 31344, 31345, 31346, 6565];

    function isListed(uint256 chainId) private view returns (bool) {
        for (uint256 i = 0; i < _development.length; ++i) {
            if (_development[i] == chainId) return true;
        }
        return chainId == 6566;
    }

    function test_servesDevelopmentChains() public {
        for (uint256 i = 0; i < _development.length; ++i) {
            vm.chainId(_development[i]);
            UnprovenVerifier unproven = UnprovenVerifier(deploy("UnprovenVerifier", ""));
            vm.assertTrue(unproven.isVerified(PROGRAM, keccak256("anything")));
            vm.assertTrue(unproven.developmentOnly());
        }
    }

    function test_refusesEverythingElse(uint64 chainId) public {
        vm.assume(chainId != 0 && !isListed(chainId));
        refuseOn(chainId);
        refuseOn(bound(chainId, 271, 271));
        refuseOn(bound(chainId, 273, 299));
    }

    function test_refusesPublicNetworks() public {
        // Ethereum, Optimism, BNB, Polygon, zkSync Era, Base, Arbitrum, Sepolia, Holesky, Boba, Hedera, Era Sepolia.
        uint256[12] memory networks = [uint256(1), 10, 56, 137, 324, 8453, 42_161, 11_155_111, 17_000, 288, 295, 300];
        for (uint256 i = 0; i < networks.length; ++i) {
            refuseOn(networks[i]);
        }
    }

    function refuseOn(uint256 chainId) private {
        vm.chainId(L1_CHAIN_ID);
        UnprovenVerifier unproven = UnprovenVerifier(deploy("UnprovenVerifier", ""));
        vm.chainId(chainId);
        bytes memory refusal = abi.encodeWithSelector(UnprovenVerifier.PublicChainRefused.selector, chainId);
        vm.expectRevert(refusal);
        unproven.isVerified(PROGRAM, keccak256("anything"));
        vm.expectRevert(refusal);
        this.deployVerifier();
    }

    function deployVerifier() external returns (address) {
        return deploy("UnprovenVerifier", "");
    }
}
