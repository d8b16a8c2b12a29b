// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2Log, L2Message} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import "../../src/bridge/BridgeErrors.sol";
import {TestToken} from "../../src/dev/TestToken.sol";
import "../../src/l1/common/Errors.sol";
import {
    InteropBundle,
    InteropCall,
    InteropCallStarter,
    MessageInclusionProof,
    TokenTransfer
} from "../../src/l2/interop/Bundle.sol";
import {InteropCenter} from "../../src/l2/interop/InteropCenter.sol";
import {InteropHandler} from "../../src/l2/interop/InteropHandler.sol";
import {SystemContract} from "../../src/l2/SystemContract.sol";
import {ChainTest} from "../utils/ChainTest.sol";
import {LogTree} from "../utils/LogTree.sol";
import {Vm} from "../utils/Test.sol";
import {Refuser} from "../utils/Tokens.sol";

/// @dev Remembers how it was called; executes a bundle again when told to.
contract Recipient {
    uint256 public value;
    bytes public data;
    address public caller;
    uint256 public sourceChainId;
    address public sender;
    bytes private _again;

    function arm(bytes calldata again) external {
        _again = again;
    }

    receive() external payable {}

    fallback() external payable {
        value = msg.value;
        data = msg.data;
        caller = msg.sender;
        (sourceChainId, sender) = InteropHandler(payable(msg.sender)).currentCall();
        if (_again.length == 0) return;
        (bool done, bytes memory reason) = msg.sender.call(_again);
        require(!done, "executed twice");
        data = reason;
    }
}

