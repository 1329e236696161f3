/** docs/audit.md shows an event as calls end in them, and the files of `examples/audit/`. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { auditLog } from "@x/propelauth-mcp/audit";
import { createAudited, message, post } from "../entries/audit/harness.ts";
import { json } from "../support/harness.ts";
import { block, command, GUIDES } from "../support/guides.ts";
import { root } from "../support/root.ts";

const guide = GUIDES.get("audit.md") ?? "";

/** The names in the first column of the table whose first row is given. */
function namesIn(firstRow: string): string[] {
  const table = guide.slice(guide.indexOf(`| \`${firstRow}\``)).split("\n\n")[0] ?? "";
  return table.split("\n").flatMap((row) =>
    [...(row.split(" | ")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, name = ""]) => name)
  );
}

test("docs/audit.md shows the members of a call's event", async () => {
  const shown = JSON.parse(block("audit.md", "json"));
  const { arguments: args, requestId, name } = shown;
  const { auth, events, world } = createAudited(
    {},
    (operation) => operation.arguments,
    () =>
      json({
        active: true,
        sub: shown.subject,
        client_id: shown.clientId,
        org_id: shown.orgId,
        aud: "https://mcp.example.com/mcp",
      }),
  );
  const handler = auth.handler(() => {
    world.advance(shown.durationSeconds);
    return json({ jsonrpc: "2.0", id: requestId, result: {} });
  });
  await handler(post(message(shown.method, { name, arguments: args }, requestId), {
    "MCP-Protocol-Version": shown.protocolVersion,
    "Mcp-Session-Id": shown.sessionId,
  }));
  const [event] = events;
  assert(event);
  assert.deepEqual(Object.keys(event).sort(), Object.keys(shown).sort());
  const { eventId, endedAt, tokenDigest } = shown;
  assert.deepEqual({ ...event, eventId, endedAt, tokenDigest }, shown);
  assert.equal(eventId.length, event.eventId.length);
  assert.equal(tokenDigest.length, event.tokenDigest.length);
  const members = new Set(namesIn("eventId"));
  for (const member of Object.keys(event)) assert(members.has(member), member);
});

test("docs/audit.md lists every outcome", () => {
  const source = readFileSync(new URL("src/entries/audit/observer.ts", root), "utf8");
  const [, listed = ""] = /How a call ended\.\n([^]*?)\*\//.exec(source) ?? [];
  const outcomes = [...listed.matchAll(/- `(\w+)`/g)].map(([, name]) => name);
  assert.equal(outcomes.length, 6);
  assert.deepEqual(namesIn("ok"), outcomes);
});

test("docs/audit.md lists every option of auditLog() with its default", () => {
  const source = readFileSync(new URL("src/entries/audit/log.ts", root), "utf8");
  const [, members = ""] = /interface AuditLogOptions \{([^]*?)\n\}/.exec(source) ?? [];
  const options = [...members.matchAll(/(?:@default \{(.+)\}\n[^/]*\*\/\n)?^ {2}(\w+)\??: /gm)];
  assert.deepEqual(namesIn("write"), options.map(([, , name]) => name));
  for (const [, value = "", name] of options) {
    const [row = ""] = new RegExp(`^\\| \`${name}\` .+$`, "m").exec(guide) ?? [];
    assert(row.split("|")[2]?.includes(value), row);
  }
  assert.throws(() => auditLog({ write: () => {}, maxQueued: 1 } as never), /maxQueued/);
});

/** The files of `examples/audit/` that the guide shows, without the comment at their top. */
const SHOWN: [file: string, shown: string][] = [
  ["file.ts", block("audit.md", "ts ignore", "function createFileLog(")],
  ["deno_serve.ts", block("audit.md", "ts ignore", "Deno.serve(")],
  ["postgres.ts", block("audit.md", "ts ignore", "function createPostgresLog(")],
  ["otel_logs.ts", block("audit.md", "ts ignore", "function createOtelLog(")],
  ["node_http.ts", block("audit.md", "ts ignore", "createServer(getRequestListener(")],
];

for (const [file, shown] of SHOWN) {
  test(`docs/audit.md shows examples/audit/${file}`, () => {
    const text = readFileSync(new URL(`examples/audit/${file}`, root), "utf8");
    assert.equal(shown, text.replace(/^(?:\/\/.*\n)+/, ""));
  });
}

test("docs/audit.md installs the versions that the tests use", () => {
  const { imports } = JSON.parse(readFileSync(new URL("deno.json", root), "utf8"));
  const installed = [
    ...command("audit.md", "npm install @opentelemetry/").split(" ").slice(2),
    ...command("audit.md", "npm install pg@").split(" ").slice(2),
  ];
  const pinned = Object.values<string>(imports).map((target) => target.replace("npm:", ""));
  for (const one of installed) assert(pinned.includes(one), one);
  const used = new Set<string | undefined>();
  for (const [, shown] of SHOWN) {
    for (const [, name] of shown.matchAll(/from "(pg|@opentelemetry\/[^"]+)"/g)) used.add(name);
  }
  assert.deepEqual(
    installed.map((one) => one.replace(/(?<=.)@.*/, "")).sort(),
    [...used].sort(),
  );
});
