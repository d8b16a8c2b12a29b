// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Keeps the sessions of a verifier and checks nothing else: for tests of who hands the parts in. A part is its number
/// (u16), how many there are (u16), and whatever bytes a test likes; it belongs to the part before it if those begin
/// with the same four bytes, as the parts of one proof do.
contract CountingVerifier {
    error AlreadyVerified(bytes32 programId, bytes32 publicInput);
    error UnexpectedPart(uint256 expected, uint256 given);
    error PartOfAnotherProof();
    error ProofRefused();

    event PartVerified(address indexed sender, bytes32 indexed programId, bytes32 indexed publicInput, uint256 number);
    event ProofVerified(address indexed sender, bytes32 indexed programId, bytes32 indexed publicInput);

    struct Session {
        uint256 accepted;
        bytes32 state;
    }

    mapping(bytes32 fact => bool) private _facts;
    mapping(bytes32 key => Session) private _sessions;

    function verifyPart(bytes32 programId, bytes32 publicInput, bytes calldata part) external {
        bytes32 fact = keccak256(abi.encodePacked(programId, publicInput));
        if (_facts[fact]) revert AlreadyVerified(programId, publicInput);
        bytes32 key = keccak256(abi.encodePacked(msg.sender, programId, publicInput));
        uint256 number = uint16(bytes2(part[0:2]));
        bytes32 proof = keccak256(part[4:8]);
        if (bytes4(part[4:8]) == 0xdeadbeef) revert ProofRefused();
        if (number == 0) {
            delete _sessions[key];
        } else if (number != _sessions[key].accepted) {
            revert UnexpectedPart(_sessions[key].accepted, number);
        } else if (_sessions[key].state != proof) {
            revert PartOfAnotherProof();
        }
        _sessions[key] = Session(number + 1, proof);
        emit PartVerified(msg.sender, programId, publicInput, number);
        if (number + 1 == uint16(bytes2(part[2:4]))) {
            delete _sessions[key];
            _facts[fact] = true;
            emit ProofVerified(msg.sender, programId, publicInput);
        }
    }

    function progress(address sender, bytes32 programId, bytes32 publicInput)
        external
        view
        returns (uint256 accepted, bytes32 state)
    {
        Session storage session = _sessions[keccak256(abi.encodePacked(sender, programId, publicInput))];
        return (session.accepted, session.state);
    }

    function isVerified(bytes32 programId, bytes32 publicInput) external view returns (bool) {
        return _facts[keccak256(abi.encodePacked(programId, publicInput))];
    }

    function developmentOnly() external pure returns (bool) {
        return false;
    }
}
