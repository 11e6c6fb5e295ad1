// Validates contracts/asyncapi.json with the official parser, installed once into a cache outside the checkout.
// Exit: 0 valid, 1 invalid (each finding printed), 3 the parser could not be had.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const PARSER = "@asyncapi/parser@3.6.3";
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "throughline", "asyncapi-parser-3.6.3");
const file = process.argv[2] ?? "contracts/asyncapi.json";

if (!existsSync(join(cache, "node_modules", "@asyncapi", "parser"))) {
  mkdirSync(cache, { recursive: true });
  const npm = spawnSync("npm", ["install", "--prefix", cache, "--ignore-scripts", "--no-audit", "--no-fund", PARSER], { stdio: "pipe", timeout: 180_000 });
  if (npm.status !== 0) {
    console.error(`NOT CHECKED: ${PARSER} could not be installed by npm`);
    process.exit(3);
  }
}

const { Parser } = createRequire(join(cache, "index.js"))("@asyncapi/parser");
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf-8"), { source: file });
for (const found of diagnostics) {
  console.log(["error", "warning", "info", "hint"][found.severity], found.path.join("/"), found.message);
}
console.log(document ? `${file} is valid AsyncAPI ${document.version()}` : `${file} is not valid AsyncAPI`);
process.exit(document && !diagnostics.some((found) => found.severity === 0) ? 0 : 1);
