#!/usr/bin/env node
// Writes artifacts/*.json from what forge compiled, or, with --check, proves that they are what the sources give.
// Run `FOUNDRY_PROFILE=release forge build` first; `make -C contracts artifacts|check` does.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const ARTIFACTS = join(ROOT, "artifacts");

// What is deployed, or called by its ABI: name -> source below src/.
const CONTRACTS = {
  BaseTokenHolder: "l2/BaseTokenHolder.sol",
  BridgedStandardERC20: "bridge/BridgedStandardERC20.sol",
  Bridgehub: "l1/Bridgehub.sol",
  ChainTypeManager: "l1/ChainTypeManager.sol",
  IBatchVerifier: "l1/interfaces/IBatchVerifier.sol",
  IProofParts: "l1/interfaces/IProofParts.sol",
  InteropCenter: "l2/interop/InteropCenter.sol",
  InteropHandler: "l2/interop/InteropHandler.sol",
  L1AssetRouter: "l1/bridge/L1AssetRouter.sol",
  L1Messenger: "l2/L1Messenger.sol",
  L1NativeTokenVault: "l1/bridge/L1NativeTokenVault.sol",
  L1Nullifier: "l1/bridge/L1Nullifier.sol",
  L2AssetRouter: "l2/L2AssetRouter.sol",
  L2BaseToken: "l2/L2BaseToken.sol",
  L2Bridgehub: "l2/L2Bridgehub.sol",
  L2InteropRootStorage: "l2/L2InteropRootStorage.sol",
  L2MessageVerification: "l2/interop/L2MessageVerification.sol",
  L2NativeTokenVault: "l2/L2NativeTokenVault.sol",
  MessageRoot: "l1/MessageRoot.sol",
  SystemContext: "l2/SystemContext.sol",
  TestToken: "dev/TestToken.sol",
  UnprovenVerifier: "l1/verifier/UnprovenVerifier.sol",
  ValidatorTimelock: "l1/ValidatorTimelock.sol",
  ZKChain: "l1/chain/ZKChain.sol",
};

/** The committed form of a contract: what callers need, and nothing that differs between machines. */
function artifactOf(name, source) {
  const compiled = JSON.parse(readFileSync(join(ROOT, "out", "release", source.split("/").at(-1), `${name}.json`), "utf8"));
  const storage = compiled.storageLayout?.storage ?? [];
  const content = {
    contractName: name,
    source: `src/${source}`,
    abi: compiled.abi,
    bytecode: compiled.bytecode.object,
    deployedBytecode: compiled.deployedBytecode.object,
    methodIdentifiers: compiled.methodIdentifiers ?? {},
    storageLayout: storage.map(({ label, offset, slot, type }) => ({ label, offset, slot: Number(slot), type: plain(type) })),
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/** A storage type without the numbers of syntax nodes, which change with every unrelated source. */
function plain(type) {
  return type.replace(/\)\d+_/g, ")_");
}

const check = process.argv.includes("--check");
const wrong = [];
mkdirSync(ARTIFACTS, { recursive: true });
for (const [name, source] of Object.entries(CONTRACTS)) {
  const path = join(ARTIFACTS, `${name}.json`);
  const fresh = artifactOf(name, source);
  if (check) {
    if (!existsSync(path) || readFileSync(path, "utf8") !== fresh) wrong.push(name);
  } else {
    writeFileSync(path, fresh);
  }
}
for (const file of readdirSync(ARTIFACTS)) {
  if (file.replace(/\.json$/, "") in CONTRACTS) continue;
  if (check) wrong.push(file);
  else rmSync(join(ARTIFACTS, file));
}
if (wrong.length > 0) {
  console.error(`contracts/artifacts differ from the sources: ${wrong.join(", ")}. Run: make -C contracts artifacts`);
  process.exit(1);
}
console.log(`${Object.keys(CONTRACTS).length} artifacts ${check ? "match their sources" : "written"}`);
