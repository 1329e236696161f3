/**
 * A model on loopback that calls a tool whenever a scenario says so. It speaks the Messages,
 * Responses, Chat Completions and Gemini APIs as streams.
 *
 * @module
 */

/** The running model of one session. */
export interface InteractiveModel extends AsyncDisposable {
  readonly url: string;
  /** Waits until the program asks the model; gives the names of the tools that it offers. */
  next(): Promise<Turn>;
}

/** A request of the program that waits for the model's answer. */
export interface Turn {
  readonly offered: readonly string[];
  /** The result of a tool with the id of its call. */
  readonly result: { readonly id: string; readonly text: string } | undefined;
  /** Answers with a call of a tool; gives the call's id. */
  call(tool: string): string;
  /** Answers with a text, which ends the program's turn. */
  end(): void;
}

interface Api {
  readonly path: RegExp;
  readonly offered: (asked: Asked) => string[];
  readonly result: (asked: Asked) => { readonly id: string; readonly value: unknown } | undefined;
  /** The data of each event; its `type`, where it has one, is the event's name. */
  readonly answer: (tool: string | undefined, id: string) => object[];
}

// deno-lint-ignore no-explicit-any -- the requests of four APIs, of which little is read.
type Asked = any;

const USAGE = { input_tokens: 1, output_tokens: 1 };

const MESSAGES: Api = {
  path: /^\/v1\/messages$/,
  offered: ({ tools = [] }) => tools.map(({ name }: Asked) => name),
  result: ({ messages }) => {
    const content = messages.at(-1)?.content;
    if (!Array.isArray(content)) return undefined;
    const part = content.findLast(({ type }: Asked) => type === "tool_result");
    return part && { id: part.tool_use_id, value: part.content };
  },
  answer(tool, id) {
    const part = tool === undefined
      ? { type: "text", text: "" }
      : { type: "tool_use", id, name: tool, input: {} };
    const delta = tool === undefined
      ? { type: "text_delta", text: "Done" }
      : { type: "input_json_delta", partial_json: "{}" };
    const stop_reason = tool === undefined ? "end_turn" : "tool_use";
    const empty = {
      id: `msg_${id}`,
      type: "message",
      role: "assistant",
      model: "model",
      content: [],
    };
    return [
      { type: "message_start", message: { ...empty, usage: USAGE, stop_reason: null } },
      { type: "content_block_start", index: 0, content_block: part },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: USAGE },
      { type: "message_stop" },
    ];
  },
};

const RESPONSES: Api = {
  path: /^\/v1\/responses$/,
  offered: ({ tools = [] }) =>
    tools.flatMap(({ name = "", tools }: Asked) =>
      tools === undefined ? [name] : tools.map((one: Asked) => `${name}__${one.name}`)
    ),
  result: ({ input }) =>
    Array.isArray(input) && input.at(-1)?.type === "function_call_output"
      ? { id: input.at(-1).call_id, value: input.at(-1).output }
      : undefined,
  answer(tool, id) {
    const [, namespace, name] = /^(mcp__\w+?)__(\w+)$/.exec(tool ?? "") ?? [];
    const text = [{ type: "output_text", text: "Done" }];
    const item = tool === undefined
      ? { type: "message", role: "assistant", id: "msg_1", content: text }
      : {
        type: "function_call",
        id: "fc_1",
        call_id: id,
        ...(namespace !== undefined && { namespace }),
        name: name ?? tool,
        arguments: "{}",
      };
    const usage = { ...USAGE, total_tokens: 2 };
    return [
      { type: "response.created", response: { id: "resp_1" } },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id: "resp_1", usage } },
    ];
  },
};

