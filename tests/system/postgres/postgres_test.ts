/** `examples/audit/postgres.ts` before a real PostgreSQL, with the table and the queries of docs/audit.md. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as sdk from "@modelcontextprotocol/client";
import { createPropelAuth } from "@x/propelauth-mcp";
import { auditCalls, type AuditLog, type CallEvent } from "@x/propelauth-mcp/audit";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
// @ts-types="@types/pg"
import { Pool } from "pg";
import { mcp } from "../../../examples/audit/mcp_server.ts";
import { createPostgresLog } from "../../../examples/audit/postgres.ts";
import { block } from "../../support/guides.ts";
import { startPostgres } from "./postgres_server.ts";

const postgres = await startPostgres();
const owner = new Pool({ connectionString: postgres.url("postgres"), max: 1 });
owner.on("error", () => {});
after(async () => {
  await owner.end();
  await postgres.close();
});
await owner.query(block("audit.md", "sql", "CREATE TABLE"));
const SERVER = postgres.url("mcp_server", "change-me");
const WHO = block("audit.md", "sql", "ORDER BY ended_at");
const RETENTION = block("audit.md", "sql", "DELETE FROM");

/** The lines that the example has printed. */
const printed: string[] = [];
const printError = console.error;
console.error = (...parts: unknown[]) => void printed.push(parts.join(" "));
after(() => console.error = printError);

