/** The names that `./otel` uses, beside those of OpenTelemetry's package: an update shows where they part. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import {
  ATTRIBUTE,
  EXECUTE_TOOL,
  OPERATION_DURATION,
  OTHER,
} from "../../../src/entries/otel/conventions.ts";

test("ATTRIBUTE has the names of OpenTelemetry's conventions", () => {
  assert.deepEqual(ATTRIBUTE, {
    method: conventions.ATTR_MCP_METHOD_NAME,
    sessionId: conventions.ATTR_MCP_SESSION_ID,
    protocolVersion: conventions.ATTR_MCP_PROTOCOL_VERSION,
    resourceUri: conventions.ATTR_MCP_RESOURCE_URI,
    tool: conventions.ATTR_GEN_AI_TOOL_NAME,
    prompt: conventions.ATTR_GEN_AI_PROMPT_NAME,
    operation: conventions.ATTR_GEN_AI_OPERATION_NAME,
    requestId: conventions.ATTR_JSONRPC_REQUEST_ID,
    responseStatus: conventions.ATTR_RPC_RESPONSE_STATUS_CODE,
    errorType: conventions.ATTR_ERROR_TYPE,
    networkTransport: conventions.ATTR_NETWORK_TRANSPORT,
    networkProtocol: conventions.ATTR_NETWORK_PROTOCOL_NAME,
    subject: conventions.ATTR_ENDUSER_ID,
  });
});

test("OPERATION_DURATION and the values have the names of OpenTelemetry's conventions", () => {
  assert.equal(OPERATION_DURATION.name, conventions.METRIC_MCP_SERVER_OPERATION_DURATION);
  assert.equal(EXECUTE_TOOL, conventions.GEN_AI_OPERATION_NAME_VALUE_EXECUTE_TOOL);
  assert.equal(OTHER, conventions.ERROR_TYPE_VALUE_OTHER);
});
