/**
 * The MCP server that the conformance suite is run against: SDK v2, both protocol eras, with every
 * tool, resource and prompt that the suite's server scenarios ask for by name.
 *
 * 2026-07-28 goes through `createMcpHandler`. 2025-11-25 has sessions, event streams that can be
 * resumed and requests from the server to the client, because those are what a gate can break.
 *
 * @module
 */
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  completable,
  createMcpHandler,
  createRequestStateCodec,
  type EventStore,
  fromJsonSchema,
  type InputRequest,
  type InputRequests,
  inputRequired,
  type InputRequiredResult,
  isInitializeRequest,
  isLegacyRequest,
  type JSONRPCMessage,
  type McpHandlerRequestOptions,
  McpServer,
  type PrimitiveSchemaDefinition,
  type PromptMessage,
  ResourceTemplate,
  type ServerContext,
  type ServerNotifier,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/** An MCP server in the shape that `handler()` takes. Disposing closes its sessions and streams. */
export interface FixtureServer extends AsyncDisposable {
  /** Answers one request of either era. */
  fetch(request: Request, options?: McpHandlerRequestOptions): Promise<Response>;
}

type ToolResult = CallToolResult | InputRequiredResult;
type Content = CallToolResult["content"][number];
type Fields = Record<string, PrimitiveSchemaDefinition>;
type State = { round: number };

// One codec for the process: in the newer era every request meets a new server.
const codec = createRequestStateCodec<State>({ key: crypto.getRandomValues(new Uint8Array(32)) });
const ENVELOPE = z.object({ [CLIENT_CAPABILITIES_META_KEY]: z.record(z.string(), z.unknown()) });
const description = "A fixture of the conformance suite";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const text = (value: string): Content & PromptMessage["content"] => ({ type: "text", text: value });
const image = { type: "image" as const, data: PNG, mimeType: "image/png" };
const embedded = (uri: string, mimeType: string, value: string) => ({
  type: "resource" as const,
  resource: { uri, mimeType, text: value },
});
const result = (...content: Content[]): CallToolResult => ({ content });

function elicit(message: string, properties: Fields): InputRequest {
  const required = Object.keys(properties);
  return inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties, required },
  });
}
function sample(prompt: string): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: prompt } }],
    maxTokens: 100,
  });
}

/** Asks the client until every key has a response, then answers: one code for both eras. */
function ask(ctx: ServerContext, inputRequests: InputRequests, requestState?: string): ToolResult {
  const responses = ctx.mcpReq.inputResponses;
  const answered = Object.entries(inputRequests).every(([key, request]) =>
    request.method === "elicitation/create"
      ? acceptedContent(responses, key) !== undefined
      : responses?.[key] !== undefined
  );
  if (answered) return result(text(`answered: ${JSON.stringify(responses)}`));
  return inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) });
}
async function askWithState(ctx: ServerContext, requests: InputRequests, round = 1) {
  return ask(ctx, requests, await codec.mint({ round }));
}

