// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {L2TransactionRequestDirect} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridgehub/IBridgehub.sol";
import {
    BridgehubL2TransactionRequest,
    L2CanonicalTransaction
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import "../../src/l1/common/Errors.sol";
import {HubTest} from "../utils/HubTest.sol";
import {NaiveTree} from "../utils/NaiveTree.sol";
import {Vm} from "../utils/Test.sol";

/// @dev Sends a request from a contract.
contract Caller {
    function request(address hub, L2TransactionRequestDirect calldata what) external payable returns (bytes32) {
        (bool done, bytes memory result) = hub.call{value: msg.value}(
            abi.encodeWithSignature(
                "requestL2TransactionDirect((uint256,uint256,address,uint256,bytes,uint256,uint256,bytes[],address))",
                what
            )
        );
        require(done, "refused");
        return abi.decode(result, (bytes32));
    }
}

/// @dev Refuses whoever it is told to.
contract Filterer {
    address private immutable _refused;

    constructor(address refused) {
        _refused = refused;
    }

    function isTransactionAllowed(address sender, address, uint256, uint256, bytes memory, address)
        external
        view
        returns (bool)
    {
        return sender != _refused;
    }
}

contract MailboxTest is HubTest {
    bytes32 private constant NEW_PRIORITY_REQUEST = 0x4531cd5795773d7101c17bdeb9f5ab7f47d7056017506f937083be5d6e77a382;
    address private constant ALIAS_OFFSET = 0x1111000000000000000000000000000000001111;

    function send(L2TransactionRequestDirect memory request) private returns (bytes32) {
        vm.deal(user, request.mintValue);
        vm.prank(user, user);
        return hub.requestL2TransactionDirect{value: request.mintValue}(request);
    }

    function refuse(L2TransactionRequestDirect memory request, bytes memory reason) private {
        vm.deal(user, request.mintValue);
        vm.expectRevert(reason);
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
    }

    function aliased(address account) private pure returns (address) {
        unchecked {
            return address(uint160(account) + uint160(ALIAS_OFFSET));
        }
    }

    /// @dev Decodes the last `NewPriorityRequest` of the recorded logs, and checks that clients will find it.
    function lastRequest() private returns (uint256 id, bytes32 hash, L2CanonicalTransaction memory transaction) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        vm.assertEq(last.topics[0], NEW_PRIORITY_REQUEST);
        vm.assertEq(last.emitter, address(chainA));
        uint64 expiration;
        bytes[] memory deps;
        (id, hash, expiration, transaction, deps) =
            abi.decode(last.data, (uint256, bytes32, uint64, L2CanonicalTransaction, bytes[]));
        vm.assertEq(expiration, block.timestamp + EXPIRATION);
        vm.assertEq(deps.length, 0);
    }

    // -- base cost ---------------------------------------------------------------------------------------------------

    struct Prices {
        uint32 overhead;
        uint32 maxPubdata;
        uint32 maxGas;
        uint64 minimal;
        uint64 nominator;
        uint64 denominator;
        uint64 l1GasPrice;
        uint32 l2Gas;
        uint16 gasPerPubdata;
        bool validium;
    }

    /// @dev The formula written once more, as a rational ceiling done by hand and in another order of steps.
    function expectedBaseCost(Prices memory p) private pure returns (uint256) {
        uint256 l1Price = (uint256(p.l1GasPrice) * p.nominator) / p.denominator;
        uint256 overheadCost = l1Price * p.overhead;
        uint256 perByte = overheadCost / p.maxPubdata;
        if (!p.validium) perByte += 17 * l1Price;
        uint256 byPubdata = perByte / p.gasPerPubdata;
        if (byPubdata * p.gasPerPubdata < perByte) byPubdata += 1;
        uint256 byGas = overheadCost / p.maxGas;
        byGas += p.minimal;
        return (byGas > byPubdata ? byGas : byPubdata) * p.l2Gas;
    }

    function test_baseCostMatchesAnIndependentFormula(Prices memory p) public {
        p.maxPubdata = uint32(bound(p.maxPubdata, 1, type(uint32).max));
        p.maxGas = uint32(bound(p.maxGas, 1, type(uint32).max));
        p.minimal = uint64(bound(p.minimal, 1, type(uint64).max));
        p.nominator = uint64(bound(p.nominator, 1, type(uint64).max));
        p.denominator = uint64(bound(p.denominator, 1, type(uint64).max));
        p.gasPerPubdata = uint16(bound(p.gasPerPubdata, 1, type(uint16).max));
        FeeParams memory params = FeeParams({
            pubdataPricingMode: p.validium ? PubdataPricingMode.Validium : PubdataPricingMode.Rollup,
            batchOverheadL1Gas: p.overhead,
            maxPubdataPerBatch: p.maxPubdata,
            maxL2GasPerBatch: p.maxGas,
            priorityTxMaxPubdata: p.maxPubdata,
            minimalL2GasPrice: p.minimal
        });
        vm.startPrank(admin, admin);
        chainA.setPubdataPricingMode(params.pubdataPricingMode);
        chainA.changeFeeParams(params);
        chainA.setTokenMultiplier(p.nominator, p.denominator);
        vm.stopPrank();
        vm.assertEq(hub.l2TransactionBaseCost(CHAIN_A, p.l1GasPrice, p.l2Gas, p.gasPerPubdata), expectedBaseCost(p));
    }

    function test_baseCostOfKnownNumbers() public view {
        // 1 gwei: overhead 1e15 wei; 0.25 gwei + 1e15 / 80e6 = 262,500,000 wei a gas, more than pubdata asks.
        vm.assertEq(hub.l2TransactionBaseCost(CHAIN_A, 1 gwei, 1, 800), 262_500_000);
        // 40 gwei: 0.25 gwei + 5e8 against ceil((680e9 + 333,333,333,333) / 800) = 1,266,666,667.
        vm.assertEq(hub.l2TransactionBaseCost(CHAIN_A, 40 gwei, 1, 800), 1_266_666_667);
        vm.assertEq(hub.l2TransactionBaseCost(CHAIN_A, 0, 1, 800), 0.25 gwei);
    }

    function test_baseCostRefusesFreePubdata() public {
        vm.expectRevert(abi.encodeWithSelector(GasPerPubdataMismatch.selector, 800, 0));
        hub.l2TransactionBaseCost(CHAIN_A, 1 gwei, 1, 0);
    }

    // -- requests ----------------------------------------------------------------------------------------------------

    function test_canonicalTransaction(uint96 value, bytes calldata data, uint64 surplus) public {
        vm.assume(data.length < 3000);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, value);
        request.l2Calldata = data;
        request.mintValue += surplus;
        request.refundRecipient = makeAddr("refund");
        vm.recordLogs();
        bytes32 returned = send(request);
        (uint256 id, bytes32 hash, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(id, 0);
        vm.assertEq(returned, hash);
        vm.assertEq(hash, keccak256(abi.encode(transaction)));
        vm.assertEq(transaction.txType, 127);
        vm.assertEq(transaction.from, uint160(user));
        vm.assertEq(transaction.to, uint160(user));
        vm.assertEq(transaction.gasLimit, 500_000);
        vm.assertEq(transaction.gasPerPubdataByteLimit, 800);
        vm.assertEq(transaction.maxFeePerGas, 262_500_000);
        vm.assertEq(transaction.maxPriorityFeePerGas, 0);
        vm.assertEq(transaction.paymaster, 0);
        vm.assertEq(transaction.nonce, 0);
        vm.assertEq(transaction.value, value);
        vm.assertEq(transaction.reserved[0], request.mintValue);
        vm.assertEq(transaction.reserved[1], uint160(makeAddr("refund")));
        vm.assertEq(transaction.reserved[2] + transaction.reserved[3], 0);
        vm.assertEq(transaction.data, data);
        vm.assertEq(
            transaction.signature.length + transaction.factoryDeps.length + transaction.paymasterInput.length
                + transaction.reservedDynamic.length,
            0
        );
        vm.assertEq(chainA.getPriorityOpRequestTimestamp(0), block.timestamp);
    }

    function test_idsAreEachChainsOwn() public {
        vm.recordLogs();
        bytes32 first = deposit(CHAIN_B, 1 ether);
        deposit(CHAIN_B, 2 ether);
        bytes32 other = deposit(CHAIN_A, 1 ether);
        (uint256 id, bytes32 hash,) = lastRequest();
        vm.assertEq(id, 0);
        vm.assertEq(hash, other);
        // The same request has the same hash on both chains: the hash does not name the chain, as in ZK Stack.
        vm.assertEq(first, other);
        vm.assertEq(chainB.getTotalPriorityTxs(), 2);
        vm.assertEq(chainA.getTotalPriorityTxs(), 1);
    }

    function test_priorityTreeMatchesANaiveOne(uint8 count) public {
        count = uint8(bound(count, 1, 20));
        vm.assertEq(chainA.getPriorityTreeRoot(), bytes32(0));
        for (uint256 i = 0; i < count; ++i) {
            deposit(CHAIN_A, i);
            vm.assertEq(chainA.getPriorityTreeRoot(), NaiveTree.root(requests[address(chainA)], keccak256("")));
        }
        vm.assertEq(chainA.getPriorityQueueSize(), count);
        vm.assertEq(chainA.getTotalPriorityTxs(), count);
        vm.assertEq(chainA.getFirstUnprocessedPriorityTx(), 0);
        vm.assertEq(chainA.getPriorityTreeStartIndex(), 0);
    }

    // -- who sends, who is refunded ----------------------------------------------------------------------------------

    function test_contractsAreAliased() public {
        Caller caller = new Caller();
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.recordLogs();
        vm.prank(user, user);
        caller.request{value: request.mintValue}(address(hub), request);
        (,, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(transaction.from, uint160(aliased(address(caller))));
        vm.assertEq(transaction.reserved[1], uint160(aliased(address(caller))));
    }

    function test_accountsAreNotAliased() public {
        vm.recordLogs();
        deposit(CHAIN_A, 1 ether);
        (,, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(transaction.from, uint160(user));
        vm.assertEq(transaction.reserved[1], uint160(user));
    }

    function test_delegatedAccountsAreNotAliased() public {
        vm.etch(user, bytes.concat(hex"ef0100", bytes20(address(hub))));
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        request.refundRecipient = user;
        vm.deal(user, request.mintValue);
        vm.recordLogs();
        // Someone else's transaction: the account acts, but is not its origin.
        vm.prank(user, makeAddr("sponsor"));
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        (,, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(transaction.from, uint160(user));
        vm.assertEq(transaction.reserved[1], uint160(user));
    }

    function test_contractAsRefundRecipientIsAliased() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        request.refundRecipient = address(vault);
        vm.recordLogs();
        send(request);
        (,, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(transaction.from, uint160(user));
        vm.assertEq(transaction.reserved[1], uint160(aliased(address(vault))));
    }

    // -- refusals ----------------------------------------------------------------------------------------------------

    function test_onlyBridgehubRequests() public {
        BridgehubL2TransactionRequest memory request;
        vm.expectRevert(abi.encodeWithSelector(Unauthorized.selector, user));
        vm.prank(user);
        chainA.bridgehubRequestL2Transaction(request);
    }

    function test_refusesTooLittleValue(uint96 l2Value) public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, l2Value);
        uint256 required = request.mintValue - l2Value;
        request.mintValue = required - 1;
        refuse(request, abi.encodeWithSelector(MsgValueTooLow.selector, required, required - 1));
    }

    function test_valueMayBeTheSendersOwn(uint96 l2Value) public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, l2Value);
        request.mintValue -= l2Value;
        vm.recordLogs();
        send(request);
        (,, L2CanonicalTransaction memory transaction) = lastRequest();
        vm.assertEq(transaction.value, l2Value);
        vm.assertEq(transaction.reserved[0], request.mintValue);
    }

    function test_refusesOtherGasPerPubdata(uint256 gasPerPubdata) public {
        vm.assume(gasPerPubdata != 800);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        request.l2GasPerPubdataByteLimit = gasPerPubdata;
        refuse(request, abi.encodeWithSelector(GasPerPubdataMismatch.selector, 800, gasPerPubdata));
    }

    function test_refusesFactoryDeps() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        request.factoryDeps = new bytes[](1);
        refuse(request, abi.encodeWithSelector(FactoryDepsNotSupported.selector, 1));
    }

    function requestWithGas(uint256 gasLimit, bytes memory data)
        private
        view
        returns (L2TransactionRequestDirect memory request)
    {
        request = directRequest(CHAIN_A, 0);
        request.l2GasLimit = gasLimit;
        request.l2Calldata = data;
        request.mintValue = hub.l2TransactionBaseCost(CHAIN_A, tx.gasprice, gasLimit, 800);
    }

    function test_gasLimitIsBoundedAbove() public {
        refuse(requestWithGas(72_000_001, ""), abi.encodeWithSelector(TooMuchGas.selector, 72_000_000, 72_000_001));
        send(requestWithGas(72_000_000, ""));
    }

    function test_gasLimitIsBoundedByPubdata() public {
        FeeParams memory params = feeParams();
        params.priorityTxMaxPubdata = 1000;
        vm.prank(admin);
        chainA.changeFeeParams(params);
        refuse(requestWithGas(800_800, ""), abi.encodeWithSelector(PubdataGreaterThanLimit.selector, 1000, 1001));
        send(requestWithGas(800_799, ""));
    }

    /// @dev Least gas, from the rule's text; the encoding of a canonical transaction has 27 words and its calldata.
    function minimalGas(uint256 dataLength) private pure returns (uint256) {
        uint256 encoded = 27 * 32 + (dataLength + 31) / 32 * 32;
        uint256 rounds = encoded / 136 + (encoded % 136 == 0 ? 0 : 1);
        uint256 native = 2_875_420 + 17_500 * rounds + dataLength;
        uint256 byNative = native * 10 / 262_500_000 + 351 * 800;
        uint256 byIntrinsic = 21_000 + 16 * dataLength;
        return byNative > byIntrinsic ? byNative : byIntrinsic;
    }

    function test_gasLimitIsBoundedBelow(uint16 dataLength) public {
        // Beyond 16,237 bytes the intrinsic gas is the greater bound: both sides are reached.
        dataLength = uint16(bound(dataLength, 0, 30_000));
        bytes memory data = new bytes(dataLength);
        uint256 minimum = minimalGas(dataLength);
        refuse(
            requestWithGas(minimum - 1, data),
            abi.encodeWithSelector(ValidateTxnNotEnoughGas.selector, minimum, minimum - 1)
        );
        send(requestWithGas(minimum, data));
    }

    function test_filtererMayRefuse() public {
        address filterer = address(new Filterer(user));
        vm.prank(admin);
        chainA.setTransactionFilterer(filterer);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        refuse(request, abi.encodeWithSelector(TransactionNotAllowed.selector, user));
        address friend = makeAddr("friend");
        vm.deal(friend, request.mintValue);
        vm.prank(friend, friend);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        vm.assertEq(chainA.getPriorityQueueSize(), 1);
    }

    function test_frozenChainTakesNoRequests() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.prank(owner);
        manager.freezeChain(CHAIN_A);
        refuse(request, abi.encodeWithSelector(ChainFrozen.selector, CHAIN_A));
        vm.prank(owner);
        manager.unfreezeChain(CHAIN_A);
        send(request);
    }

    function test_requestAtGasPriceZero() public {
        // Nodes estimate gas with a gas price of zero.
        vm.txGasPrice(0);
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 1 ether);
        vm.assertEq(request.mintValue, 1 ether + 500_000 * 0.25 gwei);
        send(request);
    }

    function test_refusalLeavesNothingBehind() public {
        L2TransactionRequestDirect memory request = directRequest(CHAIN_A, 0);
        request.mintValue -= 1;
        vm.expectRevert();
        vm.prank(user, user);
        hub.requestL2TransactionDirect{value: request.mintValue}(request);
        vm.assertEq(vault.chainBalance(CHAIN_A, ethAssetId), 0);
        vm.assertEq(address(vault).balance, 0);
        vm.assertEq(chainA.getTotalPriorityTxs(), 0);
    }
}
