// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    FinalizeL1DepositParams
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IL1Nullifier.sol";
import {
    L2TransactionRequestDirect,
    L2TransactionRequestTwoBridgesOuter
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {L2Log} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {BridgedStandardERC20} from "../../src/bridge/BridgedStandardERC20.sol";
import "../../src/bridge/BridgeErrors.sol";
import {InteropFlow} from "../../src/l1/chain/BatchTypes.sol";
import "../../src/l1/common/BridgeRefusals.sol";
import "../../src/l1/common/Errors.sol";
import {BridgeTest} from "../utils/BridgeTest.sol";
import {LogTree} from "../utils/LogTree.sol";
import {Refuser, ReentrantToken} from "../utils/Tokens.sol";

contract ClaimsTest is BridgeTest {
    address private _silver = makeAddr("silver on A");

    // -- withdrawals -------------------------------------------------------------------------------------------------

    function test_paysEther(uint96 amount) public {
        deposit(CHAIN_A, amount);
        uint256 held = vault.chainBalance(CHAIN_A, ethAssetId);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, BASE_TOKEN, baseTokenMessage(receiver, amount));
        vm.assertFalse(router.isWithdrawalFinalized(CHAIN_A, 1, 1));
        nullifier.finalizeDeposit(claim);
        vm.assertTrue(router.isWithdrawalFinalized(CHAIN_A, 1, 1));
        vm.assertEq(receiver.balance, amount);
        vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), held - amount);
        refuseClaim(claim, abi.encodeWithSelector(WithdrawalAlreadyFinalized.selector, CHAIN_A, 1, 1));
        vm.assertEq(receiver.balance, amount);
    }

    function test_paysEtherWithMessage() public {
        deposit(CHAIN_A, 5);
        bytes memory message = bytes.concat(baseTokenMessage(receiver, 5), bytes20(user), "for you");
        nullifier.finalizeDeposit(sayMessage(chainA, BASE_TOKEN, message));
        vm.assertEq(receiver.balance, 5);
    }

    function test_paysTokens(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1e9 ether));
        depositToken(CHAIN_A, address(gold), amount);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, ROUTER_ON_CHAINS, goldMessage(CHAIN_A, amount));
        nullifier.finalizeDeposit(claim);
        vm.assertEq(gold.balanceOf(receiver), amount);
        vm.assertEq(gold.balanceOf(address(vault)), 0);
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), 0);
        refuseClaim(claim, abi.encodeWithSelector(WithdrawalAlreadyFinalized.selector, CHAIN_A, 1, 1));
    }

    function test_paysBaseTokenThatIsNotEther() public {
        L2TransactionRequestDirect memory made = directRequest(CHAIN_GOLD, 7 ether);
        vm.prank(user, user);
        requests[address(chainGold)].push(hub.requestL2TransactionDirect(made));
        FinalizeL1DepositParams memory claim = sayMessage(chainGold, BASE_TOKEN, baseTokenMessage(receiver, 7 ether));
        nullifier.finalizeDeposit(claim);
        vm.assertEq(gold.balanceOf(receiver), 7 ether);
    }

    function test_refusesMoreThanTheChainHolds() public {
        deposit(CHAIN_A, 1 ether);
        depositToken(CHAIN_A, address(gold), 10);
        depositToken(CHAIN_B, address(gold), 90);
        uint256 held = vault.chainBalance(CHAIN_A, ethAssetId);
        refuseClaim(
            sayMessage(chainA, BASE_TOKEN, baseTokenMessage(receiver, held + 1)),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, ethAssetId, held, held + 1)
        );
        refuseClaim(
            sayMessage(chainA, ROUTER_ON_CHAINS, goldMessage(CHAIN_A, 11)),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, goldId, 10, 11)
        );
        vm.assertEq(gold.balanceOf(receiver), 0);
    }

    function test_refusesClaimAgainstAnotherChain() public {
        depositToken(CHAIN_A, address(gold), 10);
        depositToken(CHAIN_B, address(gold), 10);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, ROUTER_ON_CHAINS, goldMessage(CHAIN_A, 10));
        sayMessage(chainB, user, "nothing");
        claim.chainId = CHAIN_B;
        refuseClaim(claim, abi.encodeWithSelector(WrongChainId.selector, CHAIN_B, CHAIN_A));
        claim.message = goldMessage(CHAIN_B, 10);
        refuseClaim(claim, abi.encodeWithSelector(InvalidProof.selector));
        deposit(CHAIN_A, 5);
        deposit(CHAIN_B, 5);
        claim = sayMessage(chainA, BASE_TOKEN, baseTokenMessage(receiver, 5));
        sayMessage(chainB, user, "nothing");
        claim.chainId = CHAIN_B;
        refuseClaim(claim, abi.encodeWithSelector(InvalidProof.selector));
        claim.chainId = 999;
        refuseClaim(claim, abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
    }

    function test_refusesEveryMutation(uint256 word, uint256 bit) public {
        depositToken(CHAIN_A, address(gold), 10);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, ROUTER_ON_CHAINS, goldMessage(CHAIN_A, 10));
        word = bound(word, 0, 15);
        claim.merkleProof[word] ^= bytes32(1 << bound(bit, 0, 255));
        if (word == 0) {
            refuseClaim(claim, abi.encodeWithSelector(UnsupportedProofMetadata.selector, claim.merkleProof[0]));
        } else {
            refuseClaim(claim, abi.encodeWithSelector(InvalidProof.selector));
        }
        vm.assertFalse(nullifier.isWithdrawalFinalized(CHAIN_A, 1, 1));
    }

    function test_refusesOtherPlacesAndSenders() public {
        depositToken(CHAIN_A, address(gold), 10);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, ROUTER_ON_CHAINS, goldMessage(CHAIN_A, 10));
        bytes memory invalid = abi.encodeWithSelector(InvalidProof.selector);
        claim.l2MessageIndex = 2;
        refuseClaim(claim, invalid);
        claim.l2MessageIndex = 1 + 2 ** 14;
        refuseClaim(claim, abi.encodeWithSelector(LeafIndexOutOfBounds.selector, 1 + 2 ** 14, 2 ** 14));
        claim.l2MessageIndex = 1;
        claim.l2TxNumberInBatch = 8;
        refuseClaim(claim, invalid);
        claim.l2TxNumberInBatch = 7;
        claim.l2BatchNumber = 2;
        refuseClaim(claim, abi.encodeWithSelector(BatchNotExecuted.selector, 2));
        claim.l2BatchNumber = 1;
        claim.l2Sender = user;
        refuseClaim(claim, abi.encodeWithSelector(WrongL2Sender.selector, user));
        claim.l2Sender = BASE_TOKEN;
        refuseClaim(claim, abi.encodeWithSelector(InvalidSelector.selector, bytes4(0x9c884fd1)));
    }

    function test_refusesMessagesThatPayNothing() public {
        bytes memory short = hex"6c0960";
        refuseClaim(
            sayMessage(chainA, BASE_TOKEN, short), abi.encodeWithSelector(L2WithdrawalMessageWrongLength.selector, 3)
        );
        bytes memory between = bytes.concat(baseTokenMessage(receiver, 1), bytes19(0));
        refuseClaim(
            sayMessage(chainA, BASE_TOKEN, between), abi.encodeWithSelector(L2WithdrawalMessageWrongLength.selector, 75)
        );
        refuseClaim(
            sayMessage(chainA, ROUTER_ON_CHAINS, bytes.concat(hex"9c884fd1", bytes32(CHAIN_A))),
            abi.encodeWithSelector(L2WithdrawalMessageWrongLength.selector, 36)
        );
        refuseClaim(
            sayMessage(chainA, ROUTER_ON_CHAINS, baseTokenMessage(receiver, 1)),
            abi.encodeWithSelector(InvalidSelector.selector, bytes4(0x6c0960f9))
        );
        // A bundle for another chain is no claim here.
        refuseClaim(
            sayMessage(chainA, address(0x1000d), hex"01020304"),
            abi.encodeWithSelector(WrongL2Sender.selector, address(0x1000d))
        );
    }

    function test_usersMessagesPayNothing() public {
        depositToken(CHAIN_A, address(gold), 10);
        // A user sent exactly what the router would have sent.
        FinalizeL1DepositParams memory claim = sayMessage(chainA, user, goldMessage(CHAIN_A, 10));
        claim.l2Sender = ROUTER_ON_CHAINS;
        refuseClaim(claim, abi.encodeWithSelector(InvalidProof.selector));
    }

    function test_refusedReceiverCanBePaidLater() public {
        deposit(CHAIN_A, 5);
        address refuser = address(new Refuser());
        FinalizeL1DepositParams memory claim = sayMessage(chainA, BASE_TOKEN, baseTokenMessage(refuser, 5));
        refuseClaim(claim, abi.encodeWithSelector(ValueNotTaken.selector, refuser, 5));
        vm.etch(refuser, "");
        nullifier.finalizeDeposit(claim);
        vm.assertEq(refuser.balance, 5);
    }

    function test_tokenThatComesBackInClaimsNothing() public {
        ReentrantToken token = new ReentrantToken(user, 100);
        vm.prank(user);
        token.approve(address(router), 100);
        depositToken(CHAIN_A, address(token), 60);
        bytes32 id = nativeId(L1_CHAIN_ID, address(token));
        bytes memory message = tokenMessage(CHAIN_A, id, receiver, address(token), 30, L1_CHAIN_ID);
        FinalizeL1DepositParams memory claim = sayMessage(chainA, ROUTER_ON_CHAINS, message);
        FinalizeL1DepositParams memory second = sayMessage(chainA, ROUTER_ON_CHAINS, message);
        token.arm(address(nullifier), abi.encodeCall(nullifier.finalizeDeposit, (second)));
        nullifier.finalizeDeposit(claim);
        vm.assertTrue(token.tried());
        vm.assertFalse(token.succeeded());
        vm.assertEq(
            token.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(token.balanceOf(receiver), 30);
        nullifier.finalizeDeposit(second);
        vm.assertEq(token.balanceOf(receiver), 60);
    }

    // -- failed deposits ---------------------------------------------------------------------------------------------

    /// @dev Settles the result of a deposit of gold; returns the batch's logs.
    function resultOf(bytes32 txHash, bool succeeded) private returns (L2Log[] memory logs) {
        logs = new L2Log[](2);
        logs[0] = LogTree.messageLog(0, user, "other");
        logs[1] = LogTree.resultLog(1, txHash, succeeded);
        say(chainA, logs);
    }

    function recover(address depositor, uint256 amount, bytes32 txHash, L2Log[] memory logs, bytes memory reason)
        private
    {
        bytes32[] memory proof = LogTree.finalProof(logs, 1);
        if (reason.length != 0) vm.expectRevert(reason);
        router.bridgeRecoverFailedTransfer(
            CHAIN_A, depositor, goldId, abi.encode(amount, receiver, address(gold)), txHash, 1, 1, 1, proof
        );
    }

    function test_failedDepositComesBackOnce(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1e9 ether));
        uint256 before = gold.balanceOf(user);
        bytes32 txHash = depositToken(CHAIN_A, address(gold), amount);
        bytes32 deposited = nullifier.depositHappened(CHAIN_A, txHash);
        L2Log[] memory logs = resultOf(txHash, false);
        address thief = makeAddr("thief");
        bytes32 other =
            keccak256(bytes.concat(hex"01", abi.encode(thief, goldId, abi.encode(uint256(amount), receiver, gold))));
        recover(thief, amount, txHash, logs, abi.encodeWithSelector(DepositDoesNotExist.selector, deposited, other));
        recover(user, amount, txHash, logs, "");
        vm.assertEq(gold.balanceOf(user), before);
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), 0);
        recover(user, amount, txHash, logs, abi.encodeWithSelector(DepositDoesNotExist.selector, bytes32(0), deposited));
    }

    function test_successfulDepositDoesNotComeBack() public {
        bytes32 txHash = depositToken(CHAIN_A, address(gold), 9);
        L2Log[] memory logs = resultOf(txHash, true);
        recover(user, 9, txHash, logs, abi.encodeWithSelector(InvalidProof.selector));
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), 9);
    }

    function test_failureOfAnotherRequestIsNoProof() public {
        bytes32 txHash = depositToken(CHAIN_A, address(gold), 9);
        L2Log[] memory logs = resultOf(keccak256("other request"), false);
        recover(user, 9, txHash, logs, abi.encodeWithSelector(InvalidProof.selector));
    }

    // -- tokens of chains --------------------------------------------------------------------------------------------

    function silverId() private view returns (bytes32) {
        return nativeId(CHAIN_A, _silver);
    }

    function claimSilver(uint256 amount) private returns (BridgedStandardERC20) {
        bytes memory message = tokenMessage(CHAIN_A, silverId(), user, _silver, amount, CHAIN_A);
        nullifier.finalizeDeposit(sayMessage(chainA, ROUTER_ON_CHAINS, message));
        return BridgedStandardERC20(vault.tokenAddress(silverId()));
    }

    function test_tokenOfAChainArrivesOnL1() public {
        address expected = vault.bridgedTokenAddress(CHAIN_A, _silver);
        BridgedStandardERC20 silver = claimSilver(100);
        vm.assertEq(address(silver), expected);
        vm.assertEq(silver.name(), "Silver");
        vm.assertEq(silver.symbol(), "AG");
        vm.assertEq(silver.decimals(), 6);
        vm.assertEq(silver.balanceOf(user), 100);
        vm.assertEq(silver.originToken(), _silver);
        vm.assertEq(vault.originChainId(silverId()), CHAIN_A);
        vm.assertEq(router.assetHandlerAddress(silverId()), address(vault));
        claimSilver(20);
        vm.assertEq(silver.totalSupply(), 120);
    }

    function test_tokenOfAChainGoesHomeAndToOthers() public {
        BridgedStandardERC20 silver = claimSilver(100);
        requestSilver(CHAIN_A, 40);
        vm.assertEq(silver.totalSupply(), 60);
        vm.assertEq(vault.chainBalance(CHAIN_A, silverId()), 0);
        requestSilver(CHAIN_B, 50);
        vm.assertEq(silver.totalSupply(), 10);
        vm.assertEq(vault.chainBalance(CHAIN_B, silverId()), 50);
        bytes memory message = tokenMessage(CHAIN_B, silverId(), user, _silver, 51, CHAIN_A);
        refuseClaim(
            sayMessage(chainB, ROUTER_ON_CHAINS, message),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_B, silverId(), 50, 51)
        );
    }

    function requestSilver(uint256 chainId, uint256 amount) private {
        L2TransactionRequestTwoBridgesOuter memory made =
            twoBridges(chainId, tokenData(silverId(), amount, receiver, address(0)));
        vm.prank(user, user);
        bytes32 txHash = hub.requestL2TransactionTwoBridges{value: made.mintValue}(made);
        requests[hub.getZKChain(chainId)].push(txHash);
    }

    function test_refusesAssetThatIsNotItsOrigins() public {
        // B says that silver is its own, or that it is another token of A.
        bytes memory message = tokenMessage(CHAIN_B, silverId(), user, _silver, 5, CHAIN_B);
        refuseClaim(
            sayMessage(chainB, ROUTER_ON_CHAINS, message),
            abi.encodeWithSelector(AssetIdMismatch.selector, nativeId(CHAIN_B, _silver), silverId())
        );
        message = tokenMessage(CHAIN_B, silverId(), user, user, 5, CHAIN_A);
        refuseClaim(
            sayMessage(chainB, ROUTER_ON_CHAINS, message),
            abi.encodeWithSelector(AssetIdMismatch.selector, nativeId(CHAIN_A, user), silverId())
        );
        message = tokenMessage(CHAIN_B, nativeId(L1_CHAIN_ID, user), user, user, 5, L1_CHAIN_ID);
        refuseClaim(
            sayMessage(chainB, ROUTER_ON_CHAINS, message),
            abi.encodeWithSelector(OriginIsThisChain.selector, L1_CHAIN_ID)
        );
        // It is A's, but B has none of it.
        message = tokenMessage(CHAIN_B, silverId(), user, _silver, 5, CHAIN_A);
        refuseClaim(
            sayMessage(chainB, ROUTER_ON_CHAINS, message),
            abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_B, silverId(), 0, 5)
        );
    }

    function test_originIsToldByAnyone() public {
        vm.expectRevert(abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, silverId(), 0, 5));
        vm.prank(address(chainA));
        vault.moveChainBalance(CHAIN_A, CHAIN_B, silverId(), 5);
        vm.assertEq(vault.registerOrigin(CHAIN_A, _silver), silverId());
        vm.assertEq(vault.registerOrigin(CHAIN_A, _silver), silverId());
        vm.prank(address(chainA));
        vault.moveChainBalance(CHAIN_A, CHAIN_B, silverId(), 5);
        vm.assertEq(vault.chainBalance(CHAIN_B, silverId()), 5);
        // B can give back what it has, and no more; at home nothing is counted.
        vm.prank(address(chainB));
        vault.moveChainBalance(CHAIN_B, CHAIN_A, silverId(), 2);
        vm.assertEq(vault.chainBalance(CHAIN_A, silverId()), 0);
        vm.assertEq(vault.totalChainBalance(silverId()), 3);
        vm.expectRevert(abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_B, silverId(), 3, 4));
        vm.prank(address(chainB));
        vault.moveChainBalance(CHAIN_B, CHAIN_GOLD, silverId(), 4);
        // It arrives on L1 afterwards as it would have before.
        BridgedStandardERC20 silver = claimSilver(10);
        vm.assertEq(silver.balanceOf(user), 10);
    }

    function test_refusesFalseOrigins() public {
        vm.expectRevert(abi.encodeWithSelector(OriginIsThisChain.selector, L1_CHAIN_ID));
        vault.registerOrigin(L1_CHAIN_ID, _silver);
        vm.expectRevert(abi.encodeWithSelector(ChainIdNotRegistered.selector, 999));
        vault.registerOrigin(999, _silver);
    }

    function test_onlyTheVaultMakesItsTokens() public {
        BridgedStandardERC20 silver = claimSilver(100);
        vm.startPrank(user, user);
        bytes memory refusal = abi.encodeWithSelector(BridgedStandardERC20.OnlyVault.selector, user, address(vault));
        vm.expectRevert(refusal);
        silver.bridgeMint(user, 1);
        vm.expectRevert(refusal);
        silver.bridgeBurn(user, 1);
        vm.stopPrank();
    }

    // -- batches -----------------------------------------------------------------------------------------------------

    function test_forgedBatchSendsNothing() public {
        depositToken(CHAIN_A, address(gold), 10);
        depositToken(CHAIN_B, address(gold), 90);
        InteropFlow[] memory flows = new InteropFlow[](1);
        flows[0] = InteropFlow(CHAIN_B, goldId, 11);
        vm.expectRevert(abi.encodeWithSelector(InsufficientChainBalance.selector, CHAIN_A, goldId, 10, 11));
        this.sayOnA(flows);
        flows[0].amount = 10;
        this.sayOnA(flows);
        vm.assertEq(vault.chainBalance(CHAIN_A, goldId), 0);
        vm.assertEq(vault.chainBalance(CHAIN_B, goldId), 100);
    }

    function sayOnA(InteropFlow[] calldata flows) external {
        say(chainA, new L2Log[](0), flows);
    }
}