const COMPLETIONS: Api = {
  path: /^\/v1\/chat\/completions$/,
  offered: ({ tools = [] }) => tools.map((one: Asked) => one.function?.name ?? ""),
  result: ({ messages }) =>
    messages.at(-1)?.role === "tool"
      ? { id: messages.at(-1).tool_call_id, value: messages.at(-1).content }
      : undefined,
  answer(tool, id) {
    const called = { name: tool, arguments: "{}" };
    const call = {
      index: 0,
      id,
      type: "function",
      function: called,
    };
    const delta = tool === undefined ? { content: "Done" } : { tool_calls: [call] };
    const chunk = { id: "chat_1", object: "chat.completion.chunk", created: 1, model: "model" };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const finish_reason = tool === undefined ? "stop" : "tool_calls";
    return [
      { ...chunk, choices: [{ index: 0, delta: { role: "assistant", ...delta } }] },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }], usage },
    ];
  },
};

const GEMINI: Api = {
  path: /^\/v1beta\/models\/[^/]+:(?:streamGenerateContent|generateContent)$/,
  offered: ({ tools = [] }) =>
    tools.flatMap(({ functionDeclarations = [] }: Asked) =>
      functionDeclarations.map(({ name }: Asked) => name)
    ),
  result({ contents }) {
    const parts = contents.at(-1)?.parts ?? [];
    const found = parts.find(({ functionResponse }: Asked) => functionResponse !== undefined);
    return found && { id: found.functionResponse.id, value: found.functionResponse.response };
  },
  answer(tool, id) {
    const part = tool === undefined
      ? { text: "Done" }
      : { functionCall: { id, name: tool, args: {} }, thoughtSignature: "c2lnbmF0dXJl" };
    const content = { role: "model", parts: [part] };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    return [{ candidates: [{ content, finishReason: "STOP", index: 0 }], usageMetadata }];
  },
};

const APIS: readonly Api[] = [MESSAGES, RESPONSES, COMPLETIONS, GEMINI];

/** Starts a model on a free port. */
export function startInteractiveModel(): InteractiveModel {
  const turns: Turn[] = [];
  let waiting: ((turn: Turn) => void) | undefined;
  /** Ends each question that has no answer yet, such as one of the program's own at its end. */
  const unanswered = new Set<() => void>();

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const api = APIS.find(({ path }) => path.test(pathname));
    if (api === undefined || request.method !== "POST") return new Response("{}", { status: 404 });
    const asked = JSON.parse(await request.text());
    const offered = api.offered(asked);
    const whole = pathname.endsWith(":generateContent");
    // A question without tools is the program's own, such as for a title.
    if (offered.length === 0) return send(api.answer(undefined, ""), whole);
    const found = api.result(asked);
    const text = textOf(found?.value);
    return await new Promise((settle) => {
      const end = (): void => resolve(send(api.answer(undefined, ""), whole));
      const resolve = (response: Response): void => {
        unanswered.delete(end);
        settle(response);
      };
      unanswered.add(end);
      const turn: Turn = {
        offered,
        result: found && { id: found.id, text },
        call(tool) {
          const id = `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;
          resolve(send(api.answer(tool, id), whole));
          return id;
        },
        end,
      };
      if (waiting === undefined) turns.push(turn);
      else waiting(turn);
      waiting = undefined;
    });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    next() {
      const turn = turns.shift();
      if (turn !== undefined) return Promise.resolve(turn);
      return new Promise((resolve) => waiting = resolve);
    },
    async [Symbol.asyncDispose]() {
      for (const end of unanswered) end();
      await server.shutdown();
    },
  };
}

/** The texts of a tool's result, in whichever form the API has it. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return JSON.stringify(value) ?? "";
  return value.map((part) => typeof part?.text === "string" ? part.text : "").join("\n");
}

function send(events: readonly object[], whole: boolean): Response {
  if (whole) return Response.json(events[0]);
  const lines = events.map((event) => {
    const name = "type" in event ? `event: ${event.type}\n` : "";
    return `${name}data: ${JSON.stringify(event)}\n\n`;
  });
  const last = events.every((event) => "type" in event) ? "" : "data: [DONE]\n\n";
  const text = lines.join("") + ("candidates" in (events[0] ?? {}) ? "" : last);
  return new Response(text, { headers: { "Content-Type": "text/event-stream" } });
}
