// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Every refusal of the L1 contracts. Each carries what was wrong and what would have been right.

// -- who ---------------------------------------------------------------------------------------------------------

/// @dev The caller may not do this.
error Unauthorized(address caller);
/// @dev The account lacks a role on a chain.
error RoleAccessDenied(address chainAddress, bytes32 role, address account);
/// @dev Only the chain itself may do this.
error OnlyChain(address caller, address chain);
/// @dev The address is not a chain of this Bridgehub.
error NotAZKChain(address addr);
/// @dev An address must not be zero.
error ZeroAddress();
/// @dev Set already, and for good.
error AddressAlreadySet(address addr);
/// @dev The address holds no code.
error AddressHasNoCode(address addr);

// -- registry ----------------------------------------------------------------------------------------------------

/// @dev A chain id must not be zero.
error ZeroChainId();
/// @dev Beyond 2^48 - 1.
error ChainIdTooBig(uint256 chainId, uint256 max);
/// @dev A chain may not have the id of the chain it settles on.
error ChainIdCantBeCurrentChain(uint256 chainId);
/// @dev There is a chain with this id.
error ChainIdAlreadyExists(uint256 chainId);
/// @dev There is no chain with this id.
error ChainIdNotRegistered(uint256 chainId);
/// @dev The Bridgehub holds as many chains as it takes.
error ZKChainLimitReached(uint256 limit);
/// @dev The chain type manager is not registered.
error CTMNotRegistered(address chainTypeManager);
/// @dev The chain type manager is registered already.
error CTMAlreadyRegistered(address chainTypeManager);
/// @dev The asset is not registered as a base token.
error AssetIdNotSupported(bytes32 assetId);
/// @dev The asset is registered already.
error AssetIdAlreadyRegistered(bytes32 assetId);
/// @dev An asset id must not be zero.
error EmptyAssetId();
/// @dev No contract handles this asset.
error AssetHandlerDoesNotExist(bytes32 assetId);
/// @dev The Bridgehub does not know its parts yet.
error AddressesNotSet();

// -- chain creation and versions ---------------------------------------------------------------------------------

/// @dev A genesis must have a state.
error GenesisStateCommitmentZero();
/// @dev A program must be named.
error ProgramIdZero();
/// @dev No such data availability scheme.
error UnsupportedDAScheme(uint256 scheme);
/// @dev A permanent rollup publishes its data.
error InvalidDAForPermanentRollup(uint256 scheme);
/// @dev It is one already.
error AlreadyPermanentRollup();
/// @dev Out of the range that lets users force their requests.
error InvalidPriorityExpiration(uint256 provided, uint256 max);
/// @dev EraVM bytecodes mean nothing to an EVM chain.
error FactoryDepsNotSupported(uint256 count);
/// @dev No rules for this version, or its time is over.
error InvalidProtocolVersion(uint256 version);
/// @dev The chain is on another version than the caller believes.
error ProtocolVersionMismatch(uint256 expected, uint256 provided);
/// @dev A new version must be greater than the last.
error ProtocolVersionNotGreater(uint256 current, uint256 provided);
/// @dev More than three numbers of 32 bits.
error ProtocolVersionNotPacked(uint256 provided);
/// @dev Batches that are committed are proven by the program under which they were: first prove or revert them.
error NotAllBatchesVerified(uint256 verified, uint256 committed);
/// @dev The chain runs the newest version already.
error NoUpgradeAvailable(uint256 version);

// -- fees --------------------------------------------------------------------------------------------------------

/// @dev A fee parameter is zero that is divided by, or that everything would be free without.
error FeeParamZero();
/// @dev One request could exceed a whole batch.
error PriorityTxPubdataExceedsMaxPubDataPerBatch(uint256 priorityTxMaxPubdata, uint256 maxPubdataPerBatch);
/// @dev The pricing mode is not changed here.
error InvalidPubdataPricingMode();
/// @dev Neither part of a price ratio may be zero.
error TokenMultiplierZero(uint128 nominator, uint128 denominator);
/// @dev The chain has committed batches, this can no longer change.
error ChainAlreadyLive(uint256 totalBatchesCommitted);
/// @dev More gas than any request may ask for.
error TooMuchGas(uint256 limit, uint256 provided);

// -- requests ----------------------------------------------------------------------------------------------------

/// @dev The value sent along is not the value named.
error MsgValueMismatch(uint256 expected, uint256 provided);
/// @dev Too little for base cost and value.
error MsgValueTooLow(uint256 required, uint256 provided);
/// @dev Gas per pubdata byte must be exactly this.
error GasPerPubdataMismatch(uint256 required, uint256 provided);
/// @dev Too little gas for the least any request costs.
error ValidateTxnNotEnoughGas(uint256 required, uint256 provided);
/// @dev The gas could buy more pubdata than a request may publish.
error PubdataGreaterThanLimit(uint256 limit, uint256 length);
/// @dev The chain's filterer refused.
error TransactionNotAllowed(address sender);
/// @dev The chain is frozen.
error ChainFrozen(uint256 chainId);
/// @dev It is not.
error ChainNotFrozen(uint256 chainId);