const string = { type: "string" as const };
const choices = ["option1", "option2", "option3"];
const titled = choices.map((value) => ({ const: value, title: `Title of ${value}` }));
const FIELDS_WITH_DEFAULTS: Fields = {
  name: { ...string, default: "John Doe" },
  age: { type: "integer", default: 30 },
  score: { type: "number", default: 95.5 },
  status: { ...string, enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", default: true },
};
const FIELDS_WITH_CHOICES: Fields = {
  untitledSingle: { ...string, enum: choices },
  titledSingle: { ...string, oneOf: titled },
  legacyEnum: { ...string, enum: choices, enumNames: titled.map(({ title }) => title) },
  untitledMulti: { type: "array", items: { ...string, enum: choices } },
  titledMulti: { type: "array", items: { anyOf: titled } },
};
const userName = elicit("What is your name?", { name: string });
const color = elicit("What is your favorite color?", { color: string });
const confirmation = elicit("Please confirm", { ok: { type: "boolean" } });
const greeting = sample("Generate a greeting");
const roots = inputRequired.listRoots();

async function log(ctx: ServerContext): Promise<ToolResult> {
  for (const step of ["started", "processing data", "completed"]) {
    await ctx.mcpReq.log("info", `Tool execution ${step}`);
  }
  return result(text("logged"));
}

/** The tools without arguments. */
const TOOLS: Record<string, (ctx: ServerContext) => ToolResult | Promise<ToolResult>> = {
  test_simple_text: () => result(text("This is a simple text response for testing.")),
  test_image_content: () => result(image),
  test_audio_content: () => result({ type: "audio", data: WAV, mimeType: "audio/wav" }),
  test_embedded_resource: () => result(embedded("test://embedded-resource", "text/plain", "Text")),
  test_multiple_content_types: () =>
    result(text("Multiple"), image, embedded("test://mixed", "application/json", '{"value":123}')),
  test_error_handling: () => {
    throw new Error("This tool intentionally returns an error for testing");
  },
  test_tool_with_logging: log,
  test_logging_tool: log,
  test_tool_with_progress: async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      const params = { progressToken, progress, total: 100 };
      await ctx.mcpReq.notify({ method: "notifications/progress", params });
    }
    return result(text("done"));
  },
  // The result then waits in the event store until the client resumes the stream.
  test_reconnection: (ctx) => {
    ctx.http?.closeSSE?.();
    return result(text("resumed"));
  },
  test_elicitation_sep1034_defaults: (ctx) =>
    ask(ctx, { answer: elicit("Please review", FIELDS_WITH_DEFAULTS) }),
  test_elicitation_sep1330_enums: (ctx) =>
    ask(ctx, { answer: elicit("Please choose", FIELDS_WITH_CHOICES) }),
  test_streaming_elicitation: (ctx) => ask(ctx, { user_name: userName }),
  test_missing_capability: (ctx) => ask(ctx, { greeting }),
  test_input_required_result_elicitation: (ctx) => ask(ctx, { user_name: userName }),
  test_input_required_result_sampling: (ctx) => ask(ctx, { greeting }),
  test_input_required_result_list_roots: (ctx) => ask(ctx, { roots }),
  test_input_required_result_request_state: (ctx) => askWithState(ctx, { confirmation }),
  test_input_required_result_tampered_state: (ctx) => askWithState(ctx, { confirmation }),
  test_input_required_result_multiple_inputs: (ctx) =>
    askWithState(ctx, { user_name: userName, greeting, roots }),
  test_input_required_result_multi_round: (ctx) => {
    const round = ctx.mcpReq.requestState<State>()?.round ?? 0;
    if (round === 2) return result(text("both steps answered"));
    return askWithState(ctx, round === 0 ? { step1: userName } : { step2: color }, round + 1);
  },
  test_input_required_result_capabilities: (ctx) => {
    const { [CLIENT_CAPABILITIES_META_KEY]: declared } = ENVELOPE.parse(ctx.mcpReq.envelope);
    return ask(ctx, {
      ...("elicitation" in declared ? { user_name: userName } : {}),
      ...("sampling" in declared ? { greeting } : {}),
    });
  },
};

// The suite looks for each of these keywords in `tools/list`.
const KEYWORDS_OF_2020_12 = fromJsonSchema({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: { $anchor: "addressDef", type: "object", properties: { street: string } },
  },
  properties: {
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: string,
    email: string,
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
});

function registerTools(server: McpServer, notify: ServerNotifier): void {
  for (const [name, run] of Object.entries(TOOLS)) {
    server.registerTool(name, { description }, run);
  }
  server.registerTool("test_trigger_tool_change", { description }, () => {
    notify.toolsChanged();
    return result(text("published"));
  });
  server.registerTool("test_trigger_prompt_change", { description }, () => {
    notify.promptsChanged();
    return result(text("published"));
  });
  server.registerTool("test_sampling", {
    description,
    inputSchema: z.object({ prompt: z.string() }),
  }, ({ prompt }, ctx) => ask(ctx, { answer: sample(prompt) }));
  server.registerTool(
    "test_elicitation",
    {
      description,
      inputSchema: z.object({ message: z.string() }),
    },
    ({ message }, ctx) =>
      ask(ctx, { answer: elicit(message, { username: string, email: string }) }),
  );
  server.registerTool("json_schema_2020_12_tool", {
    description,
    inputSchema: KEYWORDS_OF_2020_12,
  }, () => result(text("called")));
  server.registerTool("test_x_mcp_header", {
    description,
    inputSchema: z.object({ region: z.string().optional().meta({ "x-mcp-header": "Region" }) }),
  }, ({ region }) => result(text(`region=${region}`)));
}

