/** `examples/audit/otel_logs.ts` before a collector on loopback. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import process from "node:process";
import { after, test } from "node:test";
import * as sdk from "@modelcontextprotocol/client";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { createPropelAuth } from "@x/propelauth-mcp";
import { auditCalls, type CallEvent } from "@x/propelauth-mcp/audit";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { mcp } from "../../examples/audit/mcp_server.ts";
import { createOtelLog } from "../../examples/audit/otel_logs.ts";

interface Value {
  readonly stringValue?: string;
  readonly doubleValue?: number;
  /** The exporter writes whole numbers so, such as a duration of 0. */
  readonly intValue?: number;
  readonly arrayValue?: { readonly values: readonly Value[] };
}

interface Record {
  readonly eventName: string;
  readonly timeUnixNano: string;
  readonly severityText: string;
  readonly body: Value;
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
}

const records: Record[] = [];
const services = new Set<string | undefined>();
/** Statuses with which the collector refuses the next exports. */
const refusals: number[] = [];
const collector = createServer(async (request, response) => {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part;
  const refusal = refusals.shift();
  if (refusal !== undefined) return void response.writeHead(refusal).end();
  assert.equal(request.url, "/v1/logs");
  for (const { resource, scopeLogs } of JSON.parse(text).resourceLogs) {
    const attributes: Record["attributes"] = resource.attributes;
    services.add(attributes.find(({ key }) => key === "service.name")?.value.stringValue);
    for (const { logRecords } of scopeLogs) records.push(...logRecords);
  }
  response.setHeader("Content-Type", "application/json").end("{}");
});
collector.listen(0, "127.0.0.1");
await once(collector, "listening");
after(() => {
  collector.closeAllConnections();
  collector.close();
});
const address = collector.address();
assert(typeof address === "object" && address !== null);
const VARIABLES = {
  OTEL_SERVICE_NAME: "my-mcp-server",
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${address.port}`,
};

/** Calls a server with a real client, and closes its log. Returns the events of its calls. */
async function callServer(): Promise<CallEvent[]> {
  Object.assign(process.env, VARIABLES);
  const log = createOtelLog();
  for (const name of Object.keys(VARIABLES)) delete process.env[name];
  const events: CallEvent[] = [];
  const propelAuth = createTestPropelAuth({
    audit: [log, auditCalls({ onCall: (event) => events.push(event) })],
    operations: { tools: { delete_reports: ["admin"] } },
  });
  const handler = createPropelAuth(propelAuth.options).handler(mcp);
  const token = propelAuth.token({ subject: "ada", claims: { org_id: "acme" } });
  const client = await propelAuth.connect(handler, { sdk, token });
  await client.callTool({ name: "read_report", arguments: { id: "r1" } });
  await client.callTool({ name: "delete_reports" }).catch(() => {});
  await client.callTool({ name: "no_such_tool" }).catch(() => {});
  await client.close();
  assert.deepEqual(await log.close(), { written: events.length, dropped: 0, waiting: 0 });
  return events;
}

const attributesOf = ({ attributes }: Record) =>
  Object.fromEntries(attributes.map(({ key, value }) => [
    key,
    value.stringValue ?? value.doubleValue ?? value.intValue ??
      value.arrayValue?.values.map((one) => one.stringValue),
  ]));

test("createOtelLog() sends a record for each call, with the names of the conventions", async () => {
  const events = await callServer();
  assert.deepEqual([...services], ["my-mcp-server"]);
  assert.deepEqual(
    records.map((record) => attributesOf(record)["jsonrpc.request.id"]),
    events.map(({ requestId }) => requestId?.toString()),
  );
  const calls = records.filter((record) => attributesOf(record)["gen_ai.tool.name"]);
  assert.deepEqual(
    calls.map(({ eventName, severityText, body }) => [
      eventName,
      severityText,
      body.stringValue,
    ]),
    [
      ["mcp.call", "INFO", "tools/call read_report: ok"],
      ["mcp.call", "WARN", "tools/call delete_reports: refused"],
      ["mcp.call", "WARN", "tools/call no_such_tool: error"],
    ],
  );
  const [read, refused, failed] = calls.map(attributesOf);
  const [event] = events.filter(({ name }) => name === "read_report");
  assert(event);
  const { "log.record.uid": uid, ...attributes } = read ?? {};
  // Each listener gives an event an id of its own.
  assert.match(String(uid), /^[0-9a-f-]{36}$/);
  assert.deepEqual(attributes, {
    "mcp.method.name": "tools/call",
    "gen_ai.tool.name": "read_report",
    "mcp.protocol.version": event.protocolVersion,
    "jsonrpc.request.id": String(event.requestId),
    "enduser.id": "ada",
    "propelauth.client_id": event.clientId,
    "propelauth.org_id": "acme",
    "propelauth.credential": "access_token",
    "propelauth.token_digest": event.tokenDigest,
    "propelauth.duration": event.durationSeconds,
  });
  assert.equal(refused?.["error.type"], "scope_missing");
  assert.deepEqual(refused?.["propelauth.scopes"], ["admin"]);
  assert.equal(failed?.["error.type"], "-32602");
  assert.equal(Math.round(Number(calls[0]?.timeUnixNano) / 1e6), Math.round(event.endedAt * 1e3));
  const known = new Set<unknown>(Object.values(conventions));
  for (const record of records) {
    for (const { key } of record.attributes) {
      assert(known.has(key) || /^propelauth\./.test(key), key);
    }
  }
});

test("createOtelLog() sends a batch again that the collector refused", async () => {
  records.length = 0;
  refusals.push(400);
  const printed: unknown[] = [];
  const printError = console.error;
  console.error = (...parts: unknown[]) => void printed.push(...parts);
  const events = await callServer().finally(() => console.error = printError);
  assert.match(printed.join(" "), /"code":"write_failed".+"code":"recovered"/);
  assert.deepEqual(
    records.map((record) => attributesOf(record)["jsonrpc.request.id"]),
    events.map(({ requestId }) => requestId?.toString()),
  );
});
