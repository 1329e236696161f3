/**
 * The names of OpenTelemetry's semantic conventions for MCP that this entry uses. A test compares them
 * with `@opentelemetry/semantic-conventions`. The kinds, the buckets and the rules for errors are only
 * in the conventions' text.
 *
 * @module
 *
 * @see {@link https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ | Semantic conventions for MCP}
 */

/** The attributes of calls. */
export const ATTRIBUTE = {
  method: "mcp.method.name",
  sessionId: "mcp.session.id",
  protocolVersion: "mcp.protocol.version",
  resourceUri: "mcp.resource.uri",
  tool: "gen_ai.tool.name",
  prompt: "gen_ai.prompt.name",
  operation: "gen_ai.operation.name",
  requestId: "jsonrpc.request.id",
  responseStatus: "rpc.response.status_code",
  errorType: "error.type",
  networkTransport: "network.transport",
  networkProtocol: "network.protocol.name",
  subject: "enduser.id",
} as const;

/** The value of `gen_ai.operation.name` for a tool call; other calls have no such attribute. */
export const EXECUTE_TOOL = "execute_tool";

/** The value of `error.type` past the values that are known. */
export const OTHER = "_OTHER";

/** The value of `error.type` when a tool's result says `isError`. */
export const TOOL_ERROR = "tool_error";

/** The metric of calls: a histogram, in seconds. */
export const OPERATION_DURATION = {
  name: "mcp.server.operation.duration",
  description:
    "MCP request or notification duration as observed on the receiver from the time it was received until the result or ack is sent",
  unit: "s",
  boundaries: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300],
};
