// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    L2TransactionRequestDirect,
    L2TransactionRequestTwoBridgesInner,
    L2TransactionRequestTwoBridgesOuter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {L2CanonicalTransaction} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import "../../src/bridge/BridgeErrors.sol";
import "../../src/l1/common/BridgeRefusals.sol";
import "../../src/l1/common/Errors.sol";
import {Mailbox} from "../../src/l1/chain/Mailbox.sol";
import {BridgeTest} from "../utils/BridgeTest.sol";
import {Vm} from "../utils/Test.sol";
import {FeeToken, OldToken, ReentrantToken} from "../utils/Tokens.sol";

/// @dev Answers the Bridgehub with what it was told to.
contract OtherBridge {
    bytes32 private _magic;
    bytes32 public confirmed;

    constructor(bytes32 magic) {
        _magic = magic;
    }

    function bridgehubDeposit(uint256, address caller, uint256, bytes calldata)
        external
        payable
        returns (L2TransactionRequestTwoBridgesInner memory inner)
    {
        inner.magicValue = _magic;
        inner.l2Contract = caller;
        inner.factoryDeps = new bytes[](0);
        inner.txDataHash = keccak256("data");
    }

    function bridgehubConfirmL2Transaction(uint256, bytes32 dataHash, bytes32 txHash) external {
        confirmed = keccak256(abi.encode(dataHash, txHash));
    }
}