// -- batches -----------------------------------------------------------------------------------------------------

/// @dev The call is for another chain.
error AddressMismatch(address expected, address provided);
/// @dev Batch data of an unknown version.
error UnsupportedBatchEncoding(uint8 version);
/// @dev The numbers named do not fit the data, or are not the next ones.
error IncorrectBatchBounds(
    uint256 processFromExpected, uint256 processToExpected, uint256 processFromProvided, uint256 processToProvided
);
/// @dev The batch is not the one stored.
error BatchHashMismatch(bytes32 expected, bytes32 provided);
/// @dev Batches come in order, without gaps.
error BatchNumberMismatch(uint256 expected, uint256 provided);
/// @dev The batch belongs to another chain.
error ChainIdMismatch(uint256 expected, uint256 provided);
/// @dev The batch was made for another settlement layer.
error SettlementLayerMismatch(uint256 expected, uint256 provided);
/// @dev The chain uses another data availability scheme.
error DASchemeMismatch(uint256 expected, uint256 provided);
/// @dev The published data is not what the batch commits to.
error InvalidPubdataHash(bytes32 expected, bytes32 provided);
/// @dev A validium publishes nothing.
error PubdataNotEmpty(uint256 length);
/// @dev Time runs backwards between batches, or within one.
error NonIncreasingTimestamp(uint256 previous, uint256 provided);
/// @dev The batch starts too long ago.
error BatchTooOld(uint256 timestamp, uint256 oldest);
/// @dev The batch ends too far in the future.
error BatchTooNew(uint256 timestamp, uint256 newest);
/// @dev A batch has at least one block.
error BlockRangeEmpty(uint256 firstBlock, uint256 lastBlock);
/// @dev What a batch sends out must be listed in order, once a pair, and not be nothing.
error InvalidInteropFlow(uint256 index);
/// @dev A chain cannot hold more of an asset's flows than it has.
error InsufficientChainBalance(uint256 chainId, bytes32 assetId, uint256 available, uint256 required);
/// @dev No proof of this batch is known.
error UnprovenBatch(uint256 batchNumber, bytes32 programId, bytes32 publicInput);
/// @dev Proofs are handed to the verifier, not here.
error UnexpectedProof(uint256 length);
/// @dev More batches than are committed.
error VerifiedBatchesExceedsCommittedBatches(uint256 committed, uint256 provided);
/// @dev More batches than are proven.
error CantExecuteUnprovenBatches(uint256 verified, uint256 provided);
/// @dev Executed batches are final.
error CantRevertExecutedBatch(uint256 executed, uint256 provided);
/// @dev There are no batches after this one.
error RevertedBatchNotAfterNewLastBatch(uint256 committed, uint256 provided);
/// @dev The lists of the execute data differ in length.
error InvalidBatchesDataLength(uint256 batches, uint256 provided);
/// @dev The batch holds another number of priority operations.
error MismatchNumberOfLayer1Txs(uint256 expected, uint256 provided);
/// @dev The priority operations are not those that the batch executed.
error PriorityOperationsRollingHashMismatch(bytes32 expected, bytes32 provided);
/// @dev The roots are not those that the batch relied on.
error DependencyRootsRollingHashMismatch(bytes32 expected, bytes32 provided);
/// @dev A root that the batch relied on has never been one.
error InvalidMessageRoot(bytes32 expected, bytes32 provided);
/// @dev Roots come from this layer only, one side each.
error InvalidInteropRoot(uint256 chainId, uint256 sides);
/// @dev The execution delay is not over.
error TimeNotReached(uint256 expectedTimestamp, uint256 actualTimestamp);

// -- forced inclusion --------------------------------------------------------------------------------------------

/// @dev No request waits.
error PriorityQueueEmpty();
/// @dev The oldest request is not overdue.
error PriorityDeadlineNotReached(uint256 deadline, uint256 timestamp);
/// @dev The chain is in priority mode already.
error AlreadyInPriorityMode(uint256 chainId);
/// @dev The chain is not in priority mode.
error NotInPriorityMode(uint256 chainId);
/// @dev In priority mode batches are settled at once, by anyone, and in no other way.
error InPriorityMode(uint256 chainId);
/// @dev In priority mode batches hold requests from L1 and nothing else.
error OnlyPriorityOperations(uint256 numberOfLayer1Txs, uint256 numberOfLayer2Txs);

// -- inclusion proofs --------------------------------------------------------------------------------------------

/// @dev Nothing is proven of a batch before it is executed.
error BatchNotExecuted(uint256 batchNumber);
/// @dev The proof does not start with metadata we know.
error UnsupportedProofMetadata(bytes32 metadata);
/// @dev The proof has another length than a proof to this chain's own root.
error InvalidProofLength(uint256 expected, uint256 provided);
/// @dev No leaf has this index.
error LeafIndexOutOfBounds(uint256 index, uint256 leaves);
/// @dev Empty leaves prove nothing.
error HashedLogIsDefault();
