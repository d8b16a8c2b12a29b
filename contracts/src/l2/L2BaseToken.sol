// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    IMailboxImpl
} from "@matterlabs/zksync-contracts/contracts/l1-contracts/state-transition/chain-interfaces/IMailboxImpl.sol";
import {BASE_TOKEN_HOLDER, L1_MESSENGER, L2_NATIVE_TOKEN_VAULT, SystemContract} from "./SystemContract.sol";
import {L1Messenger} from "./L1Messenger.sol";

/// @title Door of the base token (0x800a)
/// @notice The base token is the chain's native balance. What leaves the chain goes to the holder; what comes from L1
/// is moved out of the holder by the protocol when it executes a priority operation. Messages as in ZK Stack.
contract L2BaseToken is SystemContract {
    /// @notice All base token there can ever be: what the holder owns at genesis, in wei.
    uint256 public constant SUPPLY_BOUND = 2 ** 127 - 1;

    /// @notice Name of the base token; written by the genesis (slot 0).
    string public name;
    /// @notice Symbol of the base token; written by the genesis (slot 1).
    string public symbol;

    /// @notice Base token left for L1.
    event Withdrawal(address indexed _l2Sender, address indexed _l1Receiver, uint256 _amount);

    /// @notice Base token left for L1 with a message to its receiver.
    event WithdrawalWithMessage(
        address indexed _l2Sender, address indexed _l1Receiver, uint256 _amount, bytes _additionalData
    );

    /// @notice Nothing was sent along to withdraw.
    error NothingToWithdraw();
    /// @notice The receiver on L1 is the zero address, from which nothing comes back.
    error ReceiverIsZero();
    /// @notice The holder did not take the value.
    error HolderRefused(uint256 amount);

    /// @notice Withdraws the value sent along to L1.
    /// @param _l1Receiver Who receives it there.
    function withdraw(address _l1Receiver) external payable {
        _burn();
        _requireReceiver(_l1Receiver);
        _sendToL1(_withdrawalMessage(_l1Receiver));
        emit Withdrawal(msg.sender, _l1Receiver, msg.value);
    }

    /// @notice Withdraws the value sent along to L1, with data for its receiver.
    /// @param _l1Receiver Who receives it there.
    /// @param _additionalData Data for the receiver.
    function withdrawWithMessage(address _l1Receiver, bytes calldata _additionalData) external payable {
        _burn();
        _requireReceiver(_l1Receiver);
        _sendToL1(abi.encodePacked(_withdrawalMessage(_l1Receiver), msg.sender, _additionalData));
        emit WithdrawalWithMessage(msg.sender, _l1Receiver, msg.value, _additionalData);
    }

    /// @notice Takes the value sent along off the chain; it leaves for another chain. Only the vault may.
    function burnMsgValue() external payable {
        _requireCaller(L2_NATIVE_TOKEN_VAULT);
        _burn();
    }

    /// @notice Base token on the chain: what L1 holds for it, in wei.
    function totalSupply() external view returns (uint256) {
        return SUPPLY_BOUND - BASE_TOKEN_HOLDER.balance;
    }

    /// @notice Balance of an account, in wei.
    function balanceOf(address account) external view returns (uint256) {
        return account.balance;
    }

    /// @notice Balance of an account, in wei; ZK Stack's form of the question.
    function balanceOf(uint256 account) external view returns (uint256) {
        // A word that is no address has no balance.
        return account > type(uint160).max ? 0 : address(uint160(account)).balance;
    }

    /// @notice Decimals of the base token.
    function decimals() external pure returns (uint8) {
        return 18;
    }

    function _requireReceiver(address _l1Receiver) private pure {
        if (_l1Receiver == address(0)) revert ReceiverIsZero();
    }

    function _burn() private {
        if (msg.value == 0) revert NothingToWithdraw();
        (bool taken,) = BASE_TOKEN_HOLDER.call{value: msg.value}("");
        if (!taken) revert HolderRefused(msg.value);
    }

    function _withdrawalMessage(address _l1Receiver) private view returns (bytes memory) {
        return abi.encodePacked(IMailboxImpl.finalizeEthWithdrawal.selector, _l1Receiver, msg.value);
    }

    function _sendToL1(bytes memory message) private {
        L1Messenger(L1_MESSENGER).sendToL1(message);
    }
}
