// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    BridgehubL2TransactionRequest,
    L2CanonicalTransaction,
    L2Log,
    L2Message,
    TxStatus
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {L2_L1_LOGS_TREE_DEFAULT_LEAF_HASH} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Config.sol";
import {
    ITransactionFilterer
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/ITransactionFilterer.sol";
import {
    PriorityTree
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {L2_BOOTLOADER, L2_MESSENGER, PRIORITY_TX_TYPE, REQUIRED_GAS_PER_PUBDATA} from "../common/Constants.sol";
import {
    BatchNotExecuted,
    FactoryDepsNotSupported,
    GasPerPubdataMismatch,
    HashedLogIsDefault,
    MsgValueTooLow,
    PubdataGreaterThanLimit,
    TooMuchGas,
    TransactionNotAllowed,
    ValidateTxnNotEnoughGas
} from "../common/Errors.sol";
import {BaseCost} from "../libraries/BaseCost.sol";
import {LogProof} from "../libraries/LogProof.sol";
import {SenderAlias} from "../libraries/SenderAlias.sol";
import {ZKChainBase} from "./ZKChainBase.sol";

/// @title Requests from L1 to a chain, and proofs of what the chain said
/// @notice Names, events and hashes as in ZK Stack's mailbox.
abstract contract Mailbox is ZKChainBase {
    using PriorityTree for PriorityTree.Tree;

    /// @notice A request stands in the queue. Clients take the last event of this contract that they can decode, so
    /// nothing they know may follow it.
    event NewPriorityRequest(
        uint256 txId,
        bytes32 txHash,
        uint64 expirationTimestamp,
        L2CanonicalTransaction transaction,
        bytes[] factoryDeps
    );

    /// @notice The same, short, and searchable.
    event NewPriorityRequestId(uint256 indexed txId, bytes32 indexed txHash);

    // -- requests ----------------------------------------------------------------------------------------------------

    /// @notice Puts a request into the queue. The Bridgehub has taken `mintValue` already.
    /// @param request The request; its refund recipient is as the user named it.
    /// @return canonicalTxHash Hash of the transaction on the chain.
    function bridgehubRequestL2Transaction(BridgehubL2TransactionRequest calldata request)
        external
        onlyBridgehub
        whenNotFrozen
        nonReentrant
        returns (bytes32 canonicalTxHash)
    {
        if (request.factoryDeps.length != 0) revert FactoryDepsNotSupported(request.factoryDeps.length);
        if (request.l2GasPerPubdataByteLimit != REQUIRED_GAS_PER_PUBDATA) {
            revert GasPerPubdataMismatch(REQUIRED_GAS_PER_PUBDATA, request.l2GasPerPubdataByteLimit);
        }
        uint256 gasPrice = _l2GasPrice(tx.gasprice, REQUIRED_GAS_PER_PUBDATA);
        // What is minted pays for gas. The value may also be the sender's own on the chain: that is how someone with
        // nothing but access to L1 leaves.
        uint256 required = gasPrice * request.l2GasLimit;
        if (request.mintValue < required) revert MsgValueTooLow(required, request.mintValue);
        _requireAllowed(request);

        L2CanonicalTransaction memory transaction = _canonicalTransaction(request, gasPrice);
        bytes memory encoded = abi.encode(transaction);
        _requireGasLimit(request, encoded.length, gasPrice);

        canonicalTxHash = keccak256(encoded);
        _enqueue(transaction, canonicalTxHash);
    }

    /// @notice What a request's gas costs, in base token.
    /// @param gasPrice Wei a gas that the L1 transaction will pay.
    /// @param l2GasLimit Gas on the chain.
    /// @param l2GasPerPubdataByteLimit Gas a pubdata byte may cost.
    function l2TransactionBaseCost(uint256 gasPrice, uint256 l2GasLimit, uint256 l2GasPerPubdataByteLimit)
        external
        view
        returns (uint256)
    {
        if (l2GasPerPubdataByteLimit == 0) revert GasPerPubdataMismatch(REQUIRED_GAS_PER_PUBDATA, 0);
        return _l2GasPrice(gasPrice, l2GasPerPubdataByteLimit) * l2GasLimit;
    }

    // -- proofs ------------------------------------------------------------------------------------------------------

    /// @notice Whether a message was sent by the chain in an executed batch.
    /// @param batchNumber The batch.
    /// @param index Index of the message's log among the batch's logs.
    /// @param message The message.
    /// @param proof As `zks_getL2ToL1LogProof` gives it.
    function proveL2MessageInclusion(
        uint256 batchNumber,
        uint256 index,
        L2Message calldata message,
        bytes32[] calldata proof
    ) external view whenNotFrozen returns (bool) {
        L2Log memory log = L2Log({
            l2ShardId: 0,
            isService: true,
            txNumberInBatch: message.txNumberInBatch,
            sender: L2_MESSENGER,
            key: bytes32(uint256(uint160(message.sender))),
            value: keccak256(message.data)
        });
        return _proveLog(batchNumber, index, log, proof);
    }

    /// @notice Whether a log was sent by the chain in an executed batch.
    /// @param batchNumber The batch.
    /// @param index Index of the log among the batch's logs.
    /// @param log The log.
    /// @param proof As `zks_getL2ToL1LogProof` gives it.
    function proveL2LogInclusion(uint256 batchNumber, uint256 index, L2Log calldata log, bytes32[] calldata proof)
        external
        view
        whenNotFrozen
        returns (bool)
    {
        return _proveLog(batchNumber, index, log, proof);
    }

    /// @notice Whether a request from L1 was executed with this outcome.
    /// @param l2TxHash Canonical hash of the request.
    /// @param l2BatchNumber The batch.
    /// @param l2MessageIndex Index of the result's log among the batch's logs.
    /// @param l2TxNumberInBatch Number of the transaction in the batch.
    /// @param merkleProof As `zks_getL2ToL1LogProof` gives it.
    /// @param status The outcome. A wrong proof gives false, which does not mean the other outcome.
    function proveL1ToL2TransactionStatus(
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof,
        TxStatus status
    ) external view whenNotFrozen returns (bool) {
        L2Log memory log = L2Log({
            l2ShardId: 0,
            isService: true,
            txNumberInBatch: l2TxNumberInBatch,
            sender: L2_BOOTLOADER,
            key: l2TxHash,
            value: bytes32(uint256(status))
        });
        return _proveLog(l2BatchNumber, l2MessageIndex, log, merkleProof);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _proveLog(uint256 batchNumber, uint256 index, L2Log memory log, bytes32[] calldata proof)
        private
        view
        returns (bool)
    {
        if (batchNumber > s.totalBatchesExecuted) revert BatchNotExecuted(batchNumber);
        bytes32 leaf = LogProof.leafOf(log);
        if (leaf == L2_L1_LOGS_TREE_DEFAULT_LEAF_HASH) revert HashedLogIsDefault();
        return LogProof.rootOf(proof, index, leaf) == s.l2LogsRootHashes[batchNumber];
    }

    function _l2GasPrice(uint256 l1GasPrice, uint256 gasPerPubdata) private view returns (uint256) {
        return BaseCost.l2GasPrice(
            s.feeParams, s.tokenMultiplierNominator, s.tokenMultiplierDenominator, l1GasPrice, gasPerPubdata
        );
    }

    function _requireAllowed(BridgehubL2TransactionRequest calldata request) private view {
        address filterer = s.transactionFilterer;
        if (filterer == address(0)) return;
        bool allowed = ITransactionFilterer(filterer)
            .isTransactionAllowed(
                request.sender,
                request.contractL2,
                request.mintValue,
                request.l2Value,
                request.l2Calldata,
                request.refundRecipient
            );
        if (!allowed) revert TransactionNotAllowed(request.sender);
    }

    function _requireGasLimit(BridgehubL2TransactionRequest calldata request, uint256 encodedLength, uint256 gasPrice)
        private
        view
    {
        uint256 gasLimit = request.l2GasLimit;
        if (gasLimit > s.priorityTxMaxGasLimit) revert TooMuchGas(s.priorityTxMaxGasLimit, gasLimit);
        uint256 maxPubdata = s.feeParams.priorityTxMaxPubdata;
        if (gasLimit / REQUIRED_GAS_PER_PUBDATA > maxPubdata) {
            revert PubdataGreaterThanLimit(maxPubdata, gasLimit / REQUIRED_GAS_PER_PUBDATA);
        }
        uint256 minimum = BaseCost.minimalGasLimit(encodedLength, request.l2Calldata.length, gasPrice);
        if (gasLimit < minimum) revert ValidateTxnNotEnoughGas(minimum, gasLimit);
    }

    function _canonicalTransaction(BridgehubL2TransactionRequest calldata request, uint256 gasPrice)
        private
        view
        returns (L2CanonicalTransaction memory transaction)
    {
        address refundRecipient = SenderAlias.aliasRefundRecipient(request.refundRecipient, request.sender);
        transaction.txType = PRIORITY_TX_TYPE;
        transaction.from = uint256(uint160(SenderAlias.aliasSender(request.sender)));
        transaction.to = uint256(uint160(request.contractL2));
        transaction.gasLimit = request.l2GasLimit;
        transaction.gasPerPubdataByteLimit = REQUIRED_GAS_PER_PUBDATA;
        transaction.maxFeePerGas = gasPrice;
        transaction.nonce = s.priorityTree.getTotalPriorityTxs();
        transaction.value = request.l2Value;
        transaction.reserved[0] = request.mintValue;
        transaction.reserved[1] = uint256(uint160(refundRecipient));
        transaction.data = request.l2Calldata;
    }

    function _enqueue(L2CanonicalTransaction memory transaction, bytes32 canonicalTxHash) private {
        uint256 txId = transaction.nonce;
        uint64 expirationTimestamp = uint64(block.timestamp) + s.priorityExpiration;
        s.priorityTree.push(canonicalTxHash);
        s.priorityOpsRequestTimestamp[txId] = uint64(block.timestamp);
        emit NewPriorityRequestId(txId, canonicalTxHash);
        emit NewPriorityRequest(txId, canonicalTxHash, expirationTimestamp, transaction, new bytes[](0));
    }
}
