// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {
    FinalizeL1DepositParams
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/bridge/interfaces/IL1Nullifier.sol";
import {L2Message, TxStatus} from "@matterlabs/zksync-contracts/contracts/l1-contracts/common/Messaging.sol";
import {
    IMailboxImpl
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IMailboxImpl.sol";
import {BridgeData} from "../../bridge/BridgeData.sol";
import {WrongChainId} from "../../bridge/BridgeErrors.sol";
import {IL2AssetRouter} from "../../l2/interfaces/IL2AssetRouter.sol";
import {L2_ASSET_ROUTER, L2_BASE_TOKEN} from "../common/Constants.sol";
import {
    DepositDoesNotExist,
    DepositExists,
    InvalidProof,
    InvalidSelector,
    L2WithdrawalMessageWrongLength,
    WithdrawalAlreadyFinalized,
    WrongL2Sender
} from "../common/BridgeRefusals.sol";
import {Unauthorized} from "../common/Errors.sol";
import {IL1AssetRouter, IL1Nullifier} from "../interfaces/IAssets.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";

/// @title Lets every claim through once
/// @notice A withdrawal is claimed with a proof that its chain sent it in an executed batch; a deposit is handed back
/// with a proof that its request failed on the chain. Anyone may bring the proof, the funds go to whom they belong.
contract L1Nullifier is IL1Nullifier, ReentrancyGuardTransient {
    /// @dev Selector, receiver, amount.
    uint256 private constant BASE_TOKEN_MESSAGE_LENGTH = 4 + 20 + 32;
    /// @dev The same, and the sender; data for the receiver may follow.
    uint256 private constant BASE_TOKEN_MESSAGE_WITH_DATA_LENGTH = BASE_TOKEN_MESSAGE_LENGTH + 20;
    /// @dev Selector, chain id, asset id; data for the holder follows.
    uint256 private constant TOKEN_MESSAGE_HEAD_LENGTH = 4 + 32 + 32;
    bytes1 private constant TX_DATA_ENCODING = 0x01;

    /// @notice The Bridgehub.
    IBridgehub public immutable BRIDGE_HUB;
    /// @notice The router, which pays out.
    IL1AssetRouter public immutable l1AssetRouter;

    /// @inheritdoc IL1Nullifier
    mapping(uint256 chainId => mapping(uint256 l2BatchNumber => mapping(uint256 l2MessageIndex => bool))) public
        isWithdrawalFinalized;
    /// @notice Hash of what was deposited with a request, until it is handed back.
    mapping(uint256 chainId => mapping(bytes32 l2TxHash => bytes32 txDataHash)) public depositHappened;

    event BridgehubDepositFinalized(
        uint256 indexed chainId, bytes32 indexed txDataHash, bytes32 indexed l2DepositTxHash
    );
    event WithdrawalFinalized(
        uint256 indexed chainId, uint256 indexed l2BatchNumber, uint256 indexed l2MessageIndex, bytes32 assetId
    );
    event FailedDepositClaimed(uint256 indexed chainId, bytes32 indexed l2DepositTxHash, address indexed depositSender);

    /// @param bridgehub The Bridgehub.
    /// @param assetRouter The router.
    constructor(IBridgehub bridgehub, IL1AssetRouter assetRouter) {
        BRIDGE_HUB = bridgehub;
        l1AssetRouter = assetRouter;
    }

    /// @inheritdoc IL1Nullifier
    function bridgehubConfirmL2TransactionForwarded(uint256 chainId, bytes32 txDataHash, bytes32 txHash) external {
        if (msg.sender != address(l1AssetRouter)) revert Unauthorized(msg.sender);
        if (depositHappened[chainId][txHash] != bytes32(0)) revert DepositExists(chainId, txHash);
        depositHappened[chainId][txHash] = txDataHash;
        emit BridgehubDepositFinalized(chainId, txDataHash, txHash);
    }

    /// @notice Pays out what a chain's message says.
    /// @param params Where the message is, the message, and the proof as `zks_getL2ToL1LogProof` gives it.
    function finalizeDeposit(FinalizeL1DepositParams calldata params) external nonReentrant {
        uint256 chainId = params.chainId;
        if (isWithdrawalFinalized[chainId][params.l2BatchNumber][params.l2MessageIndex]) {
            revert WithdrawalAlreadyFinalized(chainId, params.l2BatchNumber, params.l2MessageIndex);
        }
        isWithdrawalFinalized[chainId][params.l2BatchNumber][params.l2MessageIndex] = true;
        (bytes32 assetId, bytes memory transferData) = _parse(chainId, params.l2Sender, params.message);
        bool sent = BRIDGE_HUB.proveL2MessageInclusion(
            chainId,
            params.l2BatchNumber,
            params.l2MessageIndex,
            L2Message(params.l2TxNumberInBatch, params.l2Sender, params.message),
            params.merkleProof
        );
        if (!sent) revert InvalidProof();
        emit WithdrawalFinalized(chainId, params.l2BatchNumber, params.l2MessageIndex, assetId);
        l1AssetRouter.finalizeDeposit(chainId, assetId, transferData);
    }

    /// @inheritdoc IL1Nullifier
    function bridgeRecoverFailedTransfer(
        uint256 chainId,
        address depositSender,
        bytes32 assetId,
        bytes calldata assetData,
        bytes32 l2TxHash,
        uint256 l2BatchNumber,
        uint256 l2MessageIndex,
        uint16 l2TxNumberInBatch,
        bytes32[] calldata merkleProof
    ) external nonReentrant {
        bytes32 txDataHash = keccak256(bytes.concat(TX_DATA_ENCODING, abi.encode(depositSender, assetId, assetData)));
        bytes32 deposited = depositHappened[chainId][l2TxHash];
        if (deposited == bytes32(0) || deposited != txDataHash) revert DepositDoesNotExist(deposited, txDataHash);
        delete depositHappened[chainId][l2TxHash];
        bool failed = BRIDGE_HUB.proveL1ToL2TransactionStatus(
            chainId, l2TxHash, l2BatchNumber, l2MessageIndex, l2TxNumberInBatch, merkleProof, TxStatus.Failure
        );
        if (!failed) revert InvalidProof();
        emit FailedDepositClaimed(chainId, l2TxHash, depositSender);
        l1AssetRouter.bridgeRecoverFailedTransfer(chainId, depositSender, assetId, assetData);
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev Asset and data for its holder that a message names. Who sent it decides what it can be.
    function _parse(uint256 chainId, address l2Sender, bytes calldata message)
        private
        view
        returns (bytes32, bytes memory)
    {
        if (message.length < 4) revert L2WithdrawalMessageWrongLength(message.length);
        if (l2Sender == L2_BASE_TOKEN) return _parseBaseToken(chainId, message);
        if (l2Sender == L2_ASSET_ROUTER) return _parseToken(chainId, message);
        revert WrongL2Sender(l2Sender);
    }

    function _parseBaseToken(uint256 chainId, bytes calldata message) private view returns (bytes32, bytes memory) {
        _requireSelector(message, IMailboxImpl.finalizeEthWithdrawal.selector);
        uint256 length = message.length;
        if (length != BASE_TOKEN_MESSAGE_LENGTH && length < BASE_TOKEN_MESSAGE_WITH_DATA_LENGTH) {
            revert L2WithdrawalMessageWrongLength(length);
        }
        BridgeData.Mint memory mint;
        mint.receiver = address(bytes20(message[4:24]));
        mint.amount = uint256(bytes32(message[24:56]));
        return (BRIDGE_HUB.baseTokenAssetId(chainId), BridgeData.encodeMint(mint));
    }

    function _parseToken(uint256 chainId, bytes calldata message) private pure returns (bytes32, bytes memory) {
        _requireSelector(message, IL2AssetRouter.finalizeDeposit.selector);
        if (message.length < TOKEN_MESSAGE_HEAD_LENGTH) revert L2WithdrawalMessageWrongLength(message.length);
        uint256 sourceChainId = uint256(bytes32(message[4:36]));
        if (sourceChainId != chainId) revert WrongChainId(chainId, sourceChainId);
        return (bytes32(message[36:68]), message[68:]);
    }

    function _requireSelector(bytes calldata message, bytes4 selector) private pure {
        if (bytes4(message[:4]) != selector) revert InvalidSelector(bytes4(message[:4]));
    }
}
