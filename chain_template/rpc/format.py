"""From what the store holds to what clients read: the one place that knows the JSON shapes.

A chain that settles on an L1 shows ZK Stack's extra fields; an L1 shows plain Ethereum. All numbers are hex strings:
a JSON 0 is falsy, and both ZK clients then lose it.
"""

from typing import Any

from chain_template.headers import BlockHeader
from chain_template.receipts import L2ToL1Log, Log
from chain_template.store.records import StoredBlock, StoredLog, StoredReceipt, TransactionPosition
from chain_template.transactions.types import ACCESS_LIST_TYPE, EIP712_TYPE, LEGACY_TYPE, Transaction

Json = dict[str, Any]


def hexstr(data: bytes) -> str:
    """Bytes as ``0x`` hex."""
    return "0x" + data.hex()


def optional_hex(value: int | None) -> str | None:
    """A quantity, or null."""
    return None if value is None else hex(value)


def word(value: int) -> str:
    """A 32-byte value with all its zeros."""
    return f"0x{value:064x}"


def header_json(header: BlockHeader) -> Json:
    """A header as ``newHeads`` sends it."""
    return {
        "number": hex(header.number),
        "hash": hexstr(header.hash),
        "parentHash": hexstr(header.parent_hash),
        "nonce": hexstr(header.nonce),
        "mixHash": hexstr(header.mix_hash),
        "sha3Uncles": hexstr(header.ommers_hash),
        "logsBloom": hexstr(header.logs_bloom),
        "transactionsRoot": hexstr(header.transactions_root),
        "stateRoot": hexstr(header.state_root),
        "receiptsRoot": hexstr(header.receipts_root),
        "miner": hexstr(header.coinbase),
        "difficulty": hex(header.difficulty),
        "totalDifficulty": "0x0",
        "extraData": hexstr(header.extra_data),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "withdrawalsRoot": hexstr(header.withdrawals_root),
        "blobGasUsed": hex(header.blob_gas_used),
        "excessBlobGas": hex(header.excess_blob_gas),
        "parentBeaconBlockRoot": hexstr(header.parent_beacon_block_root),
    }


def block_json(block: StoredBlock, *, full: bool, zk: Json | None) -> Json:
    """A block.

    Args:
        block: The block.
        full: Whole transactions instead of their hashes.
        zk: ZK Stack's extra fields; None on an L1.
    """
    shown = header_json(block.header)
    shown["size"] = hex(block.size)
    shown["uncles"] = []
    shown["withdrawals"] = []
    if full:
        positions = (block_position(block, index) for index in range(len(block.transactions)))
        shown["transactions"] = [
            transaction_json(tx, position, block.header, zk=zk is not None)
            for tx, position in zip(block.transactions, positions, strict=True)
        ]
    else:
        shown["transactions"] = [hexstr(tx_hash) for tx_hash in block.transaction_hashes]
    if zk is not None:
        shown.update(zk)
    return shown


def block_position(block: StoredBlock, index: int) -> TransactionPosition:
    """Where the block's transaction ``index`` stands."""
    first = block.first_tx_in_batch
    return TransactionPosition(
        block_number=block.header.number,
        block_hash=block.hash,
        tx_index=index,
        batch_number=block.batch_number,
        tx_number_in_batch=None if first is None else first + index,
    )


def transaction_json(
    tx: Transaction, position: TransactionPosition | None, header: BlockHeader | None, *, zk: bool
) -> Json:
    """A transaction, in a block or (both None) still in the pool.

    An L1 operation has no signature; clients want the members all the same, so they are zero.
    """
    price = tx.max_fee_per_gas if header is None else tx.effective_gas_price(header.base_fee_per_gas)
    shown: Json = {
        "hash": hexstr(tx.hash),
        "type": hex(tx.type),
        "from": hexstr(tx.sender),
        "to": None if tx.to is None else hexstr(tx.to),
        "nonce": hex(tx.nonce),
        "gas": hex(tx.gas_limit),
        "gasPrice": hex(price),
        "value": hex(tx.value),
        "input": hexstr(tx.data),
        "blockHash": None if position is None else hexstr(position.block_hash),
        "blockNumber": None if position is None else hex(position.block_number),
        "transactionIndex": None if position is None else hex(position.tx_index),
    }
    if tx.chain_id is not None:
        shown["chainId"] = hex(tx.chain_id)
    if tx.type not in (LEGACY_TYPE, ACCESS_LIST_TYPE):
        shown["maxFeePerGas"] = hex(tx.max_fee_per_gas)
        shown["maxPriorityFeePerGas"] = hex(tx.max_priority_fee_per_gas)
    if tx.signature is not None and tx.type not in (LEGACY_TYPE, EIP712_TYPE):
        shown["accessList"] = [
            {"address": hexstr(entry.address), "storageKeys": [word(slot) for slot in entry.slots]}
            for entry in tx.access_list
        ]
    shown.update(_signature(tx))
    if zk:
        shown["l1BatchNumber"] = optional_hex(None if position is None else position.batch_number)
        shown["l1BatchTxIndex"] = optional_hex(None if position is None else position.tx_number_in_batch)
    return shown


