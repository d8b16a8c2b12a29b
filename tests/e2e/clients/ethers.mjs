// What an ethers user does, with an unmodified ethers: deploy, send, read, listen, be refused.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Contract, ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider, parseEther } from "ethers";

const { RPC_URL, WS_URL, KEY, ARTIFACT } = process.env;
const { abi, bytecode } = JSON.parse(readFileSync(ARTIFACT, "utf8"));
const provider = new JsonRpcProvider(RPC_URL, undefined, { polling: true, pollingInterval: 100, cacheTimeout: -1 });
const socket = new WebSocketProvider(WS_URL);
const wallet = new Wallet(KEY, provider);

const heads = [];
await socket.on("block", (number) => heads.push(number));
const pooled = [];
await socket.on("pending", (hash) => pooled.push(hash));

const counter = await new ContractFactory(abi, bytecode, wallet).deploy(40n, { value: 5n });
await counter.waitForDeployment();
const address = await counter.getAddress();
assert.equal(await provider.getBalance(address), 5n);

const overSocket = [];
const listening = new Contract(address, abi, socket);
await listening.on("Increased", (by, amount, number) => overSocket.push(number));
const overHttp = [];
await counter.on("Increased", (by, amount, number) => overHttp.push(number));
await new Promise((done) => setTimeout(done, 300));

assert.equal(await counter.increase.staticCall(2n), 42n);
const sent = await counter.increase(2n);
const receipt = await sent.wait();
assert.equal(receipt.status, 1);
assert.equal(await counter.number(), 42n);
assert.equal((await provider.getTransaction(sent.hash)).blockNumber, receipt.blockNumber);
const block = await provider.getBlock(receipt.blockNumber, true);
assert.ok(block.prefetchedTransactions.some((each) => each.hash === sent.hash));
assert.equal((await counter.queryFilter("Increased", receipt.blockNumber)).length, 1);

// Many at once: nonces, one batch array for several requests.
const next = await wallet.getNonce();
const many = await Promise.all([...Array(10).keys()].map((at) => counter.increase(1n, { nonce: next + at, gasLimit: 100_000 })));
const receipts = await Promise.all(many.map((each) => each.wait()));
assert.ok(receipts.every((each) => each.status === 1));
assert.equal(await counter.number(), 52n);

await assert.rejects(counter.increase(0n), (error) => error.code === "CALL_EXCEPTION" && error.reason === "nothing to add");
await assert.rejects(
  counter.connect(new Wallet(`0x${"42".repeat(32)}`, provider)).reset.staticCall(),
  (error) => error.revert?.name === "NotOwner",
);
await assert.rejects(wallet.sendTransaction({ to: address, value: parseEther("1000000") }), { code: "INSUFFICIENT_FUNDS" });
await assert.rejects(wallet.sendTransaction({ to: wallet.address, nonce: 0, gasLimit: 21_000 }), { code: "NONCE_EXPIRED" });
const failing = await counter.increase(0n, { gasLimit: 100_000 });
await assert.rejects(failing.wait(), (error) => error.code === "CALL_EXCEPTION" && error.receipt.status === 0);

const fees = await provider.getFeeData();
assert.ok(fees.gasPrice > 0n && fees.maxFeePerGas > fees.maxPriorityFeePerGas);
assert.ok((await provider.getBlock("finalized")).number >= 0);

await new Promise((done) => setTimeout(done, 600));
assert.ok(heads.length >= 3, `${heads.length} heads`);
assert.ok(pooled.includes(sent.hash));
assert.deepEqual(overSocket.slice(0, 2), [42n, 43n]);
assert.deepEqual(overHttp.slice(0, 2), [42n, 43n]);
console.log(JSON.stringify({ address, hash: sent.hash, heads: heads.length }));
process.exit(0);
