// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Place holder for ether where a token address is asked.
address constant ETH_TOKEN = address(1);

/// @dev Asset ids are derived with the address that native token vaults have on every chain.
address constant NATIVE_TOKEN_VAULT_ON_CHAINS = address(0x10004);

/// @dev Chain ids fit JavaScript's safe integers with room to spare.
uint256 constant MAX_CHAIN_ID = type(uint48).max;

/// @dev Most chains a Bridgehub registers.
uint256 constant MAX_CHAINS = 100;

/// @dev Type of a request from L1, as ZKsync OS numbers it.
uint256 constant PRIORITY_TX_TYPE = 127;

/// @dev Gas per pubdata byte a request must name.
uint256 constant REQUIRED_GAS_PER_PUBDATA = 800;

/// @dev No request may ask for more gas than this, whatever a chain configures.
uint256 constant MAX_GAS_PER_TRANSACTION = 80_000_000;

/// @dev L1 gas that a byte of calldata is charged, a little over its price of 16.
uint256 constant L1_GAS_PER_PUBDATA_BYTE = 17;

/// @dev First byte of commit, prove and execute data.
uint8 constant BATCH_ENCODING_VERSION = 1;

/// @dev Start of the rolling hash of priority operations.
bytes32 constant EMPTY_STRING_KECCAK = keccak256("");

/// @dev Commitments to a system upgrade transaction: there is none in any batch yet.
bytes32 constant NO_UPGRADE_TX = bytes32(0);

/// @dev Data availability: nothing is published.
uint256 constant DA_VALIDIUM = 1;
/// @dev Data availability: pubdata is calldata of the commit, the commitment is its keccak.
uint256 constant DA_CALLDATA = 2;

/// @dev A batch may not start longer ago than this before it is committed; on Ethereum and elsewhere.
uint256 constant COMMIT_NOT_OLDER_MAINNET = 3 days;
uint256 constant COMMIT_NOT_OLDER_ELSEWHERE = 30 days;
/// @dev A batch may not end further in the future than this.
uint256 constant COMMIT_NOT_NEWER = 1 hours;
uint256 constant ETHEREUM_MAINNET = 1;

/// @dev Longest time a chain may let a request wait before anyone may force it.
uint256 constant MAX_PRIORITY_EXPIRATION = 30 days;

/// @dev Message log sender on a chain.
address constant L2_MESSENGER = address(0x8008);
/// @dev Sender of results of requests from L1 on a chain.
address constant L2_BOOTLOADER = address(0x8001);
/// @dev Door of the base token on a chain.
address constant L2_BASE_TOKEN = address(0x800a);
/// @dev Asset router on a chain.
address constant L2_ASSET_ROUTER = address(0x10003);

/// @dev What a second bridge answers with.
bytes32 constant TWO_BRIDGES_MAGIC_VALUE = bytes32(uint256(keccak256("TWO_BRIDGES_MAGIC_VALUE")) - 1);
/// @dev Second bridges have greater addresses: those up to it belong to the system.
address constant MAX_SYSTEM_ADDRESS = address(0xffff);
