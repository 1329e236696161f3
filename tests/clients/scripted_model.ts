/**
 * The Messages API on loopback, with a model that knows its lines: it asks for one tool, and ends
 * when it has the tool's result. What a client does in between is the client's own.
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

/** What a client sends, as far as it is read. */
interface Asked {
  readonly model: string;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly { readonly content: string | readonly Part[] }[];
}

/** The running model. */
export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  /** The tools that it was offered last. */
  readonly offered: readonly string[];
  /** What the tool answered, one for each call. */
  readonly results: readonly unknown[];
}

/**
 * Starts a model that calls a tool once, whenever it is asked something.
 *
 * @param tool The name by which the client offers the tool.
 * @param input The arguments.
 */
export async function startScriptedModel(tool: string, input: object = {}): Promise<ScriptedModel> {
  let offered: string[] = [];
  const results: unknown[] = [];

  async function answer(incoming: IncomingMessage): Promise<string> {
    const { model, tools = [], messages }: Asked = JSON.parse(await text(incoming));
    offered = tools.map(({ name }) => name);
    const content = messages.at(-1)?.content;
    const result = Array.isArray(content)
      ? content.find(({ type }) => type === "tool_result")
      : undefined;
    if (result !== undefined) results.push(result);
    return result === undefined
      ? stream(model, "tool_use", { type: "tool_use", id: "toolu_1", name: tool, input: {} }, {
        type: "input_json_delta",
        partial_json: JSON.stringify(input),
      })
      : stream(model, "end_turn", { type: "text", text: "" }, { type: "text_delta", text: "Done" });
  }

  const server = createServer(async (incoming, outgoing) => {
    if (incoming.method !== "POST" || !/^\/v1\/messages(\?|$)/.test(incoming.url ?? "")) {
      outgoing.writeHead(404).end("{}");
      return;
    }
    outgoing.writeHead(200, { "Content-Type": "text/event-stream" }).end(await answer(incoming));
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

/** A message of one part, in the events of a streamed answer. */
function stream(model: string, stopReason: string, part: Part, delta: Part): string {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const events = [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: part },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: stopReason, stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}