def _signature(tx: Transaction) -> Json:
    signature = tx.signature
    if signature is None:
        return {"v": "0x0", "r": "0x0", "s": "0x0", "yParity": "0x0"}
    shown = {"v": hex(signature.y_parity), "r": hex(signature.r), "s": hex(signature.s)}
    if tx.type == LEGACY_TYPE:
        shown["v"] = hex(signature.y_parity + (27 if tx.chain_id is None else 35 + 2 * tx.chain_id))
    else:
        shown["yParity"] = hex(signature.y_parity)
    return shown


def receipt_json(stored: StoredReceipt, *, zk: bool) -> Json:
    """A receipt with its logs; ``zk`` adds batch numbers and L2→L1 logs, without which viem's ZK formatter throws."""
    tx, receipt = stored.transaction, stored.receipt
    shown: Json = {
        "transactionHash": hexstr(tx.hash),
        "transactionIndex": hex(stored.tx_index),
        "blockHash": hexstr(stored.block_hash),
        "blockNumber": hex(stored.block_number),
        "from": hexstr(tx.sender),
        "to": None if tx.to is None else hexstr(tx.to),
        "cumulativeGasUsed": hex(receipt.cumulative_gas_used),
        "gasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(receipt.effective_gas_price),
        "contractAddress": None if receipt.contract_address is None else hexstr(receipt.contract_address),
        "logs": [_receipt_log(stored, index, log, zk=zk) for index, log in enumerate(receipt.logs)],
        "logsBloom": hexstr(receipt.logs_bloom),
        "status": hex(receipt.status),
        "type": hex(receipt.type),
    }
    if zk:
        shown["l1BatchNumber"] = optional_hex(stored.batch_number)
        shown["l1BatchTxIndex"] = optional_hex(stored.tx_number_in_batch)
        shown["l2ToL1Logs"] = [_l2_to_l1_log(stored, i, log) for i, log in enumerate(stored.l2_to_l1_logs)]
    return shown


def _receipt_log(stored: StoredReceipt, index: int, log: Log, *, zk: bool) -> Json:
    shown: Json = {
        "address": hexstr(log.address),
        "topics": [hexstr(topic) for topic in log.topics],
        "data": hexstr(log.data),
        "blockHash": hexstr(stored.block_hash),
        "blockNumber": hex(stored.block_number),
        "transactionHash": hexstr(stored.transaction.hash),
        "transactionIndex": hex(stored.tx_index),
        "logIndex": hex(stored.first_log_index + index),
        "removed": False,
    }
    if zk:
        shown["transactionLogIndex"] = hex(index)
        shown["l1BatchNumber"] = optional_hex(stored.batch_number)
        shown["logType"] = None
    return shown


def _l2_to_l1_log(stored: StoredReceipt, index: int, log: L2ToL1Log) -> Json:
    return {
        "blockHash": hexstr(stored.block_hash),
        "blockNumber": hex(stored.block_number),
        "l1BatchNumber": optional_hex(stored.batch_number),
        "logIndex": hex(index),
        "transactionIndex": hex(stored.tx_index),
        "transactionHash": hexstr(stored.transaction.hash),
        "transactionLogIndex": hex(index),
        "txIndexInL1Batch": optional_hex(stored.tx_number_in_batch),
        "shardId": "0x0",
        "isService": log.is_service,
        "sender": hexstr(log.sender),
        "key": hexstr(log.key),
        "value": hexstr(log.value),
    }


def log_json(log: StoredLog, *, zk: bool, removed: bool = False) -> Json:
    """A log found by a filter or sent to a subscription."""
    shown: Json = {
        "address": hexstr(log.address),
        "topics": [hexstr(topic) for topic in log.topics],
        "data": hexstr(log.data),
        "blockHash": hexstr(log.block_hash),
        "blockNumber": hex(log.block_number),
        "transactionHash": hexstr(log.transaction_hash),
        "transactionIndex": hex(log.transaction_index),
        "logIndex": hex(log.log_index),
        "removed": removed,
    }
    if zk:
        shown["l1BatchNumber"] = optional_hex(log.batch_number)
    return shown
