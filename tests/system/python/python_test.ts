/**
 * The Python of docs/migrate.md, checked by pyright against what FastMCP takes, and the guide's table
 * of options against the same. Needs what `.ci/tools` installs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { block, GUIDES } from "../../support/guides.ts";

const pyright = fileURLToPath(
  new URL("../../../.ci/tools/node_modules/pyright/index.js", import.meta.url),
);
const typings = fileURLToPath(new URL("typings/", import.meta.url));

interface Report {
  readonly generalDiagnostics: readonly { readonly rule?: string; readonly message: string }[];
  readonly summary: { readonly filesAnalyzed: number };
}

/** The report of pyright about a module. */
async function check(source: string): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "python-"));
  try {
    await writeFile(join(folder, "server.py"), source);
    const config = {
      include: ["server.py"],
      stubPath: typings,
      typeCheckingMode: "strict",
      // FastMCP itself is not there.
      reportMissingModuleSource: false,
    };
    await writeFile(join(folder, "pyrightconfig.json"), JSON.stringify(config));
    const report = await new Promise<string>((resolve) => {
      // It ends with 1 when it has something to say.
      execFile("node", [pyright, "--outputjson", "--project", folder], (_error, stdout) => {
        resolve(stdout);
      });
    });
    return JSON.parse(report);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const SOURCE = block("migrate.md", "python");

test("the Python of docs/migrate.md is what FastMCP takes", async () => {
  const { generalDiagnostics, summary } = await check(SOURCE);
  assert.equal(summary.filesAnalyzed, 1);
  assert.deepEqual(generalDiagnostics, []);
});

test("pyright finds a parameter that FastMCP does not take", async () => {
  const { generalDiagnostics } = await check(SOURCE.replace("auth_url=", "issuer="));
  assert.deepEqual(
    generalDiagnostics.map(({ rule }) => rule).filter((rule) => rule === "reportCallIssue"),
    ["reportCallIssue", "reportCallIssue"],
  );
});

test("docs/migrate.md has a row for every parameter", async () => {
  const stub = await readFile(
    join(typings, "fastmcp/server/auth/providers/propelauth.pyi"),
    "utf8",
  );
  const taken = [...stub.matchAll(/^ {4,8}(\w+): /gm)].map(([, name = ""]) => name);
  assert.equal(taken.length, 14);
  const told = [...(GUIDES.get("migrate.md") ?? "").matchAll(/^\| `(?:… )?(\w+)`/gm)]
    .map(([, name = ""]) => name);
  for (const name of taken) assert(told.includes(name), name);
});
