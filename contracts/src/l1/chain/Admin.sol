// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {DA_CALLDATA, DA_VALIDIUM, MAX_GAS_PER_TRANSACTION} from "../common/Constants.sol";
import {
    AlreadyPermanentRollup,
    ChainAlreadyLive,
    ChainFrozen,
    ChainNotFrozen,
    FeeParamZero,
    InvalidDAForPermanentRollup,
    InvalidPubdataPricingMode,
    NotAllBatchesVerified,
    PriorityTxPubdataExceedsMaxPubDataPerBatch,
    ProtocolVersionMismatch,
    TokenMultiplierZero,
    TooMuchGas,
    Unauthorized,
    UnsupportedDAScheme
} from "../common/Errors.sol";
import {IChainTypeManager, VersionData} from "../interfaces/IChainTypeManager.sol";
import {ZKChainBase} from "./ZKChainBase.sol";

/// @title What the admin of a chain, and the chain type manager above it, may set
abstract contract Admin is ZKChainBase {
    event NewPendingAdmin(address indexed oldPendingAdmin, address indexed newPendingAdmin);
    event NewAdmin(address indexed oldAdmin, address indexed newAdmin);
    event NewPriorityTxMaxGasLimit(uint256 oldPriorityTxMaxGasLimit, uint256 newPriorityTxMaxGasLimit);
    event NewFeeParams(FeeParams oldFeeParams, FeeParams newFeeParams);
    event PubdataPricingModeUpdate(PubdataPricingMode pricingMode);
    event NewTransactionFilterer(address oldTransactionFilterer, address newTransactionFilterer);
    event NewBaseTokenMultiplier(
        uint128 oldNominator, uint128 oldDenominator, uint128 newNominator, uint128 newDenominator
    );
    event NewDACommitmentScheme(uint256 oldScheme, uint256 newScheme);
    event PermanentRollup();
    event Freeze();
    event Unfreeze();
    event ExecuteUpgrade(
        uint256 indexed oldProtocolVersion, uint256 indexed newProtocolVersion, address implementation
    );

    // -- admin -------------------------------------------------------------------------------------------------------

    /// @notice Offers the admin's place to someone, who has to accept it.
    function setPendingAdmin(address newPendingAdmin) external onlyAdmin {
        emit NewPendingAdmin(s.pendingAdmin, newPendingAdmin);
        s.pendingAdmin = newPendingAdmin;
    }

    /// @notice Takes the admin's place.
    function acceptAdmin() external {
        address newAdmin = s.pendingAdmin;
        // Without an offer the pending admin is zero, which nobody calls from.
        if (msg.sender != newAdmin) revert Unauthorized(msg.sender);
        emit NewAdmin(s.admin, newAdmin);
        emit NewPendingAdmin(newAdmin, address(0));
        s.admin = newAdmin;
        delete s.pendingAdmin;
    }

    /// @notice Sets who may refuse requests from L1; zero for nobody.
    function setTransactionFilterer(address newFilterer) external onlyAdmin {
        emit NewTransactionFilterer(s.transactionFilterer, newFilterer);
        s.transactionFilterer = newFilterer;
    }

    /// @notice Sets the data availability scheme of batches committed from now on.
    function setDACommitmentScheme(uint256 newScheme) external onlyAdmin {
        _requireSupportedDA(newScheme);
        if (s.isPermanentRollup && newScheme != DA_CALLDATA) revert InvalidDAForPermanentRollup(newScheme);
        emit NewDACommitmentScheme(s.daCommitmentScheme, newScheme);
        s.daCommitmentScheme = newScheme;
    }

    /// @notice Promises for ever to publish the chain's data. There is no way back.
    function makePermanentRollup() external onlyAdmin {
        if (s.isPermanentRollup) revert AlreadyPermanentRollup();
        if (s.daCommitmentScheme != DA_CALLDATA) revert InvalidDAForPermanentRollup(s.daCommitmentScheme);
        s.isPermanentRollup = true;
        emit PermanentRollup();
    }

    /// @notice Sets whether pubdata is charged; only before the first batch.
    function setPubdataPricingMode(PubdataPricingMode newMode) external onlyAdmin {
        if (s.totalBatchesCommitted != 0) revert ChainAlreadyLive(s.totalBatchesCommitted);
        s.feeParams.pubdataPricingMode = newMode;
        emit PubdataPricingModeUpdate(newMode);
    }

    /// @notice Moves the chain to the version after `oldProtocolVersion`: its code, verifier and program.
    /// @dev Only the admin may, and only to what the owner of the chain type manager published: it takes both to
    /// change the key. A new one is taken only while no committed batch waits for its proof, so that a batch is always
    /// proven by the program under which it was committed; one that cannot be proven has to be reverted first.
    function upgradeChainFromVersion(uint256 oldProtocolVersion) external onlyAdmin nonReentrant {
        if (s.protocolVersion != oldProtocolVersion) {
            revert ProtocolVersionMismatch(s.protocolVersion, oldProtocolVersion);
        }
        (uint256 newVersion, VersionData memory data) =
            IChainTypeManager(s.chainTypeManager).upgradeFrom(oldProtocolVersion);
        if (data.verifier != s.verifier || data.programId != s.programId) {
            if (s.totalBatchesVerified != s.totalBatchesCommitted) {
                revert NotAllBatchesVerified(s.totalBatchesVerified, s.totalBatchesCommitted);
            }
            _setProgram(newVersion, data.verifier, data.programId);
        } else {
            s.protocolVersion = newVersion;
        }
        emit ExecuteUpgrade(oldProtocolVersion, newVersion, data.implementation);
        ERC1967Utils.upgradeToAndCall(data.implementation, "");
    }

    // -- admin or chain type manager ---------------------------------------------------------------------------------

    /// @notice Sets the prices of requests, except whether pubdata is charged.
    function changeFeeParams(FeeParams calldata newParams) external onlyAdminOrChainTypeManager {
        if (newParams.pubdataPricingMode != s.feeParams.pubdataPricingMode) revert InvalidPubdataPricingMode();
        _requireFeeParams(newParams);
        emit NewFeeParams(s.feeParams, newParams);
        s.feeParams = newParams;
    }

    /// @notice Sets the price of ether in base token.
    function setTokenMultiplier(uint128 nominator, uint128 denominator) external onlyAdminOrChainTypeManager {
        _requireTokenMultiplier(nominator, denominator);
        emit NewBaseTokenMultiplier(s.tokenMultiplierNominator, s.tokenMultiplierDenominator, nominator, denominator);
        s.tokenMultiplierNominator = nominator;
        s.tokenMultiplierDenominator = denominator;
    }

    // -- chain type manager ------------------------------------------------------------------------------------------

    /// @notice Sets the gas one request may ask for.
    function setPriorityTxMaxGasLimit(uint256 newLimit) external onlyChainTypeManager {
        _requirePriorityTxMaxGasLimit(newLimit);
        emit NewPriorityTxMaxGasLimit(s.priorityTxMaxGasLimit, newLimit);
        s.priorityTxMaxGasLimit = newLimit;
    }

    /// @notice Stops requests, settlement and proofs at once.
    function freezeDiamond() external onlyChainTypeManager {
        if (s.frozen) revert ChainFrozen(s.chainId);
        s.frozen = true;
        emit Freeze();
    }

    /// @notice Undoes `freezeDiamond`.
    function unfreezeDiamond() external onlyChainTypeManager {
        if (!s.frozen) revert ChainNotFrozen(s.chainId);
        s.frozen = false;
        emit Unfreeze();
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    function _requireSupportedDA(uint256 scheme) internal pure {
        if (scheme != DA_VALIDIUM && scheme != DA_CALLDATA) revert UnsupportedDAScheme(scheme);
    }

    /// @dev A price of zero would divide by zero in the minimal gas of requests, and give blocks away for nothing.
    function _requireFeeParams(FeeParams memory params) internal pure {
        if (params.maxPubdataPerBatch == 0 || params.maxL2GasPerBatch == 0 || params.minimalL2GasPrice == 0) {
            revert FeeParamZero();
        }
        if (params.priorityTxMaxPubdata > params.maxPubdataPerBatch) {
            revert PriorityTxPubdataExceedsMaxPubDataPerBatch(params.priorityTxMaxPubdata, params.maxPubdataPerBatch);
        }
    }

    function _requireTokenMultiplier(uint128 nominator, uint128 denominator) internal pure {
        if (nominator == 0 || denominator == 0) revert TokenMultiplierZero(nominator, denominator);
    }

    function _requirePriorityTxMaxGasLimit(uint256 limit) internal pure {
        if (limit > MAX_GAS_PER_TRANSACTION) revert TooMuchGas(MAX_GAS_PER_TRANSACTION, limit);
    }
}
