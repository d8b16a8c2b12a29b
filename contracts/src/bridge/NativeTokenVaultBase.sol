// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BeaconProxy} from "@openzeppelin/contracts/proxy/beacon/BeaconProxy.sol";
import {IBeacon} from "@openzeppelin/contracts/proxy/beacon/IBeacon.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {AddressHasNoCode, AssetIdNotSupported} from "../l1/common/Errors.sol";
import {IAssetHandler} from "../l1/interfaces/IAssets.sol";
import {AssetId} from "../l1/libraries/AssetId.sol";
import {BridgeData} from "./BridgeData.sol";
import {AssetIdMismatch, OriginIsThisChain, TokensWithFeesNotSupported} from "./BridgeErrors.sol";
import {BridgedStandardERC20} from "./BridgedStandardERC20.sol";

/// @title What the vaults of L1 and of the chains have in common
/// @notice A token that was born here is held; one that was born elsewhere is made when it arrives and destroyed when
/// it leaves. The vault is the beacon of the tokens that it makes, so their addresses follow from the vault's and the
/// origin alone.
abstract contract NativeTokenVaultBase is IAssetHandler, IBeacon, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Asset id of a token on this chain, or zero.
    mapping(address token => bytes32) public assetId;
    /// @inheritdoc IAssetHandler
    mapping(bytes32 assetId => address) public tokenAddress;
    /// @notice Chain where an asset was born, or zero.
    mapping(bytes32 assetId => uint256) public originChainId;
    /// @notice The token there.
    mapping(bytes32 assetId => address) public originToken;

    /// @notice The vault knows a token from now on.
    event TokenRegistered(
        bytes32 indexed assetId, uint256 indexed originChainId, address indexed originToken, address token
    );
    /// @notice An asset left for a chain.
    event BridgeBurn(
        uint256 indexed chainId, bytes32 indexed assetId, address indexed sender, address receiver, uint256 amount
    );
    /// @notice An asset came from a chain.
    event BridgeMint(uint256 indexed chainId, bytes32 indexed assetId, address receiver, uint256 amount);

    /// @inheritdoc IAssetHandler
    /// @dev Deposits do it on the way.
    function ensureTokenIsRegistered(address token) public returns (bytes32 id) {
        id = assetId[token];
        if (id != bytes32(0)) return id;
        if (token.code.length == 0) revert AddressHasNoCode(token);
        id = AssetId.native(block.chainid, token);
        _register(id, block.chainid, token, token);
    }

    /// @notice Address that the token of an origin has here, or will have.
    /// @param chainId Where it was born; not here.
    /// @param token The token there.
    function bridgedTokenAddress(uint256 chainId, address token) public view returns (address) {
        return Create2.computeAddress(_salt(chainId, token), keccak256(_proxyCode()));
    }

    // -- parts -------------------------------------------------------------------------------------------------------

    /// @dev The token of an asset; one that was born here and is not known yet is registered.
    function _knownToken(bytes32 id, address token) internal returns (address known) {
        known = tokenAddress[id];
        if (known != address(0)) return known;
        if (token == address(0) || AssetId.native(block.chainid, token) != id) revert AssetIdNotSupported(id);
        ensureTokenIsRegistered(token);
        return token;
    }

    /// @dev Takes a token from an account: into custody if it was born here, out of existence otherwise.
    function _take(bytes32 id, address token, address account, uint256 amount) internal {
        if (originChainId[id] != block.chainid) {
            BridgedStandardERC20(token).bridgeBurn(account, amount);
            return;
        }
        uint256 before = IERC20(token).balanceOf(address(this));
        _pull(id, token, account, amount);
        uint256 received = IERC20(token).balanceOf(address(this)) - before;
        if (received != amount) revert TokensWithFeesNotSupported(amount, received);
    }

    /// @dev Moves a token that was born here from an account to this contract.
    function _pull(bytes32 id, address token, address account, uint256 amount) internal virtual;

    /// @dev Undoes `_take`.
    function _give(bytes32 id, address token, address account, uint256 amount) internal {
        if (originChainId[id] == block.chainid) {
            IERC20(token).safeTransfer(account, amount);
        } else {
            BridgedStandardERC20(token).bridgeMint(account, amount);
        }
    }

    /// @dev The token of an asset that arrived; made if it is the first of its kind.
    function _arrivedToken(bytes32 id, BridgeData.Mint memory mint) internal returns (address token) {
        token = tokenAddress[id];
        if (token != address(0)) return token;
        BridgeData.Metadata memory metadata = BridgeData.decodeMetadata(mint.metadata);
        uint256 origin = metadata.originChainId;
        if (origin == block.chainid) revert OriginIsThisChain(origin);
        bytes32 expected = AssetId.native(origin, mint.originToken);
        if (expected != id) revert AssetIdMismatch(expected, id);
        token = Create2.deploy(0, _salt(origin, mint.originToken), _proxyCode());
        _register(id, origin, mint.originToken, token);
        BridgedStandardERC20(token).bridgeInitialize(id, mint.originToken, metadata);
    }

    /// @dev What the other side needs to know of a token.
    function _metadata(bytes32 id, address token) internal view virtual returns (bytes memory) {
        return BridgeData.encodeMetadata(
            BridgeData.Metadata({
                originChainId: originChainId[id],
                name: _ask(token, IERC20Metadata.name.selector),
                symbol: _ask(token, IERC20Metadata.symbol.selector),
                decimals: _ask(token, IERC20Metadata.decimals.selector)
            })
        );
    }

    function _register(bytes32 id, uint256 chainId, address tokenThere, address tokenHere) internal virtual {
        assetId[tokenHere] = id;
        tokenAddress[id] = tokenHere;
        originChainId[id] = chainId;
        originToken[id] = tokenThere;
        emit TokenRegistered(id, chainId, tokenThere, tokenHere);
    }

    /// @dev What a token returned; nothing where it has no such function, which is optional in ERC-20.
    function _ask(address token, bytes4 selector) private view returns (bytes memory returned) {
        bool answered;
        (answered, returned) = token.staticcall(abi.encodePacked(selector));
        if (!answered) delete returned;
    }

    function _salt(uint256 chainId, address token) private pure returns (bytes32) {
        return keccak256(abi.encode(chainId, token));
    }

    function _proxyCode() private view returns (bytes memory) {
        return bytes.concat(type(BeaconProxy).creationCode, abi.encode(address(this), bytes("")));
    }
}
