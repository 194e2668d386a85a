// Writes and verifies logs with the TypeScript SDK of the Agent Governance Toolkit, npm `@microsoft/agent-governance-sdk`.
//
// Usage: node agt_typescript.mjs emit [MAX]   reads {"start": ms or null, "records": [[agentId, action, decision], …]} on stdin and
//                                             prints what `AuditLogger.exportJSON` gives, of a logger that keeps at most MAX entries
//        node agt_typescript.mjs verify       reads one export per line and prints one line for each: `ok`, or why not
//
// COUNTERSIGN_EMITTERS_NODE_MODULES names the folder with the package.

import { createRequire } from "node:module";
import process from "node:process";

const require = createRequire(`${process.env.COUNTERSIGN_EMITTERS_NODE_MODULES}/`);
const { AuditLogger } = require("@microsoft/agent-governance-sdk");

const [task, most] = process.argv.slice(2);
// Reading descriptor 0 at once fails where a pipe is not ready.
process.stdin.setEncoding("utf8");
let input = "";
for await (const chunk of process.stdin) input += chunk;
if (task === "emit") {
  process.stdout.write(emit(JSON.parse(input), most));
} else if (task === "verify") {
  const lines = input.split("\n").filter((line) => line !== "");
  process.stdout.write(lines.map((line) => `${verdict(line)}\n`).join(""));
} else {
  console.error("usage: agt_typescript.mjs emit [MAX]|verify");
  process.exit(2);
}

function emit({ start, records }, maximum) {
  if (start !== null) steadyClock(start);
  const log = new AuditLogger(maximum === undefined ? {} : { maxEntries: Number(maximum) });
  for (const [agentId, action, decision] of records) log.log({ agentId, action, decision });
  if (!log.verify()) throw new Error("the product refuses its own log");
  return log.exportJSON();
}

// The product takes the time of a record from `new Date()`; a sample that can be made again needs it from here.
function steadyClock(start) {
  let now = start;
  globalThis.Date = class extends Date {
    constructor(...given) {
      if (given.length > 0) super(...given);
      else super((now += 1234));
    }
  };
}

// The product has no way to read an export back. Its `verify` reads nothing but the entries, so they are put in its place.
function verdict(text) {
  try {
    const log = new AuditLogger();
    log.entries = JSON.parse(text);
    return log.verify() ? "ok" : "chain broken";
  } catch (error) {
    return `unreadable: ${error.message.split("\n")[0]}`;
  }
}
