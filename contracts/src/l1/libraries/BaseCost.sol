// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {
    FeeParams,
    PubdataPricingMode
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-deps/ZKChainStorage.sol";
import {L1_GAS_PER_PUBDATA_BYTE, REQUIRED_GAS_PER_PUBDATA} from "../common/Constants.sol";

/// @title Prices of requests from L1
/// @notice ZK Stack's formulas, with their roundings in their order: clients compute the same.
library BaseCost {
    /// @dev ZKsync OS's resource model: what a request costs before it does anything.
    uint256 private constant NATIVE_INTRINSIC = 2_875_420;
    uint256 private constant NATIVE_PER_HASH_ROUND = 17_500;
    uint256 private constant NATIVE_PRICE = 10;
    uint256 private constant INTRINSIC_PUBDATA = 351;
    uint256 private constant INTRINSIC_GAS = 21_000;
    uint256 private constant GAS_PER_CALLDATA_BYTE = 16;
    /// @dev Bytes that one round of keccak absorbs.
    uint256 private constant HASH_RATE = 136;

    /// @notice Price of gas for a request, in base token.
    /// @param params The chain's fee parameters.
    /// @param nominator Base token per ether, upper part.
    /// @param denominator Base token per ether, lower part.
    /// @param l1GasPrice Wei a gas on L1.
    /// @param gasPerPubdata Gas that a pubdata byte may cost; not zero.
    function l2GasPrice(
        FeeParams memory params,
        uint256 nominator,
        uint256 denominator,
        uint256 l1GasPrice,
        uint256 gasPerPubdata
    ) internal pure returns (uint256) {
        uint256 l1Price = l1GasPrice * nominator / denominator;
        uint256 pubdataPrice =
            params.pubdataPricingMode == PubdataPricingMode.Rollup ? L1_GAS_PER_PUBDATA_BYTE * l1Price : 0;
        uint256 batchOverhead = uint256(params.batchOverheadL1Gas) * l1Price;
        uint256 fullPubdataPrice = pubdataPrice + batchOverhead / params.maxPubdataPerBatch;
        uint256 gasPrice = params.minimalL2GasPrice + batchOverhead / params.maxL2GasPerBatch;
        return Math.max(gasPrice, Math.ceilDiv(fullPubdataPrice, gasPerPubdata));
    }

    /// @notice Least gas a request must offer: intrinsic costs, and pubdata and proving of an empty transaction.
    /// @param encodedLength Length of the ABI-encoded canonical transaction, bytes.
    /// @param calldataLength Length of its calldata, bytes.
    /// @param maxFeePerGas Price it was given, wei; not zero.
    function minimalGasLimit(uint256 encodedLength, uint256 calldataLength, uint256 maxFeePerGas)
        internal
        pure
        returns (uint256)
    {
        uint256 hashRounds = Math.max(1, Math.ceilDiv(encodedLength, HASH_RATE));
        uint256 native = NATIVE_INTRINSIC + NATIVE_PER_HASH_ROUND * hashRounds + calldataLength;
        return Math.max(
            INTRINSIC_GAS + GAS_PER_CALLDATA_BYTE * calldataLength,
            native * NATIVE_PRICE / maxFeePerGas + INTRINSIC_PUBDATA * REQUIRED_GAS_PER_PUBDATA
        );
    }
}
