/** `examples/proxy.ts` before MCP servers in Python and in Go: needs python3 with venv, and go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { callThroughProxy } from "./proxied.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = await Deno.makeTempDir();

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    cwd: here,
    env: { GOFLAGS: "-mod=readonly" },
    stdout: "null",
  }).output();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
}

test.after(() => Deno.remove(folder, { recursive: true }));

test("examples/proxy.ts tells a Python server who calls, and not the token", async () => {
  await run("python3", "-m", "venv", folder);
  await run(`${folder}/bin/pip`, "install", "--quiet", "mcp==2.3.0");
  const { user, texts } = await callThroughProxy({
    program: `${folder}/bin/python`,
    args: (port) => [`${here}/server.py`, `${port}`],
  });
  assert.deepEqual(texts, [`${user.id} None`, `${user.id} None`]);
});

test("examples/proxy.ts tells a Go server who calls, and not the token", async () => {
  await run("go", "build", "-o", `${folder}/server`, ".");
  const { user, texts } = await callThroughProxy({
    program: `${folder}/server`,
    args: (port) => [`${port}`],
  });
  assert.deepEqual(texts, [`${user.id} None`, `${user.id} None`]);
});
