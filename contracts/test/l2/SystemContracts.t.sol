// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BaseTokenHolder} from "../../src/l2/BaseTokenHolder.sol";
import {L1Messenger} from "../../src/l2/L1Messenger.sol";
import {L2BaseToken} from "../../src/l2/L2BaseToken.sol";
import {L2Bridgehub} from "../../src/l2/L2Bridgehub.sol";
import {L2InteropRootStorage} from "../../src/l2/L2InteropRootStorage.sol";
import {SystemContract} from "../../src/l2/SystemContract.sol";
import {SystemContext} from "../../src/l2/SystemContext.sol";
import {Test} from "../utils/Test.sol";

/// @dev The system contracts as a genesis installs them: runtime code, no constructor, storage by slot.
contract SystemContractsTest is Test {
    event L1MessageSent(address indexed sender, bytes32 indexed hash, bytes message);
    event Withdrawal(address indexed _l2Sender, address indexed _l1Receiver, uint256 _amount);
    event WithdrawalWithMessage(
        address indexed _l2Sender, address indexed _l1Receiver, uint256 _amount, bytes _additionalData
    );
    event InteropRootAdded(uint256 indexed chainId, uint256 indexed blockNumber, bytes32[] sides);
    event L1DataSet(uint64 l1BlockNumber, uint64 l1Timestamp, uint256 l1BaseFee);

    address private constant BOOTLOADER_ = address(0x8001);
    L1Messenger private constant MESSENGER = L1Messenger(address(0x8008));
    L2BaseToken private constant TOKEN = L2BaseToken(address(0x800a));
    SystemContext private constant CONTEXT = SystemContext(address(0x800b));
    L2Bridgehub private constant BRIDGEHUB = L2Bridgehub(address(0x10002));
    L2InteropRootStorage private constant ROOTS = L2InteropRootStorage(address(0x10008));
    address private constant HOLDER = address(0x10011);
    uint256 private constant BOUND = 2 ** 127 - 1;

    address private user = makeAddr("user");
    address private receiver = makeAddr("receiver");

    function setUp() public {
        install(address(MESSENGER), "L1Messenger");
        install(address(TOKEN), "L2BaseToken");
        install(address(CONTEXT), "SystemContext");
        install(address(BRIDGEHUB), "L2Bridgehub");
        install(address(ROOTS), "L2InteropRootStorage");
        install(HOLDER, "BaseTokenHolder");
        // A deposit of 1000 ether has been executed: moved out of the holder by the protocol.
        vm.deal(HOLDER, BOUND - 1000 ether);
        vm.deal(user, 1000 ether);
    }

    function install(address target, string memory name) private {
        vm.etch(target, vm.getDeployedCode(string.concat("artifacts/", name, ".json")));
    }

    // -- messages ----------------------------------------------------------------------------------------------------

    function test_messagesAreEvents(bytes calldata message) public {
        vm.expectEmit(true, true, true, true, address(MESSENGER));
        emit L1MessageSent(user, keccak256(message), message);
        vm.prank(user);
        vm.assertEq(MESSENGER.sendToL1(message), keccak256(message));
    }

    // -- base token --------------------------------------------------------------------------------------------------

    function test_withdraws(uint96 amount) public {
        amount = uint96(bound(amount, 1, 1000 ether));
        bytes memory message = bytes.concat(hex"6c0960f9", bytes20(receiver), bytes32(uint256(amount)));
        vm.assertEq(message.length, 56);
        vm.expectEmit(true, true, true, true, address(MESSENGER));
        emit L1MessageSent(address(TOKEN), keccak256(message), message);
        vm.expectEmit(true, true, true, true, address(TOKEN));
        emit Withdrawal(user, receiver, amount);
        vm.prank(user);
        TOKEN.withdraw{value: amount}(receiver);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether - amount);
        vm.assertEq(HOLDER.balance + user.balance, BOUND);
        vm.assertEq(address(TOKEN).balance, 0);
    }

    function test_withdrawsWithMessage(uint96 amount, bytes calldata data) public {
        amount = uint96(bound(amount, 1, 1000 ether));
        bytes memory message =
            bytes.concat(hex"6c0960f9", bytes20(receiver), bytes32(uint256(amount)), bytes20(user), data);
        vm.expectEmit(true, true, true, true, address(MESSENGER));
        emit L1MessageSent(address(TOKEN), keccak256(message), message);
        vm.expectEmit(true, true, true, true, address(TOKEN));
        emit WithdrawalWithMessage(user, receiver, amount, data);
        vm.prank(user);
        TOKEN.withdrawWithMessage{value: amount}(receiver, data);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether - amount);
    }

    function test_refusesEmptyWithdrawals() public {
        vm.startPrank(user, user);
        vm.expectRevert(abi.encodeWithSelector(L2BaseToken.NothingToWithdraw.selector));
        TOKEN.withdraw(receiver);
        vm.expectRevert(abi.encodeWithSelector(L2BaseToken.NothingToWithdraw.selector));
        TOKEN.withdrawWithMessage(receiver, "data");
        vm.expectRevert(abi.encodeWithSelector(L2BaseToken.ReceiverIsZero.selector));
        TOKEN.withdraw{value: 1}(address(0));
        vm.stopPrank();
        vm.assertEq(user.balance, 1000 ether);
    }

    function test_refusesWithdrawalTheHolderDoesNotTake() public {
        vm.etch(HOLDER, hex"fe");
        vm.expectRevert(abi.encodeWithSelector(L2BaseToken.HolderRefused.selector, 5));
        vm.prank(user);
        TOKEN.withdraw{value: 5}(receiver);
    }

    function test_holderTakesFromTheTokenOnly(address other) public {
        vm.assume(other != address(TOKEN) && other != address(vm) && other != HOLDER);
        vm.deal(other, 1);
        vm.prank(other);
        (bool taken, bytes memory reason) = HOLDER.call{value: 1}("");
        vm.assertFalse(taken);
        vm.assertEq(reason, abi.encodeWithSelector(SystemContract.CallerNotAllowed.selector, other, address(TOKEN)));
    }

    function test_holderHasNoOtherDoor(bytes calldata data) public {
        vm.assume(data.length > 0);
        vm.prank(address(TOKEN));
        (bool done,) = HOLDER.call(data);
        vm.assertFalse(done);
    }

    function test_tokenReads() public {
        vm.store(address(TOKEN), bytes32(uint256(0)), bytes32(abi.encodePacked("Ether", bytes26(0), uint8(10))));
        vm.store(address(TOKEN), bytes32(uint256(1)), bytes32(abi.encodePacked("ETH", bytes28(0), uint8(6))));
        vm.assertEq(TOKEN.name(), "Ether");
        vm.assertEq(TOKEN.symbol(), "ETH");
        vm.assertEq(TOKEN.decimals(), 18);
        vm.assertEq(TOKEN.balanceOf(user), 1000 ether);
        vm.assertEq(TOKEN.balanceOf(uint256(uint160(user))), 1000 ether);
        vm.assertEq(TOKEN.balanceOf(uint256(uint160(user)) | 1 << 200), 0);
        vm.assertEq(TOKEN.totalSupply(), 1000 ether);
        vm.assertEq(TOKEN.SUPPLY_BOUND(), BOUND);
    }

    // -- what the chain knows of L1 ----------------------------------------------------------------------------------

    function test_contextIsSetByTheBootloader(uint64 number, uint64 timestamp, uint256 baseFee) public {
        vm.expectEmit(true, true, true, true, address(CONTEXT));
        emit L1DataSet(number, timestamp, baseFee);
        vm.prank(BOOTLOADER_);
        CONTEXT.setL1Data(number, timestamp, baseFee);
        vm.assertEq(CONTEXT.l1BlockNumber(), number);
        vm.assertEq(CONTEXT.l1Timestamp(), timestamp);
        vm.assertEq(CONTEXT.l1BaseFee(), baseFee);
    }

    function test_onlyTheBootloaderSets(address other) public {
        vm.assume(other != BOOTLOADER_);
        bytes memory refusal = abi.encodeWithSelector(SystemContract.CallerNotAllowed.selector, other, BOOTLOADER_);
        bytes32[] memory sides = new bytes32[](1);
        sides[0] = keccak256("root");
        vm.startPrank(other, other);
        vm.expectRevert(refusal);
        CONTEXT.setL1Data(1, 2, 3);
        vm.expectRevert(refusal);
        ROOTS.addInteropRoot(1, 2, sides);
        vm.stopPrank();
    }

    function test_bridgehubReadsItsGenesis() public {
        vm.store(address(BRIDGEHUB), bytes32(uint256(0)), bytes32(uint256(31337)));
        vm.store(address(BRIDGEHUB), keccak256(abi.encode(uint256(271), uint256(1))), keccak256("asset"));
        vm.assertEq(BRIDGEHUB.L1_CHAIN_ID(), 31337);
        vm.assertEq(BRIDGEHUB.baseTokenAssetId(271), keccak256("asset"));
        vm.assertEq(BRIDGEHUB.baseTokenAssetId(272), bytes32(0));
    }

    // -- interop roots -----------------------------------------------------------------------------------------------

    function test_importsRoots(uint256 chainId, uint256 number, bytes32 root) public {
        vm.assume(root != bytes32(0));
        bytes32[] memory sides = new bytes32[](1);
        sides[0] = root;
        vm.startPrank(BOOTLOADER_, BOOTLOADER_);
        vm.expectEmit(true, true, true, true, address(ROOTS));
        emit InteropRootAdded(chainId, number, sides);
        ROOTS.addInteropRoot(chainId, number, sides);
        vm.assertEq(ROOTS.interopRoots(chainId, number), root);
        vm.expectRevert(abi.encodeWithSelector(L2InteropRootStorage.RootAlreadySet.selector, chainId, number, root));
        ROOTS.addInteropRoot(chainId, number, sides);
        vm.stopPrank();
    }

    function test_refusesWhatIsNoRoot(uint8 count) public {
        vm.assume(count != 1);
        vm.startPrank(BOOTLOADER_, BOOTLOADER_);
        vm.expectRevert(abi.encodeWithSelector(L2InteropRootStorage.OneSideExpected.selector, count));
        ROOTS.addInteropRoot(1, 2, new bytes32[](count));
        vm.expectRevert(abi.encodeWithSelector(L2InteropRootStorage.RootIsZero.selector));
        ROOTS.addInteropRoot(1, 2, new bytes32[](1));
        vm.stopPrank();
    }
}
