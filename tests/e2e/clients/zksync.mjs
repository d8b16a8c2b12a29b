// What a zksync-ethers user does on the L2 side: its own transaction type, batches, messages, finality.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ContractFactory, Interface, getBytes, keccak256, toUtf8Bytes } from "ethers";
import { Provider, Wallet } from "zksync-ethers";

const { RPC_URL, KEY, ARTIFACT } = process.env;
const { abi, bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8"));
const provider = new Provider(RPC_URL);
const wallet = new Wallet(KEY, provider);
const stranger = "0x000000000000000000000000000000000000dEaD";

// The balance is asked for at the block tag "committed".
assert.ok((await wallet.getBalance()) > 0n);
assert.equal(Number(await provider.getL1BatchNumber()) >= 0, true);
assert.equal(Number(await provider.getGasPerPubdata()), 800);
assert.ok(await provider.getFeeParams());
assert.ok((await provider.estimateFee({ from: wallet.address, to: stranger, value: 1n })).gasLimit >= 21_000n);

// Type 0x71 is what it sends unless told otherwise.
const own = await wallet.transfer({ to: stranger, amount: 5n });
const ownReceipt = await own.wait();
assert.equal(ownReceipt.status, 1);
assert.equal((await provider.getTransaction(own.hash)).type, 0x71);
const plain = await wallet.sendTransaction({ to: stranger, value: 1n, type: 2 });
assert.equal((await plain.wait()).type, 2);

const counter = await new ContractFactory(abi, bytecode, wallet).deploy(40n, { type: 2 });
await counter.waitForDeployment();
const address = await counter.getAddress();
await (await counter.increase(2n)).wait();
assert.equal(await counter.number(), 42n);

// A message to L1, and its proof once its batch is executed there.
const messenger = new Interface(["function sendToL1(bytes) returns (bytes32)"]);
const message = toUtf8Bytes("a word from the chain");
const sent = await wallet.sendTransaction({
  to: "0x0000000000000000000000000000000000008008",
  data: messenger.encodeFunctionData("sendToL1", [message]),
});
await sent.waitFinalize();
const receipt = await provider.getTransactionReceipt(sent.hash);
assert.equal(receipt.l2ToL1Logs[0].value, keccak256(message));
assert.ok(receipt.l1BatchNumber >= 1);
const proof = await provider.getLogProof(sent.hash, 0);
assert.equal(proof.proof.length, 16);
assert.equal(getBytes(proof.proof[0])[0], 1);
const details = await provider.getTransactionDetails(sent.hash);
assert.equal(details.status, "verified");
const batch = await provider.getL1BatchDetails(receipt.l1BatchNumber);
assert.equal(batch.status, "verified");
const [first, last] = await provider.getL1BatchBlockRange(receipt.l1BatchNumber);
assert.ok(first <= receipt.blockNumber && receipt.blockNumber <= last);
assert.equal((await provider.getBlockDetails(receipt.blockNumber)).number, receipt.blockNumber);
assert.equal((await provider.getRawBlockTransactions(receipt.blockNumber)).length >= 1, true);
console.log(JSON.stringify({ address, hash: sent.hash, batch: receipt.l1BatchNumber }));
process.exit(0);
