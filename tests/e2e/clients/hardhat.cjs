// What a hardhat user's script does: `hardhat run` compiles; deploy, send, read, be refused.
const assert = require("node:assert/strict");
const { ethers, network } = require("hardhat");

async function main() {
  const [signer] = await ethers.getSigners();
  const counter = await ethers.deployContract("Counter", [40n], { value: 5n });
  await counter.waitForDeployment();

  const sent = await counter.increase(2n);
  const receipt = await sent.wait();
  assert.equal(receipt.status, 1);
  assert.equal(await counter.number(), 42n);
  assert.equal(await counter.given(signer.address), 2n);
  assert.equal((await counter.queryFilter("Increased", receipt.blockNumber)).length, 1);
  await assert.rejects(counter.increase(0n), /nothing to add/);
  await assert.rejects(counter.connect(signer).increase(0n, { gasLimit: 100_000 }).then((tx) => tx.wait()));
  assert.match(await network.provider.send("web3_clientVersion"), /^zkhub\//);
  console.log(JSON.stringify({ address: await counter.getAddress(), hash: sent.hash }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