function registerResources(server: McpServer): void {
  const add = (uri: string, mimeType: string, content: { text: string } | { blob: string }) =>
    server.registerResource(
      uri,
      uri,
      { description, mimeType },
      () => ({ contents: [{ uri, mimeType, ...content }] }),
    );
  add("test://static-text", "text/plain", { text: "The content of the static text resource." });
  add("test://static-binary", "image/png", { blob: PNG });
  add("test://watched-resource", "text/plain", { text: "Watched resource content" });
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description, mimeType: "application/json" },
    ({ href: uri }, { id }) => ({
      contents: [{ uri, mimeType: "application/json", text: JSON.stringify({ id }) }],
    }),
  );
  server.server.setRequestHandler("resources/subscribe", () => ({}));
  server.server.setRequestHandler("resources/unsubscribe", () => ({}));
}

function registerPrompts(server: McpServer): void {
  const say = (...content: PromptMessage["content"][]) => ({
    messages: content.map((part) => ({ role: "user" as const, content: part })),
  });
  const argument = completable(z.string(), (value) => [`${value}-completed`]);
  server.registerPrompt("test_simple_prompt", { description }, () => say(text("A simple prompt.")));
  server.registerPrompt("test_prompt_with_image", { description }, () => say(image, text("See")));
  server.registerPrompt("test_prompt_with_arguments", {
    description,
    argsSchema: z.object({ arg1: argument, arg2: z.string() }),
  }, ({ arg1, arg2 }) => say(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)));
  server.registerPrompt("test_prompt_with_embedded_resource", {
    description,
    argsSchema: z.object({ resourceUri: z.string() }),
  }, ({ resourceUri }) => say(embedded(resourceUri, "text/plain", "Text"), text("See above.")));
  server.registerPrompt(
    "test_input_required_result_prompt",
    {
      description,
      argsSchema: z.object({}),
    },
    (_args, ctx) =>
      acceptedContent(ctx.mcpReq.inputResponses, "context") === undefined
        ? inputRequired({ inputRequests: { context: elicit("Which?", { context: string }) } })
        : say(text("Use that context.")),
  );
}

function createFixture(notify: ServerNotifier): McpServer {
  const server = new McpServer({ name: "conformance-fixture", version: "1.0.0" }, {
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      logging: {},
      completions: {},
    },
    requestState: { verify: codec.verify },
  });
  registerTools(server, notify);
  registerResources(server);
  registerPrompts(server);
  return server;
}

/** Keeps what one session sent, in order, so that a stream can be resumed. */
function createEventStore(): EventStore {
  const events: { streamId: string; message: JSONRPCMessage }[] = [];
  return {
    storeEvent: (streamId, message) => Promise.resolve(`${events.push({ streamId, message }) - 1}`),
    async replayEventsAfter(lastEventId, { send }) {
      const last = Number(lastEventId);
      const streamId = events[last]?.streamId ?? "";
      for (const [id, event] of events.entries()) {
        if (id > last && event.streamId === streamId) await send(`${id}`, event.message);
      }
      return streamId;
    },
  };
}

/** One server with its own sessions and subscriptions. */
export function createFixtureServer(): FixtureServer {
  const modern = createMcpHandler(() => createFixture(modern.notify), { legacy: "reject" });
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

  async function legacy(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    const sessionId = request.headers.get("Mcp-Session-Id");
    const known = sessions.get(sessionId ?? "");
    if (known !== undefined) return known.handleRequest(request, options);
    const error = { jsonrpc: "2.0", id: null, error: { code: -32001, message: "No session" } };
    if (sessionId !== null) return Response.json(error, { status: 404 });
    const parsedBody: unknown = options.parsedBody ?? await request.json().catch(() => null);
    if (!isInitializeRequest(parsedBody)) return Response.json(error, { status: 400 });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
      eventStore: createEventStore(),
      retryInterval: 10,
    });
    await createFixture(modern.notify).connect(transport);
    return transport.handleRequest(request, { ...options, parsedBody });
  }

  return {
    fetch: async (request, options = {}) =>
      await isLegacyRequest(request, options.parsedBody)
        ? legacy(request, options)
        : modern.fetch(request, options),
    async [Symbol.asyncDispose]() {
      await Promise.all([modern.close(), ...[...sessions.values()].map((each) => each.close())]);
    },
  };
}