/** Waits until the log of a test, which has not failed before, reports that a write failed. */
async function untilFailed(): Promise<void> {
  printed.length = 0;
  while (!printed.some((line) => line.includes("write_failed"))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A server whose calls a log writes, and whose events a test sees too. */
function createServer(log: AuditLog) {
  const events: CallEvent[] = [];
  const propelAuth = createTestPropelAuth({
    audit: [log, auditCalls({ onCall: (event) => events.push(event) })],
  });
  // By the real clock, as servers run.
  const handler = createPropelAuth(propelAuth.options).handler(mcp);
  return {
    events,
    handler,
    async connect(subject: string, orgId: string) {
      const token = propelAuth.token({ subject, claims: { org_id: orgId } });
      const client = await propelAuth.connect(handler, { sdk, token });
      return {
        token,
        read: (id: string) => client.callTool({ name: "read_report", arguments: { id } }),
        call: (name: string) => client.callTool({ name }).catch(() => {}),
        close: () => client.close(),
      };
    },
  };
}

/** The events of a user in the table. */
async function readStored(subject: string): Promise<CallEvent[]> {
  const { rows } = await owner.query("SELECT event FROM mcp_calls WHERE subject = $1", [subject]);
  return rows.map(({ event }) => event);
}

/** Each listener gives an event an id of its own, and jsonb sorts the members. */
function comparable({ eventId: _, ...event }: CallEvent): string {
  return JSON.stringify(Object.entries(event).sort());
}

/** Checks that the table has each event of a user once. */
async function assertStored(subject: string, events: readonly CallEvent[]): Promise<void> {
  const stored = (await readStored(subject)).map(comparable);
  assert.deepEqual(stored.sort(), events.map(comparable).sort());
}

test("a client's calls are in the table, and the guide's query finds them by organization", async () => {
  const log = createPostgresLog(SERVER);
  const { connect, events } = createServer(log);
  const ada = await connect("ada", "acme");
  const ben = await connect("ben", "globex");
  await ada.read("r1");
  await ben.read("r2");
  await ada.call("no_such_tool");
  await ada.close();
  await ben.close();
  const counts = await log.close();
  assert.deepEqual(counts, { written: events.length, dropped: 0, waiting: 0 });
  await assertStored("ada", events.filter(({ subject }) => subject === "ada"));
  await assertStored("ben", events.filter(({ subject }) => subject === "ben"));
  const { rows } = await owner.query(WHO.replace("'acme'", "$1"), ["acme"]);
  const calls = rows.filter(({ method }) => method === "tools/call");
  assert.deepEqual(
    calls.map(({ subject, client_id, name, outcome }) => [subject, client_id, name, outcome])
      .sort(),
    [
      ["ada", "test-client", "no_such_tool", "error"],
      ["ada", "test-client", "read_report", "ok"],
    ],
  );
  const times = rows.map(({ ended_at }) => Number(ended_at));
  assert.deepEqual(times, times.toSorted((one, other) => other - one));
  assert.equal(rows.length, events.filter(({ orgId }) => orgId === "acme").length);
});

test("the query by organization and the deletion of old calls use the table's indexes", async () => {
  await owner.query(`
    INSERT INTO mcp_calls (event_id, ended_at, org_id, client_id, method, outcome, event)
    SELECT gen_random_uuid(), now() - n * interval '1 hour', 'org-' || n % 100, 'c', 'ping', 'ok', '{}'
    FROM generate_series(1, 20000) AS n`);
  await owner.query("ANALYZE mcp_calls");
  const plan = async (query: string) =>
    JSON.stringify((await owner.query(`EXPLAIN ${query}`)).rows);
  assert.match(await plan(WHO.replace("'acme'", "'org-7'")), /mcp_calls_by_organization/);
  assert.match(await plan(RETENTION.replace("1 year", "2 years")), /mcp_calls_by_time/);
  const count = async (): Promise<number> =>
    Number(
      (await owner.query("SELECT count(*) FROM mcp_calls WHERE method = 'ping'")).rows[0].count,
    );
  assert.equal(await count(), 20000);
  await owner.query(RETENTION);
  assert(Math.abs(await count() - 365 * 24) < 30);
});

test("the server's role appends, and can neither read, change nor delete", async () => {
  const pool = new Pool({ connectionString: SERVER, max: 1 });
  for (
    const query of [
      "SELECT * FROM mcp_calls",
      "UPDATE mcp_calls SET outcome = 'ok'",
      "DELETE FROM mcp_calls",
      "TRUNCATE mcp_calls",
      "DROP TABLE mcp_calls",
    ]
  ) await assert.rejects(pool.query(query), { code: "42501" });
  await pool.end();
});

test("nothing that a client sends keeps a batch from being written", async () => {
  const log = createPostgresLog(SERVER);
  const { connect, events, handler } = createServer(log);
  const client = await connect("cleo", "acme");
  const names = [
    "a\0b",
    "\\u0000",
    "\\\0",
    "\ud800",
    "\udfff\ud800",
    "😀".repeat(200),
    '"\\',
    "\u2028",
  ];
  for (const name of names) await client.call(name);
  await client.close();
  // The event cuts the id in the middle of a pair.
  const id = `a${"😀".repeat(150)}`;
  const response = await handler(
    new Request("https://mcp.example.com/mcp", {
      method: "POST",
      headers: {
        Authorization: `Bearer ${client.token}`,
        "Content-Type": "application/json",
        Accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list" }),
    }),
  );
  await response.text();
  assert.deepEqual(await log.close(), { written: events.length, dropped: 0, waiting: 0 });
  const stored = await readStored("cleo");
  const called = stored.filter(({ method }) => method === "tools/call").map(({ name }) => name);
  const expected = names.map((name) => name.toWellFormed().replaceAll("\0", "\ufffd"));
  assert.deepEqual(called.sort(), expected.sort());
  assert(stored.some(({ requestId }) => requestId === `a${"😀".repeat(99)}\ufffd`));
});

test("calls during a restart of PostgreSQL are written after it", async () => {
  const log = createPostgresLog(SERVER);
  const { connect, events } = createServer(log);
  const client = await connect("dora", "acme");
  await client.read("before");
  await postgres.kill();
  const failed = untilFailed();
  for (let call = 0; call < 50; call++) await client.read(`r${call}`);
  assert(log.counts().waiting >= 50);
  await failed;
  await postgres.start();
  await client.close();
  assert.deepEqual(await log.close(), { written: events.length, dropped: 0, waiting: 0 });
  await assertStored("dora", events);
});

test("a batch whose write was given up is in the table once, though PostgreSQL took it", async () => {
  const log = createPostgresLog(`${SERVER}?query_timeout=300`);
  const { connect, events } = createServer(log);
  const client = await connect("eva", "acme");
  await owner.query("BEGIN; LOCK TABLE mcp_calls");
  const failed = untilFailed();
  await client.read("meanwhile");
  await client.close();
  await failed;
  await owner.query("COMMIT");
  assert.deepEqual(await log.close(), { written: events.length, dropped: 0, waiting: 0 });
  await assertStored("eva", events);
});
