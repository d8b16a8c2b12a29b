// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BridgedStandardERC20} from "../../src/bridge/BridgedStandardERC20.sol";
import "../../src/bridge/BridgeErrors.sol";
import {TestToken} from "../../src/dev/TestToken.sol";
import {AddressHasNoCode, AssetIdNotSupported, MsgValueMismatch} from "../../src/l1/common/Errors.sol";
import {BaseTokenHolder} from "../../src/l2/BaseTokenHolder.sol";
import {L2Bridgehub} from "../../src/l2/L2Bridgehub.sol";
import {SystemContract} from "../../src/l2/SystemContract.sol";
import {ChainTest} from "../utils/ChainTest.sol";
import {Vm} from "../utils/Test.sol";
import {FeeToken, ReentrantToken} from "../utils/Tokens.sol";

contract ChainBridgeTest is ChainTest {
    event L1MessageSent(address indexed sender, bytes32 indexed hash, bytes message);

    function refusal(address caller, address allowed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(SystemContract.CallerNotAllowed.selector, caller, allowed);
    }

    // -- arriving ----------------------------------------------------------------------------------------------------

    function test_depositMakesTheToken(uint128 amount) public {
        address expected = ROUTER.l2TokenAddress(L1_GOLD);
        TestToken gold = depositGold(receiver, amount);
        vm.assertEq(address(gold), expected);
        vm.assertEq(gold.balanceOf(receiver), amount);
        vm.assertEq(gold.name(), "Gold");
        vm.assertEq(gold.symbol(), "AU");
        vm.assertEq(gold.decimals(), 6);
        vm.assertEq(VAULT.assetId(address(gold)), goldId);
        vm.assertEq(VAULT.originChainId(goldId), L1);
        vm.assertEq(ROUTER.l1TokenAddress(address(gold)), L1_GOLD);
        vm.assertEq(ROUTER.l2TokenAddress(L1_GOLD), expected);
        depositGold(user, 1);
        vm.assertEq(gold.totalSupply(), uint256(amount) + 1);
    }

    function test_addressesAreTheSameOnAllChains() public {
        address onA = address(depositGold(user, 1));
        enter(CHAIN_B);
        vm.assertEq(address(depositGold(user, 1)), onA);
    }

    function test_olderDepositDoesTheSame() public {
        bytes memory data = abi.encode(abi.encode("Gold"), abi.encode("AU"), abi.encode(uint256(6)));
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(user, receiver, L1_GOLD, 5, data);
        TestToken gold = TestToken(ROUTER.l2TokenAddress(L1_GOLD));
        vm.assertEq(gold.balanceOf(receiver), 5);
        vm.assertEq(gold.decimals(), 6);
        vm.assertEq(VAULT.assetId(address(gold)), goldId);
    }

    function test_onlyL1sRouterDeposits(address other) public {
        vm.assume(other != L1_ROUTER_ALIAS && other != address(HANDLER));
        vm.startPrank(other, other);
        vm.expectRevert(refusal(other, L1_ROUTER_ALIAS));
        ROUTER.finalizeDeposit(L1, goldId, mintData(other, L1_GOLD, 1, L1));
        vm.expectRevert(refusal(other, L1_ROUTER_ALIAS));
        ROUTER.finalizeDeposit(other, other, L1_GOLD, 1, "");
        vm.stopPrank();
    }

    function test_routerAndHandlerSpeakForTheirOwn() public {
        bytes memory data = mintData(user, L1_GOLD, 1, L1);
        vm.expectRevert(abi.encodeWithSelector(WrongChainId.selector, L1, CHAIN_B));
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(CHAIN_B, goldId, data);
        vm.startPrank(address(HANDLER), address(HANDLER));
        vm.expectRevert(abi.encodeWithSelector(WrongChainId.selector, 0, L1));
        ROUTER.finalizeDeposit(L1, goldId, data);
        vm.expectRevert(abi.encodeWithSelector(WrongChainId.selector, 0, CHAIN_A));
        ROUTER.finalizeDeposit(CHAIN_A, goldId, data);
        vm.stopPrank();
    }

    function test_refusesTokenOfAnotherName() public {
        bytes memory data = mintData(user, L1_GOLD, 1, L1);
        vm.startPrank(L1_ROUTER_ALIAS, L1_ROUTER_ALIAS);
        vm.expectRevert(abi.encodeWithSelector(AssetIdMismatch.selector, goldId, keccak256("silver")));
        ROUTER.finalizeDeposit(L1, keccak256("silver"), data);
        data = mintData(user, L1_GOLD, 1, CHAIN_A);
        vm.expectRevert(abi.encodeWithSelector(OriginIsThisChain.selector, CHAIN_A));
        ROUTER.finalizeDeposit(L1, nativeId(CHAIN_A, L1_GOLD), data);
        data = abi.encode(user, user, L1_GOLD, 1, hex"02");
        vm.expectRevert(abi.encodeWithSelector(UnsupportedEncodingVersion.selector, bytes1(0x02)));
        ROUTER.finalizeDeposit(L1, goldId, data);
        vm.stopPrank();
    }

    function test_strangeDescriptionsDoNotStopDeposits(bytes calldata name, bytes calldata decimals) public {
        bytes memory described = bytes.concat(hex"01", abi.encode(L1, name, bytes32("GLD"), decimals));
        described = bytes.concat(hex"01", abi.encode(L1, name, abi.encode(bytes32("GLD")), decimals));
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(L1, goldId, abi.encode(user, receiver, L1_GOLD, 5, described));
        TestToken gold = TestToken(VAULT.tokenAddress(goldId));
        vm.assertEq(gold.balanceOf(receiver), 5);
        vm.assertEq(gold.symbol(), "GLD");
        gold.name();
        gold.decimals();
    }

    function test_tokensAreTheVaultsAlone() public {
        BridgedStandardERC20 gold = BridgedStandardERC20(address(depositGold(user, 1)));
        bytes memory reason = abi.encodeWithSelector(BridgedStandardERC20.OnlyVault.selector, user, address(VAULT));
        vm.startPrank(user, user);
        vm.expectRevert(reason);
        gold.bridgeMint(user, 1);
        vm.expectRevert(reason);
        gold.bridgeBurn(user, 1);
        vm.stopPrank();
    }

    // -- leaving for L1 ----------------------------------------------------------------------------------------------

    function test_withdrawsToken(uint128 amount) public {
        vm.assume(amount != 0);
        TestToken gold = depositGold(user, amount);
        bytes memory described =
            bytes.concat(hex"01", abi.encode(L1, abi.encode("Gold"), abi.encode("AU"), abi.encode(uint8(6))));
        bytes memory message = bytes.concat(
            hex"9c884fd1", bytes32(CHAIN_A), goldId, abi.encode(user, receiver, L1_GOLD, amount, described)
        );
        vm.expectEmit(true, true, true, true, address(0x8008));
        emit L1MessageSent(address(ROUTER), keccak256(message), message);
        vm.recordLogs();
        vm.prank(user);
        ROUTER.withdraw(receiver, address(gold), amount);
        vm.assertEq(gold.totalSupply(), 0);
        (uint256 destination,,) = flowOf(vm.getRecordedLogs());
        vm.assertEq(destination, 0, "a withdrawal is no flow to a chain");
    }

    function test_withdrawsByAssetId() public {
        depositGold(user, 10);
        vm.prank(user);
        bytes32 hash = ROUTER.withdraw(goldId, abi.encode(uint256(4), receiver, address(0)));
        vm.assertTrue(hash != bytes32(0));
        vm.assertEq(TestToken(VAULT.tokenAddress(goldId)).balanceOf(user), 6);
    }

    function test_tokenOfThisChainGoesAndReturns() public {
        TestToken silver = TestToken(deploy("TestToken", abi.encode("Silver", "AG", uint8(2))));
        bytes32 id = nativeId(CHAIN_A, address(silver));
        silver.mint(user, 100);
        vm.startPrank(user, user);
        silver.approve(address(VAULT), 100);
        // Neither form needs the token to be known before.
        ROUTER.withdraw(receiver, address(silver), 30);
        ROUTER.withdraw(id, abi.encode(uint256(20), receiver, address(silver)));
        vm.stopPrank();
        vm.assertEq(silver.balanceOf(address(VAULT)), 50);
        vm.assertEq(VAULT.assetId(address(silver)), id);
        vm.assertEq(ROUTER.l1TokenAddress(address(silver)), address(0));
        bytes memory data = mintData(receiver, address(silver), 50, CHAIN_A);
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(L1, id, data);
        vm.assertEq(silver.balanceOf(receiver), 50);
        vm.assertEq(silver.balanceOf(address(VAULT)), 0);
    }

    function test_refusesBadWithdrawals() public {
        TestToken gold = depositGold(user, 10);
        vm.startPrank(user, user);
        vm.expectRevert(abi.encodeWithSelector(AmountIsZero.selector));
        ROUTER.withdraw(receiver, address(gold), 0);
        vm.expectRevert(abi.encodeWithSelector(ReceiverIsZero.selector));
        ROUTER.withdraw(address(0), address(gold), 1);
        vm.expectRevert();
        ROUTER.withdraw(receiver, address(gold), 11);
        vm.expectRevert(abi.encodeWithSelector(AddressHasNoCode.selector, receiver));
        ROUTER.withdraw(receiver, receiver, 1);
        vm.expectRevert(abi.encodeWithSelector(AssetIdNotSupported.selector, ethId));
        ROUTER.withdraw(receiver, address(TOKEN), 1);
        vm.expectRevert(abi.encodeWithSelector(AssetIdNotSupported.selector, keccak256("silver")));
        ROUTER.withdraw(keccak256("silver"), abi.encode(uint256(1), receiver, address(gold)));
        vm.stopPrank();
        vm.assertEq(gold.balanceOf(user), 10);
    }

    function test_refusesTokenThatTakesFees() public {
        FeeToken fee = new FeeToken(user, 100);
        vm.startPrank(user, user);
        fee.approve(address(VAULT), 100);
        vm.expectRevert(abi.encodeWithSelector(TokensWithFeesNotSupported.selector, 50, 45));
        ROUTER.withdraw(receiver, address(fee), 50);
        vm.stopPrank();
    }

    function test_tokenThatComesBackInSendsNothing() public {
        ReentrantToken token = new ReentrantToken(user, 100);
        bytes32 id = VAULT.ensureTokenIsRegistered(address(token));
        vm.prank(user);
        token.approve(address(VAULT), 100);
        token.arm(address(ROUTER), abi.encodeWithSignature("withdraw(address,address,uint256)", user, token, 1));
        vm.prank(user);
        ROUTER.withdraw(receiver, address(token), 50);
        vm.assertTrue(token.tried());
        vm.assertFalse(token.succeeded());
        vm.assertEq(
            token.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(VAULT.amountAway(id), 50);
        vm.assertEq(token.balanceOf(address(VAULT)), 50);
    }

    function test_refusesMoreOfATokenThanTheBridgeCounts() public {
        TestToken silver = TestToken(deploy("TestToken", abi.encode("Silver", "AG", uint8(2))));
        bytes32 id = nativeId(CHAIN_A, address(silver));
        silver.mint(user, type(uint256).max);
        vm.startPrank(user, user);
        silver.approve(address(VAULT), type(uint256).max);
        ROUTER.withdraw(receiver, address(silver), BOUND - 10);
        vm.expectRevert(abi.encodeWithSelector(AssetAmountTooHigh.selector, id, 11, 10));
        ROUTER.withdraw(receiver, address(silver), 11);
        vm.stopPrank();
        vm.prank(L1_ROUTER_ALIAS);
        ROUTER.finalizeDeposit(L1, id, mintData(user, address(silver), 5, CHAIN_A));
        vm.assertEq(VAULT.amountAway(id), BOUND - 15);
        vm.prank(user);
        ROUTER.withdraw(receiver, address(silver), 15);
    }

    /// @dev What is away is what the vault holds, after each of: to L1, to a chain, from L1, from a chain.
    function test_countsWhatIsAway(uint96[4] calldata out, uint96[4] calldata back) public {
        TestToken silver = TestToken(deploy("TestToken", abi.encode("Silver", "AG", uint8(2))));
        bytes32 id = VAULT.ensureTokenIsRegistered(address(silver));
        silver.mint(user, type(uint128).max);
        vm.prank(user);
        silver.approve(address(VAULT), type(uint256).max);
        uint256 away = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 amount = bound(out[i], 1, type(uint96).max);
            vm.prank(user);
            if (i % 2 == 0) ROUTER.withdraw(receiver, address(silver), amount);
            else CENTER.sendToken(CHAIN_B, id, amount, receiver);
            away += amount;
            requireAway(silver, id, away);
            amount = bound(back[i], 1, away);
            arriveAtHome(i / 2 == 0 ? CHAIN_B : L1, id, mintData(receiver, address(silver), amount, CHAIN_A));
            away -= amount;
            requireAway(silver, id, away);
        }
        // No more comes back than went away, wherever it is said to come from, and whatever somebody gave the vault.
        silver.mint(address(VAULT), 1);
        bytes memory tooMuch = mintData(receiver, address(silver), away + 1, CHAIN_A);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.arriveAtHome(L1, id, tooMuch);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.arriveAtHome(CHAIN_B, id, tooMuch);
        vm.assertEq(VAULT.amountAway(id), away);
        vm.assertEq(silver.balanceOf(address(VAULT)), away + 1);
    }

    function arriveAtHome(uint256 source, bytes32 id, bytes memory data) public {
        vm.prank(source == L1 ? L1_ROUTER_ALIAS : address(HANDLER));
        ROUTER.finalizeDeposit(source, id, data);
    }

    function requireAway(TestToken silver, bytes32 id, uint256 away) private view {
        vm.assertEq(VAULT.amountAway(id), away);
        vm.assertEq(silver.balanceOf(address(VAULT)), away);
    }

    /// @dev Only of what was born here is it counted: what is elsewhere of other tokens is their own chain's affair.
    function test_countsNothingOfOtherTokens() public {
        depositGold(user, 10);
        vm.startPrank(user, user);
        ROUTER.withdraw(goldId, abi.encode(uint256(4), receiver, address(0)));
        CENTER.sendToken(CHAIN_B, goldId, 3, receiver);
        CENTER.sendToken{value: 5}(CHAIN_B, ethId, 5, receiver);
        TOKEN.withdraw{value: 6}(receiver);
        vm.stopPrank();
        vm.assertEq(VAULT.amountAway(goldId), 0);
        vm.assertEq(VAULT.amountAway(ethId), 0);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether - 11);
    }

    // -- keepers -----------------------------------------------------------------------------------------------------

    function test_everyDoorHasItsKeeper(address other) public {
        vm.assume(other != address(ROUTER) && other != address(CENTER) && other != address(VAULT));
        vm.assume(other != BOOTLOADER_);
        vm.startPrank(other, other);
        vm.expectRevert(refusal(other, address(ROUTER)));
        VAULT.bridgeBurn(CHAIN_B, 0, ethId, other, "");
        vm.expectRevert(refusal(other, address(ROUTER)));
        VAULT.bridgeMint(CHAIN_B, ethId, "");
        vm.expectRevert(refusal(other, address(VAULT)));
        BaseTokenHolder(payable(HOLDER)).give(other, 1);
        vm.expectRevert(refusal(other, address(VAULT)));
        TOKEN.burnMsgValue();
        vm.expectRevert(refusal(other, BOOTLOADER_));
        BRIDGEHUB.registerChainForInterop(5, ethId);
        vm.stopPrank();
    }

    function test_chainsAreRegisteredForGood() public {
        vm.startPrank(BOOTLOADER_, BOOTLOADER_);
        BRIDGEHUB.registerChainForInterop(CHAIN_B, ethId);
        vm.expectRevert(abi.encodeWithSelector(L2Bridgehub.ChainAlreadyRegistered.selector, CHAIN_B, ethId));
        BRIDGEHUB.registerChainForInterop(CHAIN_B, goldId);
        vm.expectRevert(abi.encodeWithSelector(L2Bridgehub.ChainAlreadyRegistered.selector, CHAIN_A, ethId));
        BRIDGEHUB.registerChainForInterop(CHAIN_A, goldId);
        vm.expectRevert(abi.encodeWithSelector(L2Bridgehub.EmptyRegistration.selector, 0, ethId));
        BRIDGEHUB.registerChainForInterop(0, ethId);
        vm.expectRevert(abi.encodeWithSelector(L2Bridgehub.EmptyRegistration.selector, 5, bytes32(0)));
        BRIDGEHUB.registerChainForInterop(5, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(L2Bridgehub.ChainIsL1.selector, L1));
        BRIDGEHUB.registerChainForInterop(L1, ethId);
        vm.stopPrank();
        vm.assertEq(BRIDGEHUB.baseTokenAssetId(CHAIN_GOLD), goldId);
    }

    function test_readsItsGenesis() public view {
        vm.assertEq(ROUTER.L1_ASSET_ROUTER(), L1_ROUTER);
        vm.assertEq(VAULT.BASE_TOKEN_ASSET_ID(), ethId);
        vm.assertEq(VAULT.L1_CHAIN_ID(), L1);
        vm.assertEq(VAULT.assetId(address(TOKEN)), ethId);
        vm.assertEq(ROUTER.l2TokenAddress(address(1)), address(TOKEN));
        vm.assertEq(ROUTER.l1TokenAddress(address(TOKEN)), address(1));
    }
}
