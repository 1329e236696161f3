/**
 * A model on loopback that calls one tool, and ends its turn when it has the tool's result. It
 * speaks the Messages API and the Responses API.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Part {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** An offer of a client: a tool, or several under one name. */
interface Offered {
  readonly name?: string;
  readonly tools?: readonly { readonly name: string }[];
}

/** The members of a request that are read: `messages` of the one API, `input` of the other. */
interface Asked {
  readonly model: string;
  readonly tools?: readonly Offered[];
  readonly messages?: readonly { readonly content: string | readonly Part[] }[];
  readonly input?: readonly Part[];
}

/** The running model. */
export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  /** The tools that it was offered last, each by `mcp__SERVER__TOOL`. */
  readonly offered: readonly string[];
  /** The answers of the tool, one for each call. */
  readonly results: readonly unknown[];
}

/**
 * Starts a model that calls a tool of the MCP server `reports` once, whenever it is asked something.
 *
 * @param tool The tool.
 * @param input The arguments.
 */
export async function startScriptedModel(tool: string, input: object = {}): Promise<ScriptedModel> {
  let offered: string[] = [];
  const results: unknown[] = [];

  async function answer(incoming: IncomingMessage): Promise<Part[]> {
    const asked: Asked = JSON.parse(await text(incoming));
    offered = (asked.tools ?? []).flatMap(({ name = "", tools }) =>
      tools === undefined ? [name] : tools.map((one) => `${name}__${one.name}`)
    );
    const content = asked.messages === undefined ? asked.input : asked.messages.at(-1)?.content;
    const result = Array.isArray(content)
      ? content.find(({ type }) => type === "tool_result" || type === "function_call_output")
      : undefined;
    if (result !== undefined) results.push(result);
    const called = result === undefined ? { tool, input } : undefined;
    return asked.messages === undefined ? respond(called) : message(asked.model, called);
  }

  const server = createServer(async (incoming, outgoing) => {
    if (
      incoming.method !== "POST" || !/^\/v1\/(messages|responses)(\?|$)/.test(incoming.url ?? "")
    ) {
      outgoing.writeHead(404).end("{}");
      return;
    }
    const events = (await answer(incoming)).map((event) =>
      `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
    );
    outgoing.writeHead(200, { "Content-Type": "text/event-stream" }).end(events.join(""));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get offered() {
      return offered;
    },
    results,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Call {
  readonly tool: string;
  readonly input: object;
}

/** A message of the Messages API: a call, or the end. */
function message(model: string, call: Call | undefined): Part[] {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const part = call === undefined
    ? { type: "text", text: "" }
    : { type: "tool_use", id: "toolu_1", name: `mcp__reports__${call.tool}`, input: {} };
  const delta = call === undefined
    ? { type: "text_delta", text: "Done" }
    : { type: "input_json_delta", partial_json: JSON.stringify(call.input) };
  const stop = { stop_reason: call === undefined ? "end_turn" : "tool_use", stop_sequence: null };
  const empty = { id: "msg_1", type: "message", role: "assistant", model, content: [], usage };
  return [
    { type: "message_start", message: { ...empty, stop_reason: null, stop_sequence: null } },
    { type: "content_block_start", index: 0, content_block: part },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: stop, usage },
    { type: "message_stop" },
  ];
}

/** A response of the Responses API: a call, or the end. */
function respond(call: Call | undefined): Part[] {
  const said = {
    type: "message",
    role: "assistant",
    content: [{ type: "output_text", text: "Done" }],
  };
  const item = call === undefined ? { ...said, id: "msg_1" } : {
    type: "function_call",
    id: "fc_1",
    call_id: "call_1",
    namespace: "mcp__reports",
    name: call.tool,
    arguments: JSON.stringify(call.input),
  };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  return [
    { type: "response.created", response: { id: "resp_1" } },
    { type: "response.output_item.done", output_index: 0, item },
    { type: "response.completed", response: { id: "resp_1", usage } },
  ];
}
