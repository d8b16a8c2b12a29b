// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {
    PriorityTree
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/libraries/PriorityTree.sol";
import {EMPTY_STRING_KECCAK, MAX_PRIORITY_EXPIRATION} from "../common/Constants.sol";
import {GenesisStateCommitmentZero, InvalidPriorityExpiration, ZeroAddress} from "../common/Errors.sol";
import {IBridgehub} from "../interfaces/IBridgehub.sol";
import {Admin} from "./Admin.sol";
import {BatchHashing, StoredBatchInfo} from "./BatchTypes.sol";
import {Executor} from "./Executor.sol";
import {Getters} from "./Getters.sol";
import {Mailbox} from "./Mailbox.sol";
import {ChainIdentity, ChainInitData} from "./ZKChainStorage.sol";
import {ZKChainBase} from "./ZKChainBase.sol";

/// @title A chain on L1
/// @notice The code that every chain's proxy runs: getters, mailbox, executor and admin at one address.
contract ZKChain is Initializable, Getters, Mailbox, Executor, Admin {
    using PriorityTree for PriorityTree.Tree;
    using BatchHashing for StoredBatchInfo;

    /// @param bridgehub The Bridgehub of all chains that run this code.
    constructor(IBridgehub bridgehub) ZKChainBase(bridgehub) {
        _disableInitializers();
    }

    /// @notice Starts a chain. Called by the chain type manager while it creates the proxy.
    /// @param identity Who the chain is.
    /// @param init What it starts with.
    function initialize(ChainIdentity calldata identity, ChainInitData calldata init) external initializer {
        if (identity.admin == address(0)) revert ZeroAddress();
        if (init.genesisStateCommitment == bytes32(0)) revert GenesisStateCommitmentZero();
        if (init.priorityExpiration == 0 || init.priorityExpiration > MAX_PRIORITY_EXPIRATION) {
            revert InvalidPriorityExpiration(init.priorityExpiration, MAX_PRIORITY_EXPIRATION);
        }
        _requireSupportedDA(init.daCommitmentScheme);
        _requireFeeParams(init.feeParams);
        _requireTokenMultiplier(init.tokenMultiplierNominator, init.tokenMultiplierDenominator);
        _requirePriorityTxMaxGasLimit(init.priorityTxMaxGasLimit);

        s.chainId = identity.chainId;
        s.baseTokenAssetId = identity.baseTokenAssetId;
        s.chainTypeManager = msg.sender;
        s.admin = identity.admin;
        s.validators[identity.validatorTimelock] = true;
        s.creationBlock = block.number;
        s.daCommitmentScheme = init.daCommitmentScheme;
        s.feeParams = init.feeParams;
        s.tokenMultiplierNominator = init.tokenMultiplierNominator;
        s.tokenMultiplierDenominator = init.tokenMultiplierDenominator;
        s.priorityExpiration = init.priorityExpiration;
        s.priorityTxMaxGasLimit = init.priorityTxMaxGasLimit;
        s.priorityTree.setup(0);
        s.storedBatchHashes[0] = _genesisBatch(init).hash();
        _setProgram(identity.protocolVersion, identity.verifier, identity.programId);
    }

    /// @notice Name of the contract, as ZK Stack's facets have one.
    function getName() external pure returns (string memory) {
        return "ZKChain";
    }

    function _genesisBatch(ChainInitData calldata init) private pure returns (StoredBatchInfo memory batch) {
        batch.batchHash = init.genesisStateCommitment;
        batch.priorityOperationsHash = EMPTY_STRING_KECCAK;
        batch.timestamp = init.genesisTimestamp;
    }
}
