/** The servers of `examples/audit/`, each a process: the calls in their files when they are ended. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as sdk from "@modelcontextprotocol/client";
import type { CallEvent } from "@x/propelauth-mcp/audit";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { createFileLog } from "../../examples/audit/file.ts";
import { mcp } from "../../examples/audit/mcp_server.ts";
import { command } from "../support/guides.ts";
import { listUserIds, mintToken, openLocal, startProgram } from "./frameworks.ts";

await openLocal();

const onDeno = /\.ts$/.test(import.meta.url);
const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../${file}${onDeno ? ".ts" : ".js"}`, import.meta.url));

/** The arguments of the runtime: on Deno with the permissions of the guide, for a file. */
function argsFor(program: string, file: string): string[] {
  if (!onDeno) return [pathOf(program)];
  const args = command("audit.md", "deno run ").replaceAll("calls.jsonl", file).split(" ");
  return [...args.slice(1, -1), "--no-prompt", pathOf(program)];
}

/** Calls a tool with several clients at once, until the server is gone. */
async function startLoad(resource: string, clients: number, enough: number) {
  const answered: string[] = [];
  let onEnough = (): void => {};
  const begun = new Promise<void>((resolve) => onEnough = resolve);

  async function callAgain(client: sdk.Client, name: string): Promise<void> {
    for (let call = 0;; call++) {
      const id = `${name}-${call}`;
      try {
        await client.callTool({ name: "read_report", arguments: { id } });
      } catch (error) {
        // The queue is full.
        if (/Calls cannot be recorded now/.test(String(error))) continue;
        return;
      }
      if (answered.push(id) === enough) onEnough();
    }
  }

  const loops = Array.from({ length: clients }, async (_, index) => {
    const [userId = ""] = listUserIds();
    const headers = { Authorization: `Bearer ${await mintToken(resource, userId)}` };
    const client = new sdk.Client({ name: "test", version: "1.0.0" });
    const url = new URL(resource);
    await client.connect(new sdk.StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    await Promise.all(["a", "b", "c"].map((name) => callAgain(client, `${index}${name}`)));
    await client.close().catch(() => {});
  });
  const ended = Promise.all(loops);
  await Promise.race([begun, ended]);
  assert(answered.length >= enough, "the clients gave up");
  return { answered, ended };
}

/** Ends a server under load. Returns the ids of the calls that were answered, and the file's lines. */
async function endUnderLoad(program: string, signal: "SIGTERM" | "SIGKILL", enough: number) {
  const folder = await mkdtemp(join(tmpdir(), "audit-"));
  const file = join(folder, "calls.jsonl");
  try {
    const env = { AUDIT_FILE: file };
    const server = await startProgram(process.execPath, () => argsFor(program, file), env);
    try {
      const { answered, ended } = await startLoad(`${server.origin}/mcp`, 4, enough);
      await server.end(signal);
      await ended;
      const lines = (await readFile(file, "utf8")).split("\n");
      return { answered, lines, printed: server.printed() };
    } finally {
      await server.end("SIGKILL");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The ids of the tool calls that lines record; throws when a line is there twice. */
function idsOf(lines: readonly string[]): Set<unknown> {
  const events = lines.map((line): CallEvent => JSON.parse(line));
  assert.equal(new Set(events.map(({ eventId }) => eventId)).size, events.length);
  const calls = events.filter(({ method }) => method === "tools/call");
  const ids = new Set(calls.map((call) => call.arguments?.["id"]));
  assert.equal(ids.size, calls.length);
  return ids;
}

for (const program of onDeno ? ["deno_serve", "node_http"] : ["node_http"]) {
  test(`examples/audit/${program}.ts has written each answered call once, when SIGTERM stops it`, async () => {
    const { answered, lines, printed } = await endUnderLoad(
      `examples/audit/${program}`,
      "SIGTERM",
      200,
    );
    assert.match(printed, /lost: 0\n$/);
    assert.equal(lines.pop(), "");
    const recorded = idsOf(lines);
    assert.deepEqual(answered.filter((id) => !recorded.has(id)), []);
    // A call that was still open when `close()` gave up has another outcome.
    assert.deepEqual([...new Set(lines.map((line) => JSON.parse(line).outcome))], ["ok"]);
  });
}

test("a killed server has lost no more calls than its queue holds", async () => {
  const { answered, lines } = await endUnderLoad("tests/examples/audited_server", "SIGKILL", 60);
  // The kernel may have been in the middle of a line.
  lines.pop();
  const recorded = idsOf(lines);
  const lost = answered.filter((id) => !recorded.has(id));
  assert(lost.length <= 20, `${lost.length} calls are lost`);
});

test("createFileLog() begins a new line after one that a crash cut off", async () => {
  const folder = await mkdtemp(join(tmpdir(), "audit-"));
  const file = join(folder, "calls.jsonl");
  try {
    await writeFile(file, '{"eventId":"cut off');
    for (const id of ["r1", "r2"]) {
      const audit = createFileLog(file);
      const propelAuth = createTestPropelAuth({ audit });
      const handler = propelAuth.createPropelAuth().handler(mcp);
      const client = await propelAuth.connect(handler, { sdk, token: propelAuth.token() });
      await client.callTool({ name: "read_report", arguments: { id } });
      await client.close();
      await audit.close();
    }
    const [first, ...lines] = (await readFile(file, "utf8")).split("\n");
    assert.equal(first, '{"eventId":"cut off');
    assert.equal(lines.pop(), "");
    assert.deepEqual([...idsOf(lines)], ["r1", "r2"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
