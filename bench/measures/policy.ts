import type { OperationRules } from "@x/propelauth-mcp";
import { compareServers, differenceOf, ratioOf } from "../compare.ts";
import { atMost, cpuTimed, type Figure, median, plain, type Spread, spreadOf } from "../figure.ts";
import { CALL, createGate, expectList, LIST, LISTED } from "../fixture.ts";
import { DENO } from "../project.ts";
import { startServer } from "../servers.ts";

const BASE_URL = "https://mcp.example.com";

/** Measures what a policy adds to a warm call over HTTP, in addition to the gate. */
export async function measurePolicyCall(): Promise<Figure[]> {
  const [policy, guarded] = await compareServers([
    () => startServer(DENO, { adapter: "deno", gate: "policy" }),
    () => startServer(DENO, { adapter: "deno", gate: "guarded" }),
  ]);
  return [
    atMost("warm call with a policy / without one, over HTTP", ratioOf(policy, guarded), 1.05),
    plain("what the policy adds to such a call", differenceOf(policy, guarded), " \u00b5s", 0),
    await measureLongBody(),
  ];
}

/** Measures what a policy adds to a long list from which it removes one tool. */
export async function measurePolicyList(): Promise<Figure[]> {
  const [policy, guarded] = await compareServers([
    () => startServer(DENO, { adapter: "deno", server: "list", gate: "policy" }),
    () => startServer(DENO, { adapter: "deno", server: "list", gate: "guarded" }),
  ], {
    rounds: 10,
    request: LIST,
    expect: (response, index) => expectList(response, index === 0 ? LISTED - 1 : LISTED),
  });
  const what = `list of ${LISTED} tools with a policy / without one, over HTTP`;
  return [
    atMost(what, ratioOf(policy, guarded), 1.3),
    plain("what the policy adds to such a list", differenceOf(policy, guarded), " \u00b5s", 0),
    await measureList(200, 1.2),
    await measureList(2_000, 1.3),
  ];
}

/** The time that a policy adds to a list, over the time of `JSON.parse` and `JSON.stringify`. */
async function measureList(length: number, goal: number): Promise<Figure> {
  const tools = Array.from({ length }, (_, i) => ({
    name: `tool_${i}`,
    description: `Does the thing of number ${i}, which takes a sentence to say`,
    inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  }));
  const list = JSON.stringify({ jsonrpc: "2.0", id: 1, result: { tools } });
  const rules = Object.fromEntries(
    tools.map(({ name }, i) => [name, [i > 0 ? "write:note" : "admin"]]),
  );
  const ratio = await measureAdded(
    { tools: rules },
    () => new Response(list, { headers: { "Content-Type": "application/json" } }),
    LIST.body,
    () => JSON.stringify(JSON.parse(list)),
    Math.ceil(40_000 / length),
  );
  const what = `what a policy adds to a list of ${length} tools / to parse and write that list`;
  return atMost(what, ratio, goal);
}

/** The time that a policy adds to a body of 1 MiB, over `JSON.parse` of that body. */
async function measureLongBody(): Promise<Figure> {
  const rows = Array.from({ length: 10_000 }, (_, id) => ({ id, text: "x".repeat(80) }));
  const params = { name: "hello", arguments: { rows } };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const bytes = new TextEncoder().encode(body);
  const ratio = await measureAdded(
    { tools: { hello: ["write:note"] } },
    // A server that reads the body reads it either way, unless it gets the parsed one.
    async (request, { parsedBody }) => {
      if (parsedBody === undefined) await request.json();
      return new Response("called");
    },
    body,
    () => JSON.parse(new TextDecoder().decode(bytes)),
    5,
  );
  return atMost("what a policy adds to a body of 1 MiB / JSON.parse of it", ratio, 1.5);
}

async function measureAdded(
  operations: OperationRules,
  server: (request: Request, options: { parsedBody?: unknown }) => Response | Promise<Response>,
  body: string,
  alone: () => unknown,
  calls: number,
): Promise<Spread> {
  const handlers = [undefined, operations].map((rules) =>
    createGate(BASE_URL, {}, undefined, rules).handler(server)
  );
  const headers = { ...CALL.headers, "Content-Length": `${body.length}` };
  const run = (handler: (request: Request) => Promise<Response>) => () =>
    cpuTimed(async () => {
      for (let call = 0; call < calls; call++) {
        const request = new Request(`${BASE_URL}/mcp`, { ...CALL, headers, body });
        const response = await handler(request);
        await response.text();
        if (response.status !== 200) throw new Error(`The gate answered ${response.status}`);
      }
    });
  const [without, withPolicy] = handlers.map(run);
  const ratios: number[] = [];
  for (let round = -5; round < 30; round++) {
    const added = (await withPolicy?.() ?? NaN) - (await without?.() ?? NaN);
    const parse = await cpuTimed(() => {
      for (let call = 0; call < calls; call++) alone();
    });
    if (round >= 0) ratios.push(added / parse);
  }
  return spreadOf(ratios);
}

/** How much longer a read of one resource takes when there are 1,000 templates instead of 10. */
export async function measureTemplates(): Promise<Figure[]> {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "resources/read",
    params: { uri: "area-7://notes/1" },
  });
  const [few, many] = [10, 1_000].map((count) => {
    const gate = createGate("https://mcp.example.com", {}, () => {}, {
      resources: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`area-${i}://notes/{id}`, ["write:note"]]),
      ),
    });
    const handler = gate.handler(() => new Response("read"));
    const times: number[] = [];
    return {
      times,
      async run(): Promise<void> {
        times.push(
          await cpuTimed(async () => {
            for (let i = 0; i < 1_000; i++) {
              const request = new Request("https://mcp.example.com/mcp", { ...CALL, body });
              if ((await handler(request)).status !== 200) throw new Error("It was refused");
            }
          }),
        );
      },
    };
  });
  for (let round = 0; round < 30; round++) {
    await few?.run();
    await many?.run();
  }
  const added = median(many?.times ?? []) - median(few?.times ?? []);
  // Of a thousand calls, in milliseconds: microseconds for one.
  return [atMost("what 1,000 templates add to a read, against 10", added, 5, " \u00b5s", 1)];
}