contract DepositsTest is BridgeTest {
    bytes32 private constant MAGIC = 0xa175e001c0e5684bc26302c2f9a55aec9f3936fe2aef558034003ef4da7fc77d;
    uint160 private constant ALIAS = uint160(0x1111000000000000000000000000000000001111);

    function aliasOf(address account) private pure returns (uint256) {
        return (uint256(uint160(account)) + ALIAS) % 2 ** 160;
    }

    function refuse(L2TransactionRequestTwoBridgesOuter memory request, uint256 value, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(user, user);
        hub.requestL2TransactionTwoBridges{value: value}(request);
    }

    function refuse(L2TransactionRequestTwoBridgesOuter memory request, bytes memory reason) private {
        refuse(request, request.mintValue + request.secondBridgeValue, reason);
    }

    /// @dev The transaction that the last request put into a chain's queue.
    function lastRequest() private returns (L2CanonicalTransaction memory transaction) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == Mailbox.NewPriorityRequest.selector) {
                (,,, transaction,) =
                    abi.decode(logs[i].data, (uint256, bytes32, uint64, L2CanonicalTransaction, bytes[]));
            }
        }
    }

    // -- what is taken -----------------------------------------------------------------------------------------------

    function test_depositsToken(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1e9 ether));
        vm.recordLogs();
        bytes32 txHash = depositToken(CHAIN_A, address(gold), amount);
        L2CanonicalTransaction memory transaction = lastRequest();
        vm.assertEq(gold.balanceOf(address(vault)), amount);
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), amount);
        vm.assertEq(vault.chainBalance(CHAIN_B, goldId), 0);
        bytes memory metadata =
            bytes.concat(hex"01", abi.encode(L1_CHAIN_ID, abi.encode("Gold"), abi.encode("AU"), abi.encode(uint8(18))));
        bytes memory expected = abi.encodeWithSelector(
            bytes4(0x9c884fd1), L1_CHAIN_ID, goldId, abi.encode(user, receiver, gold, amount, metadata)
        );
        vm.assertEq(transaction.data, expected);
        vm.assertEq(transaction.from, aliasOf(address(router)));
        vm.assertEq(transaction.to, 0x10003);
        vm.assertEq(transaction.value, 0);
        vm.assertEq(transaction.reserved[1], uint256(uint160(user)));
        bytes memory transferData = abi.encode(uint256(amount), receiver, address(gold));
        vm.assertEq(
            nullifier.depositHappened(CHAIN_A, txHash),
            keccak256(bytes.concat(hex"01", abi.encode(user, goldId, transferData)))
        );
    }

    function test_registersTokensOnTheWay() public {
        OldToken old = new OldToken(user, 100);
        bytes32 id = nativeId(L1_CHAIN_ID, address(old));
        vm.prank(user);
        old.approve(address(router), 100);
        vm.assertEq(vault.assetId(address(old)), bytes32(0));
        depositToken(CHAIN_A, address(old), 60);
        vm.assertEq(vault.assetId(address(old)), id);
        vm.assertEq(vault.tokenAddress(id), address(old));
        vm.assertEq(vault.originChainId(id), L1_CHAIN_ID);
        vm.assertEq(router.assetHandlerAddress(id), address(vault));
        vm.assertEq(old.balanceOf(address(vault)), 60);
        vm.assertEq(vault.chainBalance(CHAIN_A, id), 60);
    }

    function test_olderEncodingDoesTheSame() public {
        L2TransactionRequestTwoBridgesOuter memory request =
            twoBridges(CHAIN_A, abi.encode(address(gold), uint256(5), receiver));
        vm.recordLogs();
        vm.prank(user, user);
        bytes32 txHash = hub.requestL2TransactionTwoBridges{value: request.mintValue}(request);
        bytes memory older = lastRequest().data;
        vm.recordLogs();
        bytes32 newer = depositToken(CHAIN_A, address(gold), 5);
        vm.assertEq(older, lastRequest().data);
        vm.assertEq(nullifier.depositHappened(CHAIN_A, txHash), nullifier.depositHappened(CHAIN_A, newer));
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), 10);
    }

    function test_depositsBaseTokenThatIsNotEther() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_GOLD, 3 ether);
        uint256 before = gold.balanceOf(user);
        vm.prank(user, user);
        hub.requestL2TransactionDirect(request);
        vm.assertEq(before - gold.balanceOf(user), request.mintValue);
        vm.assertEq(vault.chainBalance(CHAIN_GOLD, goldId), request.mintValue);
        vm.assertEq(hub.baseToken(CHAIN_GOLD), address(gold));
        vm.expectRevert(abi.encodeWithSelector(MsgValueMismatch.selector, 0, 1));
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: 1}(request);
    }

    function test_depositsEtherOnChainWithAnotherBaseToken() public {
        bytes memory data = tokenData(ethAssetId, 2 ether, receiver, address(1));
        L2TransactionRequestTwoBridgesOuter memory request = twoBridges(CHAIN_GOLD, data);
        request.secondBridgeValue = 2 ether;
        refuse(request, 1 ether, abi.encodeWithSelector(MsgValueMismatch.selector, 2 ether, 1 ether));
        vm.prank(user, user);
        hub.requestL2TransactionTwoBridges{value: 2 ether}(request);
        vm.assertEq(vault.chainBalance(CHAIN_GOLD, ethAssetId), 2 ether);
        vm.assertEq(vault.chainBalance(CHAIN_GOLD, goldId), request.mintValue);
        vm.assertEq(address(vault).balance, 2 ether);
    }

    function test_refundBelongsToWhoAsked() public {
        L2TransactionRequestTwoBridgesOuter memory request =
            twoBridges(CHAIN_A, tokenData(goldId, 1, receiver, address(gold)));
        request.refundRecipient = address(gold);
        vm.recordLogs();
        vm.prank(user, user);
        hub.requestL2TransactionTwoBridges{value: request.mintValue}(request);
        vm.assertEq(lastRequest().reserved[1], aliasOf(address(gold)));
    }

    function test_otherBridgesHaveTheirSay() public {
        OtherBridge bridge = new OtherBridge(MAGIC);
        L2TransactionRequestTwoBridgesOuter memory request = twoBridges(CHAIN_A, "");
        request.secondBridgeAddress = address(bridge);
        vm.prank(user, user);
        bytes32 txHash = hub.requestL2TransactionTwoBridges{value: request.mintValue}(request);
        vm.assertEq(bridge.confirmed(), keccak256(abi.encode(keccak256("data"), txHash)));
        vm.assertEq(nullifier.depositHappened(CHAIN_A, txHash), bytes32(0));
    }

    // -- what is refused ---------------------------------------------------------------------------------------------

    function test_refusesWrongBridges() public {
        L2TransactionRequestTwoBridgesOuter memory request = twoBridges(CHAIN_A, "");
        request.secondBridgeAddress = address(0xffff);
        refuse(request, abi.encodeWithSelector(SecondBridgeAddressTooLow.selector, address(0xffff), address(0xffff)));
        request.secondBridgeAddress = address(new OtherBridge(keccak256("magic")));
        refuse(request, abi.encodeWithSelector(WrongMagicValue.selector, MAGIC, keccak256("magic")));
        request.chainId = 999;
        refuse(request, abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
    }

    function test_refusesWrongValue() public {
        L2TransactionRequestTwoBridgesOuter memory request =
            twoBridges(CHAIN_A, tokenData(goldId, 1, receiver, address(gold)));
        uint256 value = request.mintValue;
        refuse(request, value - 1, abi.encodeWithSelector(MsgValueMismatch.selector, value, value - 1));
        request.secondBridgeValue = 1;
        refuse(request, abi.encodeWithSelector(MsgValueMismatch.selector, 0, 1));
        request.secondBridgeValue = 0;
        request.l2Value = 1;
        refuse(request, abi.encodeWithSelector(L2ValueNotSupported.selector, 1));
    }

    function test_refusesWhatIsNoDeposit() public {
        bytes memory none = "";
        refuse(twoBridges(CHAIN_A, none), abi.encodeWithSelector(UnsupportedEncodingVersion.selector, bytes1(0xff)));
        refuse(twoBridges(CHAIN_A, hex"02"), abi.encodeWithSelector(UnsupportedEncodingVersion.selector, bytes1(0x02)));
        bytes memory data = tokenData(goldId, 0, receiver, address(gold));
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(AmountIsZero.selector));
        data = tokenData(goldId, 1, address(0), address(gold));
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(ReceiverIsZero.selector));
        data = tokenData(ethAssetId, 1, receiver, address(1));
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(AssetIdNotSupported.selector, ethAssetId));
        data = tokenData(keccak256("silver"), 1, receiver, address(gold));
        refuse(
            twoBridges(CHAIN_A, data), abi.encodeWithSelector(AssetHandlerDoesNotExist.selector, keccak256("silver"))
        );
        data = tokenData(nativeId(L1_CHAIN_ID, user), 1, receiver, user);
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(AddressHasNoCode.selector, user));
    }

    function test_refusesTokenThatTakesFees() public {
        FeeToken fee = new FeeToken(user, 100);
        vm.prank(user);
        fee.approve(address(router), 100);
        bytes memory data = tokenData(nativeId(L1_CHAIN_ID, address(fee)), 50, receiver, address(fee));
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(TokensWithFeesNotSupported.selector, 50, 45));
        vm.assertEq(fee.balanceOf(user), 100);
    }

    function test_refusesTokenThatComesBackIn() public {
        ReentrantToken token = new ReentrantToken(user, 100);
        vm.prank(user);
        token.approve(address(router), 100);
        L2TransactionRequestTwoBridgesOuter memory again =
            twoBridges(CHAIN_A, tokenData(goldId, 1, receiver, address(gold)));
        token.arm(address(hub), abi.encodeCall(hub.requestL2TransactionTwoBridges, (again)));
        depositToken(CHAIN_A, address(token), 50);
        vm.assertTrue(token.tried());
        vm.assertFalse(token.succeeded());
        vm.assertEq(
            token.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(vault.chainBalance(CHAIN_A, nativeId(L1_CHAIN_ID, address(token))), 50);
    }

    function test_refusesMoreOfATokenThanTheBridgeCounts() public {
        uint256 max = 2 ** 127 - 1;
        gold.mint(user, max);
        depositToken(CHAIN_A, address(gold), max - 10);
        bytes memory data = tokenData(goldId, 11, receiver, address(gold));
        refuse(twoBridges(CHAIN_B, data), abi.encodeWithSelector(AssetAmountTooHigh.selector, goldId, 11, 10));
        depositToken(CHAIN_B, address(gold), 10);
        vm.assertEq(vault.totalChainBalance(goldId), max);
    }

    function test_pauseStopsTokenDeposits() public {
        vm.prank(owner);
        router.pause();
        bytes memory data = tokenData(goldId, 1, receiver, address(gold));
        refuse(twoBridges(CHAIN_A, data), abi.encodeWithSelector(Pausable.EnforcedPause.selector));
    }

    function test_everyDoorHasItsKeeper(address other) public {
        vm.assume(other != address(hub) && other != address(router) && other != address(vault));
        vm.assume(other != address(nullifier));
        bytes memory refusal = abi.encodeWithSelector(Unauthorized.selector, other);
        vm.startPrank(other, other);
        vm.expectRevert(refusal);
        router.bridgehubDeposit(CHAIN_A, other, 0, "");
        vm.expectRevert(refusal);
        router.bridgehubConfirmL2Transaction(CHAIN_A, 0, 0);
        vm.expectRevert(refusal);
        router.transferFundsToNTV(goldId, 1, user);
        vm.expectRevert(refusal);
        router.registerAsset(goldId);
        vm.expectRevert(refusal);
        router.finalizeDeposit(CHAIN_A, goldId, "");
        vm.expectRevert(refusal);
        router.bridgeRecoverFailedTransfer(CHAIN_A, other, goldId, "");
        vm.expectRevert(refusal);
        vault.bridgeMint(CHAIN_A, goldId, "");
        vm.expectRevert(refusal);
        vault.bridgeRecoverFailedTransfer(CHAIN_A, goldId, other, "");
        vm.expectRevert(refusal);
        nullifier.bridgehubConfirmL2TransactionForwarded(CHAIN_A, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, other));
        router.setL1Nullifier(other);
        vm.stopPrank();
        vm.startPrank(owner, owner);
        vm.expectRevert(abi.encodeWithSelector(AddressAlreadySet.selector, address(nullifier)));
        router.setL1Nullifier(other);
        vm.stopPrank();
    }
}
