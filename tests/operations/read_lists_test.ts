import assert from "node:assert/strict";
import { test } from "node:test";
import { LISTS } from "../../src/operations/lists.ts";
import { type ListReply, readLists } from "../../src/operations/read_lists.ts";

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly id: number | undefined;
  readonly method: string;
  readonly params: { cursor?: string } | undefined;
}

/** Answers each request with a result or an error; `undefined` is 202. */
type Answer = (sent: Sent) => object | ListReply | undefined;

const reply = (text: string, status = 200, headers: Record<string, string> = {}): ListReply => ({
  status,
  headers: new Headers({ "Content-Type": "application/json", ...headers }),
  text,
});

function run(answer: Answer, wanted = LISTS) {
  const sent: Sent[] = [];
  const reading = readLists(wanted, "test");
  let step = reading.next();
  while (!step.done) {
    const { headers, body } = step.value;
    const message = { headers, ...JSON.parse(body) };
    sent.push(message);
    const given = answer(message) ?? {};
    const done = "status" in given && "headers" in given;
    const text = JSON.stringify({ jsonrpc: "2.0", id: message.id, ...given });
    step = reading.next(done ? given as ListReply : reply(text));
  }
  return { sent, ...step.value, lists: Object.fromEntries(step.value.lists) };
}

const INITIALIZED = { result: { protocolVersion: "2025-06-18" } };
const TOOLS = LISTS.slice(0, 1);
const start = (then: Answer): Answer => (sent) =>
  sent.method === "initialize" ? INITIALIZED : then(sent);

test("readLists() asks for every page of every list, after the handshake", () => {
  const { sent, lists, sessionId } = run(({ id, method, params }) => {
    switch (method) {
      case "initialize":
        return reply(JSON.stringify({ id, ...INITIALIZED }), 200, { "Mcp-Session-Id": "s-1" });
      case "tools/list":
        return params?.cursor === "2"
          ? { result: { tools: [{ name: "b" }] } }
          : { result: { tools: [{ name: "a" }, {}], nextCursor: "2" } };
      case "resources/templates/list":
        return { result: { resourceTemplates: [{ uriTemplate: "a://{b}" }] } };
      case "resources/list":
        return { result: { resources: [{ uri: "a://b" }] } };
      default:
        return { error: { code: -32601, message: "Method not found" } };
    }
  });
  assert.deepEqual(lists, {
    "tools/list": { names: ["a", "b"] },
    "prompts/list": { names: [] },
    "resources/list": { names: ["a://b"] },
    "resources/templates/list": { names: ["a://{b}"] },
  });
  assert.equal(sessionId, "s-1");
  assert.deepEqual(sent.map(({ method }) => method), [
    "initialize",
    "notifications/initialized",
    "tools/list",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
  ]);
  assert.equal(sent[0]?.headers["Mcp-Session-Id"], undefined);
  for (const { headers } of sent.slice(1)) {
    assert.equal(headers["Mcp-Session-Id"], "s-1");
    assert.equal(headers["MCP-Protocol-Version"], "2025-06-18");
  }
  assert.equal(sent[1]?.id, undefined);
});

test("readLists() reads answers that come as events", () => {
  const { lists } = run(
    start(({ id }) => {
      const noise = 'event: message\ndata: {"method":"notifications/message"}';
      const answer = JSON.stringify({ id, result: { tools: [{ name: "a" }] } });
      return reply(`: hello\n\n${noise}\n\nevent: message\ndata: ${answer}\n\n`, 200, {
        "Content-Type": "text/event-stream",
      });
    }),
    TOOLS,
  );
  assert.deepEqual(lists, { "tools/list": { names: ["a"] } });
});

test("readLists() reads data in several lines that end in CR LF", () => {
  const { lists } = run(
    start(({ id }) => {
      const lines = JSON.stringify({ id, result: { tools: [{ name: "a" }] } }, null, 1).split("\n");
      const text = [...lines.map((line) => `data: ${line}`), "", ""].join("\r\n");
      return reply(text, 200, { "Content-Type": "text/event-stream" });
    }),
    TOOLS,
  );
  assert.deepEqual(lists, { "tools/list": { names: ["a"] } });
});

const FAULTS: [what: string, answer: Answer, fault: RegExp][] = [
  ["initialize is refused", () => reply("", 401), /^status 401$/],
  ["a list is refused", start(() => reply("", 403)), /^status 403$/],
  [
    "a list ends in an error",
    start(() => ({ error: { code: -1, message: "no" } })),
    /^error "no"$/,
  ],
  ["an answer is not JSON", start(() => reply("<html>")), /not a JSON-RPC response/],
  ["a body cannot be read", start(() => ({ ...reply(""), text: undefined })), /not a JSON-RPC/],
  ["a result has no list", start(() => ({ result: {} })), /the result has no tools/],
  ["pages never end", start(() => ({ result: { tools: [], nextCursor: "1" } })), /do not end/],
];

for (const [what, answer, fault] of FAULTS) {
  test(`readLists() says that ${what}`, () => {
    const { lists: { "tools/list": list } } = run(answer, TOOLS);
    assert.match(list !== undefined && "fault" in list ? list.fault : "", fault);
  });
}
