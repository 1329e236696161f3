import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { resolveOptions } from "../../src/options/resolve_options.ts";
import { blocks } from "../support/guides.ts";
import { ACTIVE, createHarness, json, OPTIONS } from "../support/harness.ts";
import { root } from "../support/root.ts";

// Prose rots where nothing reads it: what the papers claim is compared with what is. The code blocks
// are type-checked by `deno task check`.

const readme = readFileSync(new URL("README.md", root), "utf8");
const papers = readdirSync(new URL(".github/", root)).filter((name) => name.endsWith(".md"));

/** The cells of the table whose first heading is given. */
function table(heading: string): string[][] {
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => new RegExp(`^\\| ${heading} +\\|`).test(line));
  assert(start >= 0, `the README has no table of ${heading}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
}

test("README.md lists every option that there is, with its default", () => {
  const resolved: Record<string, unknown> = { ...resolveOptions(OPTIONS) };
  const defaults = new Map(
    table("option").map(([name = "", given = ""]) => [name.slice(1, -1), given]),
  );
  const introspection = [
    "cacheTtlSeconds",
    "maxCacheSize",
    "timeoutSeconds",
    "staleIfErrorSeconds",
    "maxConcurrentIntrospections",
  ];
  for (const name of introspection) {
    assert.equal(defaults.get(name), String(resolved[name]));
  }
  for (const name of ["forwardAuthorizationServerMetadata", "dangerouslyAllowAnyAudience"]) {
    assert.equal(defaults.get(name), String(resolved[name]));
  }
  assert.equal(defaults.get("mcpPath"), `\`${resolved["mcpPath"]}\``);
  const unknown = { ...OPTIONS, unknown: 1 };
  assert.throws(() => resolveOptions(unknown), (error: Error) => {
    const known = / one of (.+): received/.exec(error.message)?.[1]?.split(", ") ?? [];
    const overrides = [...introspection, "fetch"];
    assert.deepEqual([...defaults.keys()].sort(), [...known, ...overrides].sort());
    return true;
  });
});

test("README.md shows what a client sees as it is", async () => {
  const { auth } = createHarness(
    { requiredScopes: ["read:user_data"] },
    () => json({ ...ACTIVE, scope: "" }),
  );
  const handler = auth.handler(() => new Response("unreachable"));
  const exchanges = blocks("README.md", "http");
  assert.equal(exchanges.length, 2);
  for (const exchange of exchanges) {
    const [request = "", response = "", body = ""] = exchange.split("\n\n");
    const [start = "", ...fields] = request.split("\n");
    const [method = "", path = ""] = start.split(" ");
    const headers = new Headers(fields.map((field): [string, string] => {
      const [name = "", value = ""] = field.split(": ");
      return [name, value.replace("...", "")];
    }));
    const url = `https://mcp.example.com${path}`;
    const actual = await handler(new Request(url, { method, headers }));
    const [status = "", ...expected] = response.trim().split("\n");
    assert.equal(Number(status.split(" ")[1]), actual.status);
    assert.deepEqual([...actual.headers].map(([name, value]) => `${name}: ${value}`), expected);
    assert.equal(await actual.text(), body.trim());
  }
});

test("README.md is short, and its server too", () => {
  assert(readme.split("\n").length <= 252);
  const server = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  assert(server.split("\n").length < 25);
});

for (const paper of ["README.md", ...papers.map((name) => `.github/${name}`)]) {
  test(`${paper} names no path that is not there`, () => {
    const text = readFileSync(new URL(paper, root), "utf8");
    const base = new URL(paper, root);
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, to = ""]) =>
      new URL(to, base)
    );
    const named = [...text.matchAll(/`((?:src|tests|local|examples|bench|docs)(?:\/[\w./-]+)?)`/g)]
      .map(([, path = ""]) => new URL(path, root));
    for (const url of [...links, ...named]) assert(existsSync(url), url.pathname);
  });
}
