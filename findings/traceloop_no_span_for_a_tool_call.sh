#!/usr/bin/env bash
# @traceloop/instrumentation-mcp 0.27.0 records no span for a tool call that an MCP server answers.
#
# Expected: its README, "Usage", registers the instrumentation with registerInstrumentations(), and
# "Instrumented Operations" names request handling, tool execution and server-side spans for servers.
# Seen: registered so, before the MCP SDK is loaded, it records nothing, for the client neither. With
# the classes given to manuallyInstrument(), the client's call is a span. On the server the only span
# is for a request that the server itself sent (here a ping), and its kind is SERVER. For that one
# OpenTelemetry's "Semantic conventions for Model Context Protocol" have CLIENT ("Client": also an
# operation that the server initiates), and SERVER for requests that are received.
# For users: a trace of an MCP server has no calls in it, and no error says why. `otelCalls()` of
# docs/observe.md records them.
#
# Output on 28 November 2026, with Node 20.20:
#   registered as the README does
#     answer of the tool: done
#     spans of the server: none
#     spans of the client: none
#   classes given by hand
#     answer of the tool: done
#     spans of the server: SERVER ping.mcp
#     spans of the client: CLIENT initialize.mcp, CLIENT slow.tool, CLIENT mcp.client.session
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true }' > package.json
timeout 120 npm install --no-audit --no-fund --ignore-scripts --loglevel error \
  @modelcontextprotocol/sdk@1.32.2 \
  @opentelemetry/api@1.9.1 \
  @opentelemetry/instrumentation@0.203.0 \
  @opentelemetry/sdk-trace-node@2.12.1 \
  @traceloop/instrumentation-mcp@0.27.0 > npm.txt

cat > finding.js <<'END'
const { SpanKind } = require("@opentelemetry/api");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require(
  "@opentelemetry/sdk-trace-node",
);
const { McpInstrumentation } = require("@traceloop/instrumentation-mcp");

const byHand = process.argv[2] === "by-hand";
const exporters = {};
const instrumentation = (side) => {
  exporters[side] = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporters[side])];
  const tracerProvider = new NodeTracerProvider({ spanProcessors });
  const instrumentations = [new McpInstrumentation()];
  registerInstrumentations({ instrumentations, tracerProvider });
  return instrumentations[0];
};
const server = instrumentation("server");
const client = instrumentation("client");

const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { InMemoryTransport } = require("@modelcontextprotocol/sdk/inMemory.js");
const { Server } = require("@modelcontextprotocol/sdk/server/index.js");
const { McpServer } = require("@modelcontextprotocol/sdk/server/mcp.js");
if (byHand) {
  server.manuallyInstrument({ Server });
  client.manuallyInstrument({ Client });
}

(async () => {
  const mcpServer = new McpServer({ name: "server", version: "1.0.0" });
  mcpServer.registerTool("slow", { description: "Asks whether the client is there." }, async () => {
    await mcpServer.server.ping();
    return { content: [{ type: "text", text: "done" }] };
  });
  const mcpClient = new Client({ name: "client", version: "1.0.0" });
  const [one, other] = InMemoryTransport.createLinkedPair();
  await mcpServer.connect(one);
  await mcpClient.connect(other);
  const { content } = await mcpClient.callTool({ name: "slow" });
  await mcpClient.close();
  console.log(byHand ? "classes given by hand" : "registered as the README does");
  console.log(`  answer of the tool: ${content[0].text}`);
  for (const [side, exporter] of Object.entries(exporters)) {
    const spans = exporter.getFinishedSpans().map(({ kind, name }) => `${SpanKind[kind]} ${name}`);
    console.log(`  spans of the ${side}: ${spans.join(", ") || "none"}`);
  }
})();
END

(timeout 60 node finding.js && timeout 60 node finding.js by-hand) | tee seen.txt
diff - seen.txt <<'END'
registered as the README does
  answer of the tool: done
  spans of the server: none
  spans of the client: none
classes given by hand
  answer of the tool: done
  spans of the server: SERVER ping.mcp
  spans of the client: CLIENT initialize.mcp, CLIENT slow.tool, CLIENT mcp.client.session
END
