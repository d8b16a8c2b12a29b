// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {UnsupportedEncodingVersion} from "./BridgeErrors.sol";

/// @dev First byte of a token's description.
bytes1 constant METADATA_VERSION = 0x01;

/// @dev Most of one asset that may be away from home, in its smallest unit: what a chain's base token holder owns. With
/// it no sum of what a token claims to be overflows, which would stop the batch of a chain that did nothing wrong.
uint256 constant MAX_ASSET_AMOUNT = 2 ** 127 - 1;

/// @title What travels with a token
/// @notice Encodings as ZK Stack's native token vaults have them.
library BridgeData {
    /// @notice What the receiving side needs to hand a token out.
    struct Mint {
        address originalCaller;
        address receiver;
        address originToken;
        uint256 amount;
        bytes metadata;
    }

    /// @notice What a token says of itself, each as its function returned it.
    struct Metadata {
        uint256 originChainId;
        bytes name;
        bytes symbol;
        bytes decimals;
    }

    /// @notice Encodes what the receiving side needs.
    function encodeMint(Mint memory mint) internal pure returns (bytes memory) {
        return abi.encode(mint.originalCaller, mint.receiver, mint.originToken, mint.amount, mint.metadata);
    }

    /// @notice Undoes `encodeMint`.
    function decodeMint(bytes calldata data) internal pure returns (Mint memory mint) {
        (mint.originalCaller, mint.receiver, mint.originToken, mint.amount, mint.metadata) =
            abi.decode(data, (address, address, address, uint256, bytes));
    }

    /// @notice Encodes what the sending side is asked: amount, receiver, and the token where it is not known yet.
    function encodeBurn(uint256 amount, address receiver, address token) internal pure returns (bytes memory) {
        return abi.encode(amount, receiver, token);
    }

    /// @notice Undoes `encodeBurn`.
    function decodeBurn(bytes calldata data) internal pure returns (uint256 amount, address receiver, address token) {
        return abi.decode(data, (uint256, address, address));
    }

    /// @notice Encodes a token's description.
    function encodeMetadata(Metadata memory metadata) internal pure returns (bytes memory) {
        return bytes.concat(
            METADATA_VERSION, abi.encode(metadata.originChainId, metadata.name, metadata.symbol, metadata.decimals)
        );
    }

    /// @notice Undoes `encodeMetadata`.
    function decodeMetadata(bytes memory data) internal pure returns (Metadata memory metadata) {
        bytes1 version = data.length == 0 ? bytes1(0) : data[0];
        if (version != METADATA_VERSION) revert UnsupportedEncodingVersion(version);
        bytes memory body = new bytes(data.length - 1);
        for (uint256 i = 0; i < body.length; ++i) {
            body[i] = data[i + 1];
        }
        (metadata.originChainId, metadata.name, metadata.symbol, metadata.decimals) =
            abi.decode(body, (uint256, bytes, bytes, bytes));
    }

    /// @notice The text that a token returned as `string` or, as old tokens do, as `bytes32`; empty for anything else.
    function toText(bytes memory returned) internal pure returns (string memory) {
        if (returned.length == 32) return _shortText(abi.decode(returned, (bytes32)));
        if (returned.length < 64) return "";
        (uint256 offset, uint256 length) = abi.decode(returned, (uint256, uint256));
        if (offset != 32 || length > returned.length - 64) return "";
        return abi.decode(returned, (string));
    }

    /// @notice The decimals that a token returned; 18 where it returned nothing that could be it.
    function toDecimals(bytes memory returned) internal pure returns (uint8) {
        if (returned.length != 32) return 18;
        uint256 value = abi.decode(returned, (uint256));
        // Casting to 'uint8' is safe because the value was compared with its greatest one.
        // forge-lint: disable-next-line(unsafe-typecast)
        return value > type(uint8).max ? 18 : uint8(value);
    }

    function _shortText(bytes32 word) private pure returns (string memory) {
        uint256 length = 0;
        while (length < 32 && word[length] != 0) ++length;
        bytes memory text = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            text[i] = word[i];
        }
        return string(text);
    }
}