contract InteropTest is ChainTest {
    /// @dev Where the recipient stands on every chain.
    address private constant RECIPIENT = address(0xbeef01);

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
    }

    function oneCall(address to, uint256 value, bytes memory data)
        private
        pure
        returns (InteropCallStarter[] memory calls)
    {
        calls = new InteropCallStarter[](1);
        calls[0] = InteropCallStarter(to, value, data, new TokenTransfer[](0));
    }

    function withToken(InteropCallStarter memory call, bytes32 assetId, uint256 amount, address to) private pure {
        call.tokens = new TokenTransfer[](1);
        call.tokens[0] = TokenTransfer(assetId, amount, to);
    }

    function send(uint256 destination, InteropCallStarter[] memory calls, uint256 value)
        private
        returns (bytes memory bundle)
    {
        vm.prank(user);
        bytes32 bundleHash = CENTER.sendBundle{value: value}(destination, calls, address(0));
        bundle = sentBundle();
        vm.assertEq(bundleHash, keccak256(abi.encode(block.chainid, bundle)));
    }

    /// @dev Turns to B, where the bundle of A can be proven.
    function arrive(bytes memory bundle) private returns (MessageInclusionProof memory proof) {
        enter(CHAIN_B);
        vm.etch(RECIPIENT, type(Recipient).runtimeCode);
        return importBundle(CHAIN_A, bundle);
    }

    function refuseSend(uint256 destination, InteropCallStarter[] memory calls, uint256 value, bytes memory reason)
        private
    {
        vm.expectRevert(reason);
        vm.prank(user);
        CENTER.sendBundle{value: value}(destination, calls, address(0));
    }

    // -- sending and arriving ----------------------------------------------------------------------------------------

    function test_sendsEther(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1000 ether));
        vm.prank(user);
        CENTER.sendToken{value: amount}(CHAIN_B, ethId, amount, receiver);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether - amount);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (uint256 destination, bytes32 assetId, uint256 moved) = flowOf(logs);
        vm.assertEq(destination, CHAIN_B);
        vm.assertEq(assetId, ethId);
        vm.assertEq(moved, amount);
        bytes memory bundle = bundleIn(logs);
        MessageInclusionProof memory proof = arrive(bundle);
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, amount);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether + amount);
    }

    function bundleIn(Vm.Log[] memory logs) private pure returns (bytes memory) {
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != InteropCenter.InteropBundleSent.selector) continue;
            (, InteropBundle memory bundle) = abi.decode(logs[i].data, (bytes32, InteropBundle));
            return abi.encode(bundle);
        }
        revert("no bundle was sent");
    }

    function test_sendsToken() public {
        TestToken gold = depositGold(user, 10);
        vm.prank(user);
        CENTER.sendToken(CHAIN_B, goldId, 7, receiver);
        vm.assertEq(gold.totalSupply(), 3);
        bytes memory bundle = sentBundle();
        arriveAndExecute(bundle);
        TestToken there = TestToken(VAULT.tokenAddress(goldId));
        vm.assertEq(there.balanceOf(receiver), 7);
        vm.assertEq(there.name(), "Gold");
        vm.assertEq(there.decimals(), 6);
    }

    function arriveAndExecute(bytes memory bundle) private {
        MessageInclusionProof memory proof = arrive(bundle);
        HANDLER.executeBundle(bundle, proof);
    }

    function test_sendsEtherToChainWithAnotherBaseToken() public {
        vm.prank(user);
        CENTER.sendToken{value: 3}(CHAIN_GOLD, ethId, 3, receiver);
        bytes memory bundle = sentBundle();
        enter(CHAIN_GOLD);
        MessageInclusionProof memory proof = importBundle(CHAIN_A, bundle);
        HANDLER.executeBundle(bundle, proof);
        TestToken ether_ = TestToken(VAULT.tokenAddress(ethId));
        vm.assertEq(ether_.balanceOf(receiver), 3);
        vm.assertEq(ether_.symbol(), "ETH");
        vm.assertEq(receiver.balance, 0);
    }

    function test_tokenOfThisChainGoesThereAndBack() public {
        TestToken silver = TestToken(deploy("TestToken", abi.encode("Silver", "AG", uint8(2))));
        silver.mint(user, 100);
        bytes32 id = VAULT.ensureTokenIsRegistered(address(silver));
        vm.prank(user);
        silver.approve(address(VAULT), 100);
        vm.prank(user);
        CENTER.sendToken(CHAIN_B, id, 60, user);
        bytes memory bundle = sentBundle();
        MessageInclusionProof memory proof = arrive(bundle);
        HANDLER.executeBundle(bundle, proof);
        TestToken there = TestToken(VAULT.tokenAddress(id));
        vm.assertEq(there.balanceOf(user), 60);
        vm.assertEq(there.decimals(), 2);
        vm.assertEq(VAULT.originChainId(id), CHAIN_A);
        vm.recordLogs();
        vm.prank(user);
        CENTER.sendToken(CHAIN_GOLD, id, 25, user);
        vm.assertEq(there.totalSupply(), 35);
        bytes memory onwards = sentBundle();
        enter(CHAIN_GOLD);
        proof = importBundle(CHAIN_B, onwards);
        HANDLER.executeBundle(onwards, proof);
        vm.assertEq(TestToken(VAULT.tokenAddress(id)).balanceOf(user), 25);
    }

    /// @dev A token of A goes to B, from there to a third chain, and from there home, where what A held is set free.
    function test_tokenOfAnotherChainGoesOnAndHome() public {
        (TestToken silver, bytes32 id, bytes memory first) = sendSilver(60);
        MessageInclusionProof memory proof = arrive(first);
        HANDLER.executeBundle(first, proof);
        vm.recordLogs();
        vm.prank(user);
        CENTER.sendToken(CHAIN_GOLD, id, 25, user);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (uint256 destination, bytes32 moved, uint256 amount) = flowOf(logs);
        vm.assertEq(destination, CHAIN_GOLD);
        vm.assertEq(moved, id);
        vm.assertEq(amount, 25);
        vm.assertEq(VAULT.amountAway(id), 0, "B is not its home");
        bytes memory second = bundleIn(logs);

        enter(CHAIN_GOLD);
        proof = importBundle(CHAIN_B, second);
        HANDLER.executeBundle(second, proof);
        TestToken there = TestToken(VAULT.tokenAddress(id));
        vm.assertEq(there.decimals(), 2);
        vm.assertEq(there.symbol(), "AG");
        vm.assertEq(VAULT.originChainId(id), CHAIN_A);
        vm.assertEq(VAULT.originToken(id), address(silver));
        vm.recordLogs();
        vm.prank(user);
        CENTER.sendToken(CHAIN_A, id, 20, receiver);
        vm.assertEq(there.totalSupply(), 5);
        bytes memory third = sentBundle();

        enter(CHAIN_A);
        (TestToken same,,) = sendSilver(60);
        vm.assertEq(address(same), address(silver));
        proof = importBundle(CHAIN_GOLD, third);
        HANDLER.executeBundle(third, proof);
        vm.assertEq(silver.balanceOf(receiver), 20);
        vm.assertEq(silver.balanceOf(address(VAULT)), 40);
        vm.assertEq(VAULT.amountAway(id), 40);
        // It has no copy at home.
        vm.assertEq(VAULT.tokenAddress(id), address(silver));
    }

    /// @dev A token that is born on this chain, and some of it on its way to B.
    function sendSilver(uint256 amount) private returns (TestToken silver, bytes32 id, bytes memory bundle) {
        silver = TestToken(deploy("TestToken", abi.encode("Silver", "AG", uint8(2))));
        silver.mint(user, 100);
        id = VAULT.ensureTokenIsRegistered(address(silver));
        vm.recordLogs();
        vm.startPrank(user, user);
        silver.approve(address(VAULT), 100);
        CENTER.sendToken(CHAIN_B, id, amount, user);
        vm.stopPrank();
        bundle = sentBundle();
    }

    function test_callsWithValueAndTokens() public {
        depositGold(user, 10);
        InteropCallStarter[] memory calls = new InteropCallStarter[](2);
        calls[0] = InteropCallStarter(RECIPIENT, 4, hex"c0ffee", new TokenTransfer[](2));
        calls[0].tokens[0] = TokenTransfer(goldId, 6, RECIPIENT);
        calls[0].tokens[1] = TokenTransfer(ethId, 1, receiver);
        calls[1] = InteropCallStarter(receiver, 2, "", new TokenTransfer[](0));
        bytes memory bundle = send(CHAIN_B, calls, 7);
        arriveAndExecute(bundle);
        Recipient recipient = Recipient(payable(RECIPIENT));
        vm.assertEq(recipient.value(), 4);
        vm.assertEq(recipient.data(), hex"c0ffee");
        vm.assertEq(recipient.caller(), address(HANDLER));
        vm.assertEq(recipient.sourceChainId(), CHAIN_A);
        vm.assertEq(recipient.sender(), user);
        vm.assertEq(TestToken(VAULT.tokenAddress(goldId)).balanceOf(RECIPIENT), 6);
        vm.assertEq(receiver.balance, 3);
        vm.assertEq(address(HANDLER).balance, 0);
        vm.expectRevert(abi.encodeWithSelector(InteropHandler.NoCurrentCall.selector));
        HANDLER.currentCall();
    }

    // -- once, there, and as a whole ---------------------------------------------------------------------------------

    function test_executesOnce() public {
        bytes memory bundle = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        MessageInclusionProof memory proof = arrive(bundle);
        HANDLER.executeBundle(bundle, proof);
        bytes32 bundleHash = keccak256(abi.encode(CHAIN_A, bundle));
        vm.assertTrue(HANDLER.isExecuted(bundleHash));
        vm.expectRevert(abi.encodeWithSelector(InteropHandler.BundleAlreadyExecuted.selector, bundleHash));
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, 5);
    }

    function test_bundlesOfOneSenderDiffer() public {
        bytes memory first = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        vm.recordLogs();
        bytes memory second = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        vm.assertTrue(keccak256(first) != keccak256(second));
        InteropBundle memory bundle = abi.decode(second, (InteropBundle));
        vm.assertEq(bundle.salt, keccak256(abi.encodePacked(user, uint256(1))));
    }

    function test_refusedOnAThirdChain() public {
        bytes memory bundle = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        enter(CHAIN_GOLD);
        MessageInclusionProof memory proof = importBundle(CHAIN_A, bundle);
        vm.expectRevert(abi.encodeWithSelector(WrongChainId.selector, CHAIN_B, CHAIN_GOLD));
        HANDLER.executeBundle(bundle, proof);
    }

    function test_refusesProofOfAnotherChain() public {
        bytes memory bundle = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        enter(CHAIN_B);
        // Gold's chain says what A said.
        MessageInclusionProof memory proof = importBundle(CHAIN_GOLD, bundle);
        vm.expectRevert(abi.encodeWithSelector(WrongChainId.selector, CHAIN_A, CHAIN_GOLD));
        HANDLER.executeBundle(bundle, proof);
        proof.chainId = CHAIN_A;
        vm.expectRevert(
            abi.encodeWithSelector(InteropHandler.BundleNotProven.selector, keccak256(abi.encode(CHAIN_A, bundle)))
        );
        HANDLER.executeBundle(bundle, proof);
    }

    function test_refusesOtherContent() public {
        bytes memory bundle = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        MessageInclusionProof memory proof = arrive(bundle);
        InteropBundle memory other = abi.decode(bundle, (InteropBundle));
        other.calls[1].to = user;
        bytes memory encoded = abi.encode(other);
        vm.expectRevert(
            abi.encodeWithSelector(InteropHandler.BundleNotProven.selector, keccak256(abi.encode(CHAIN_A, encoded)))
        );
        HANDLER.executeBundle(encoded, proof);
    }

    function test_refusesEveryMutation(uint256 word, uint256 bit) public {
        bytes memory bundle = send(CHAIN_B, oneCall(receiver, 5, ""), 5);
        MessageInclusionProof memory proof = arrive(bundle);
        word = bound(word, 0, proof.proof.length - 1);
        proof.proof[word] ^= bytes32(1 << bound(bit, 0, 255));
        vm.expectRevert();
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, 0);
    }

    function test_allOrNothing() public {
        depositGold(user, 10);
        InteropCallStarter[] memory calls = new InteropCallStarter[](2);
        calls[0] = InteropCallStarter(receiver, 4, "", new TokenTransfer[](0));
        withToken(calls[0], goldId, 6, receiver);
        calls[1] = InteropCallStarter(address(0xdead), 1, "", new TokenTransfer[](0));
        bytes memory bundle = send(CHAIN_B, calls, 5);
        MessageInclusionProof memory proof = arrive(bundle);
        vm.etch(address(0xdead), type(Refuser).runtimeCode);
        vm.expectRevert(abi.encodeWithSelector(InteropHandler.BundleCallFailed.selector, 3, ""));
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, 0);
        vm.assertEq(VAULT.tokenAddress(goldId), address(0));
        vm.assertFalse(HANDLER.isExecuted(keccak256(abi.encode(CHAIN_A, bundle))));
        // Once the call goes through, so does the bundle.
        vm.etch(address(0xdead), "");
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, 4);
    }

    function test_recipientCannotExecuteAgain() public {
        bytes memory bundle = send(CHAIN_B, oneCall(RECIPIENT, 5, hex"01"), 5);
        MessageInclusionProof memory proof = arrive(bundle);
        Recipient(payable(RECIPIENT)).arm(abi.encodeCall(HANDLER.executeBundle, (bundle, proof)));
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(
            Recipient(payable(RECIPIENT)).data(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector)
        );
        vm.assertEq(RECIPIENT.balance, 5);
    }

    function test_executionAddressIsRespected() public {
        vm.prank(user);
        CENTER.sendBundle{value: 5}(CHAIN_B, oneCall(receiver, 5, ""), user);
        bytes memory bundle = sentBundle();
        MessageInclusionProof memory proof = arrive(bundle);
        vm.expectRevert(abi.encodeWithSelector(InteropHandler.ExecutionNotAllowed.selector, receiver, user));
        vm.prank(receiver);
        HANDLER.executeBundle(bundle, proof);
        vm.prank(user);
        HANDLER.executeBundle(bundle, proof);
        vm.assertEq(receiver.balance, 5);
    }

    // -- forgeries ---------------------------------------------------------------------------------------------------

    /// @dev A bundle that the center would not have made, proven nevertheless.
    function forged(InteropCall memory call) private view returns (bytes memory) {
        InteropCall[] memory calls = new InteropCall[](1);
        calls[0] = call;
        return abi.encode(InteropBundle(1, CHAIN_A, CHAIN_B, 0, user, address(0), calls));
    }

    function refuseForged(InteropCall memory call, bytes memory reason) private {
        bytes memory bundle = forged(call);
        MessageInclusionProof memory proof = arrive(bundle);
        vm.expectRevert(reason);
        HANDLER.executeBundle(bundle, proof);
    }

    function test_usersDoNotOrderTheRouter() public {
        bytes memory mint = abi.encodeWithSelector(bytes4(0x9c884fd1), CHAIN_A, goldId, mintData(user, L1_GOLD, 1, L1));
        refuseForged(
            InteropCall(address(ROUTER), user, 0, mint),
            abi.encodeWithSelector(InteropHandler.CallNotAllowed.selector, address(ROUTER))
        );
        refuseForged(
            InteropCall(receiver, address(ROUTER), 0, ""),
            abi.encodeWithSelector(InteropHandler.CallNotAllowed.selector, receiver)
        );
        refuseForged(
            InteropCall(address(HANDLER), user, 0, ""),
            abi.encodeWithSelector(InteropHandler.CallNotAllowed.selector, address(HANDLER))
        );
    }

    function test_valueHasToCome() public {
        refuseForged(
            InteropCall(receiver, user, 1, ""), abi.encodeWithSelector(InteropHandler.BundleCallFailed.selector, 0, "")
        );
        // And has to be spent.
        bytes memory mint =
            abi.encodeWithSelector(bytes4(0x9c884fd1), CHAIN_A, ethId, mintData(address(HANDLER), address(1), 1, L1));
        refuseForged(
            InteropCall(address(ROUTER), address(ROUTER), 0, mint),
            abi.encodeWithSelector(InteropHandler.ValueNotBalanced.selector, 0, 1)
        );
    }

    function test_handlerTakesValueFromTheHolderOnly() public {
        vm.prank(user);
        (bool taken, bytes memory reason) = address(HANDLER).call{value: 1}("");
        vm.assertFalse(taken);
        vm.assertEq(reason, abi.encodeWithSelector(SystemContract.CallerNotAllowed.selector, user, HOLDER));
    }

    function test_refusesOtherVersions() public {
        InteropCall[] memory none = new InteropCall[](0);
        bytes memory bundle = abi.encode(InteropBundle(2, CHAIN_A, CHAIN_B, 0, user, address(0), none));
        MessageInclusionProof memory proof = arrive(bundle);
        vm.expectRevert(abi.encodeWithSelector(InteropHandler.UnsupportedBundleVersion.selector, 2));
        HANDLER.executeBundle(bundle, proof);
    }

    // -- what the center refuses -------------------------------------------------------------------------------------

    function test_refusesBundlesThatCannotArrive() public {
        InteropCallStarter[] memory calls = oneCall(receiver, 5, "");
        refuseSend(999, calls, 5, abi.encodeWithSelector(InteropCenter.DestinationNotRegistered.selector, 999));
        refuseSend(L1, calls, 5, abi.encodeWithSelector(InteropCenter.DestinationNotRegistered.selector, L1));
        refuseSend(CHAIN_A, calls, 5, abi.encodeWithSelector(InteropCenter.DestinationIsThisChain.selector, CHAIN_A));
        refuseSend(CHAIN_GOLD, calls, 5, abi.encodeWithSelector(InteropCenter.BaseTokensDiffer.selector, ethId, goldId));
        refuseSend(CHAIN_B, calls, 4, abi.encodeWithSelector(MsgValueMismatch.selector, 5, 4));
        refuseSend(CHAIN_B, calls, 6, abi.encodeWithSelector(MsgValueMismatch.selector, 5, 6));
        calls = new InteropCallStarter[](0);
        refuseSend(CHAIN_B, calls, 0, abi.encodeWithSelector(InteropCenter.EmptyBundle.selector));
        calls = oneCall(address(0), 0, "");
        refuseSend(CHAIN_B, calls, 0, abi.encodeWithSelector(InteropCenter.EmptyBundle.selector));
        calls = oneCall(address(0), 0, "data");
        refuseSend(CHAIN_B, calls, 0, abi.encodeWithSelector(InteropCenter.CallWithoutTarget.selector));
        calls = oneCall(address(ROUTER), 0, "");
        bytes memory reason = abi.encodeWithSelector(InteropCenter.CallNotAllowed.selector, address(ROUTER));
        refuseSend(CHAIN_B, calls, 0, reason);
    }

    function test_refusesTransfersThatMoveNothing() public {
        depositGold(user, 10);
        vm.startPrank(user, user);
        vm.expectRevert(abi.encodeWithSelector(AmountIsZero.selector));
        CENTER.sendToken(CHAIN_B, goldId, 0, receiver);
        vm.expectRevert(abi.encodeWithSelector(ReceiverIsZero.selector));
        CENTER.sendToken(CHAIN_B, goldId, 1, address(0));
        vm.expectRevert();
        CENTER.sendToken(CHAIN_B, goldId, 11, receiver);
        vm.expectRevert(abi.encodeWithSelector(AssetIdNotSupported.selector, keccak256("silver")));
        CENTER.sendToken(CHAIN_B, keccak256("silver"), 1, receiver);
        vm.expectRevert(abi.encodeWithSelector(MsgValueMismatch.selector, 0, 1));
        CENTER.sendToken{value: 1}(CHAIN_B, goldId, 1, receiver);
        vm.stopPrank();
    }

    // -- verification ------------------------------------------------------------------------------------------------

    function test_provesMessagesAndLogs(uint16 txNumber, address sender, bytes calldata message) public {
        L2Log memory log = LogTree.messageLog(txNumber, sender, message);
        (bytes32[] memory proof, bytes32 root) = proveLog(CHAIN_B, 5, log);
        vm.assertFalse(
            VERIFICATION.proveL2MessageInclusionShared(CHAIN_B, 5, 1, L2Message(txNumber, sender, message), proof)
        );
        importRoot(root);
        vm.assertTrue(
            VERIFICATION.proveL2MessageInclusionShared(CHAIN_B, 5, 1, L2Message(txNumber, sender, message), proof)
        );
        vm.assertTrue(VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, log, proof));
        vm.assertFalse(VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 6, 1, log, proof));
        vm.assertFalse(VERIFICATION.proveL2LogInclusionShared(CHAIN_GOLD, 5, 1, log, proof));
        vm.assertFalse(VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 2, log, proof));
    }

    function test_refusesMalformedProofs() public {
        L2Log memory log = LogTree.messageLog(1, user, "hello");
        (bytes32[] memory proof, bytes32 root) = proveLog(CHAIN_B, 5, log);
        importRoot(root);
        bytes32 metadata = proof[0];
        // Final, another length of the first path, another version, bits that mean nothing.
        bytes4[4] memory wrong = [bytes4(0x010f0201), bytes4(0x010e0200), bytes4(0x020f0200), bytes4(0x010f0280)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            proof[0] = bytes32(wrong[i]);
            vm.expectRevert(abi.encodeWithSelector(UnsupportedProofMetadata.selector, proof[0]));
            VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, log, proof);
        }
        proof[0] = metadata;
        vm.expectRevert(abi.encodeWithSelector(LeafIndexOutOfBounds.selector, 1 + 2 ** 14, 2 ** 14));
        VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1 + 2 ** 14, log, proof);
        proof[16] = bytes32(uint256(4));
        vm.expectRevert(abi.encodeWithSelector(LeafIndexOutOfBounds.selector, 4, 4));
        VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, log, proof);
        bytes32[] memory none = new bytes32[](0);
        vm.expectRevert(abi.encodeWithSelector(InvalidProofLength.selector, 1, 0));
        VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, log, none);
        bytes32[] memory short = new bytes32[](21);
        short[0] = metadata;
        vm.expectRevert(abi.encodeWithSelector(InvalidProofLength.selector, 22, 21));
        VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, log, short);
        L2Log memory empty;
        proof[16] = bytes32(uint256(2));
        vm.expectRevert(abi.encodeWithSelector(HashedLogIsDefault.selector));
        VERIFICATION.proveL2LogInclusionShared(CHAIN_B, 5, 1, empty, proof);
    }
}
