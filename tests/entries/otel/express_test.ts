/** Calls to MCP servers in an Express app, as the real OpenTelemetry SDK collects them. */
import assert from "node:assert/strict";
import { request as sendRequest } from "node:http";
import { after, test } from "node:test";
import * as api from "@opentelemetry/api";
// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { requireAuth } from "@x/propelauth-mcp/express";
import { otelCalls, otelEvents } from "@x/propelauth-mcp/otel";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { listen } from "../../support/node_server.ts";
import { createTestSdk } from "./test_sdk.ts";

const MAJORS: Record<string, typeof express5> = { "Express 5": express5, "Express 4": express4 };

/** A PropelAuth whose calls are recorded by an SDK of its own, and an Express app to protect. */
function createRecorded(express: typeof express5) {
  const sdk = createTestSdk();
  const kit = createTestPropelAuth({
    onEvent: otelEvents(sdk.api),
    audit: otelCalls(sdk.api),
    operations: { tools: { delete_notes: ["notes:admin"] } },
  });
  const app = express();
  return {
    sdk,
    kit,
    app,
    auth: kit.createPropelAuth(),
    /** Starts the app; returns the URL of its MCP server. */
    async serve(): Promise<URL> {
      const server = await listen(app);
      after(server.close);
      return new URL("/mcp", server.origin);
    },
    /** The spans of calls of tools, as their names, errors and statuses. */
    called: () =>
      sdk.spans().filter(({ name }) => name.startsWith("tools/call")).map((span) => [
        span.name,
        span.attributes["error.type"],
        span.kind,
      ]),
  };
}

const say = (text: string, isError = false) => ({
  isError,
  content: [{ type: "text" as const, text }],
});

for (const [major, express] of Object.entries(MAJORS)) {
  test(`otelCalls() records the calls of a client, and what their tools do: ${major}`, async () => {
    const { sdk, kit, app, auth, serve, called } = createRecorded(express);
    const mcp = createMcpHandler(() => {
      const server = new McpServer({ name: "notes", version: "1.0.0" });
      server.registerTool("search_notes", { description: "" }, async () => {
        await Promise.resolve();
        sdk.tracer.startSpan("SELECT", {}, sdk.api.context.active() as api.Context).end();
        return say("found");
      });
      server.registerTool("write_note", { description: "" }, () => say("disk full", true));
      server.registerTool("delete_notes", { description: "" }, () => say("deleted"));
      return server;
    });
    const handle = toNodeHandler(mcp);
    app.all(
      "/mcp",
      express.json(),
      requireAuth(auth),
      (request, response) => handle(request, response, request.body),
    );
    const client = new Client({ name: "client", version: "1.0.0" });
    const headers = { Authorization: `Bearer ${kit.token()}` };
    const transport = new StreamableHTTPClientTransport(await serve(), {
      requestInit: { headers },
    });
    await client.connect(transport);
    for (const name of ["search_notes", "write_note", "delete_notes"]) {
      await client.callTool({ name }).catch(() => {});
    }
    await client.close();
    assert.deepEqual(called(), [
      ["tools/call search_notes", undefined, api.SpanKind.SERVER],
      ["tools/call write_note", "tool_error", api.SpanKind.SERVER],
      ["tools/call delete_notes", "scope_missing", api.SpanKind.SERVER],
    ]);
    const [found] = sdk.spans().filter(({ name }) => name === "tools/call search_notes");
    const inside = sdk.spans().filter(({ parentSpanContext }) =>
      parentSpanContext?.spanId === found?.spanContext().spanId
    );
    assert.deepEqual(inside.map(({ name }) => name), ["propelauth.verify", "SELECT"]);
    const measured = (await sdk.metrics())["mcp.server.operation.duration"] ?? [];
    const tools = measured.map(([attributes]) => attributes["gen_ai.tool.name"]);
    assert.deepEqual(tools.filter((name) => name !== undefined), [
      "search_notes",
      "write_note",
      "delete_notes",
    ]);
  });

  test(`otelCalls() records a client that leaves before its answer: ${major}`, async () => {
    const { kit, app, auth, serve, called } = createRecorded(express);
    let onEnd = (): void => {};
    const ended = new Promise<void>((resolve) => onEnd = resolve);
    let leave = (): void => {};
    app.all("/mcp", requireAuth(auth), (_request, response) => {
      response.once("close", onEnd);
      setImmediate(leave);
    });
    const outgoing = sendRequest(await serve(), {
      method: "POST",
      headers: { "Authorization": `Bearer ${kit.token()}`, "Content-Type": "application/json" },
    });
    outgoing.on("error", () => {});
    leave = () => void outgoing.destroy();
    const params = { name: "search_notes", arguments: {} };
    outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
    await ended;
    for (let turn = 0; turn < 20 && called().length === 0; turn++) {
      await new Promise<void>((done) => setImmediate(done));
    }
    assert.deepEqual(called(), [["tools/call search_notes", "cancelled", api.SpanKind.SERVER]]);
  });
}
