// Adds a program to a packed package, since `deno pack` writes no `bin`: a file of three lines that
// calls an exported function with the arguments.
//
// Usage: node .ci/add_bin.mjs TARBALL NAME MODULE FUNCTION
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [tarball, name, module, run] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "bin-"));
try {
  execFileSync("tar", ["-xzf", resolve(tarball), "-C", folder]);
  const file = join(folder, "package/package.json");
  const description = JSON.parse(readFileSync(file, "utf8"));
  // Without ./, which npm would take away with a warning when the package is published.
  const bin = `${name}.js`;
  writeFileSync(file, JSON.stringify({ ...description, bin: { [name]: bin } }, null, 2));
  const program = join(folder, "package", bin);
  writeFileSync(
    program,
    `#!/usr/bin/env node
import { ${run} } from "./${module}";
process.exitCode = await ${run}(process.argv.slice(2));
`,
  );
  chmodSync(program, 0o755);
  execFileSync("tar", [
    "--sort=name",
    "--mtime=@0",
    "-czf",
    resolve(tarball),
    "-C",
    folder,
    "package",
  ]);
} finally {
  rmSync(folder, { recursive: true });
}
