import { atMost, type Figure, median, timed } from "../figure.ts";
import { CALL, createGate } from "../fixture.ts";
import { createHostileBodies } from "../hostile_bodies.ts";

/** Counts the introspections for a thousand simultaneous requests with one token that is not cached. */
export async function measureColdFlight(): Promise<Figure[]> {
  let asked = 0;
  const gate = createGate("https://mcp.example.com", {}, () => void asked++);
  const handler = gate.handler(() => new Response("hello"));
  await Promise.all(
    Array.from({ length: 1_000 }, () => handler(new Request("https://mcp.example.com/mcp", CALL))),
  );
  const what = "introspections for 1,000 simultaneous cold requests";
  return [{ ...atMost(what, asked, 1, "", 0), isExact: true }];
}

/** Measures the memory that a flood of distinct inactive tokens leaves behind. */
export async function measureDeadTokens(): Promise<Figure[]> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") {
    throw new Error("Start it with `deno task bench`, which exposes gc()");
  }
  const heap = () => {
    collect();
    return Deno.memoryUsage().heapUsed;
  };
  const { verifier } = createGate("https://mcp.example.com", { active: false });
  const before = heap();
  for (let i = 0; i < 200_000; i++) {
    await verifier.verifyAccessToken(`dead-token-number-${i}`).catch(() => {});
  }
  const growth = (heap() - before) / 1e6;
  // Use the gate once more, so that it and its caches were alive when the heap was read.
  await verifier.verifyAccessToken("dead-token-number-0").catch(() => {});
  const what = "heap growth for 200,000 distinct dead tokens";
  return [{ ...atMost(what, growth, 20, " MB", 1), isExact: true }];
}

/**
 * How much longer one hostile body holds the event loop than a server's own `request.json()` does three
 * times; the worst of all bodies.
 */
export async function measureHostileBodies(): Promise<Figure[]> {
  const rules = Array.from({ length: 10 }, (_, i) => i);
  const gate = createGate("https://mcp.example.com", {}, () => {}, {
    tools: Object.fromEntries(rules.map((i) => [`tool_number_${i}`, ["write:note"]])),
    resources: Object.fromEntries(
      rules.map((i) => [`n://{+a}/{+b}/{+c}/{+d${i}}`, ["write:note"]]),
    ),
  });
  const handler = gate.handler(() => new Response("reached"));
  const worst = { what: "", milliseconds: -Infinity };
  for (const [what, body] of createHostileBodies()) {
    const send = () =>
      new Request("https://mcp.example.com/mcp", {
        ...CALL,
        headers: { ...CALL.headers, "Content-Length": `${body.length}` },
        body,
      });
    const gates: number[] = [];
    const parses: number[] = [];
    // Small ones more often, until the engine has compiled what they need.
    const rounds = body.length > 500_000 ? 9 : 60;
    for (let round = 0; round < rounds; round++) {
      gates.push(await timed(() => handler(send())));
      parses.push(await timed(() => send().json()));
    }
    const milliseconds = median(gates) - 3 * median(parses);
    if (milliseconds > worst.milliseconds) Object.assign(worst, { what, milliseconds });
  }
  const { what, milliseconds } = worst;
  return [atMost(`hostile body, beyond 3 x its JSON.parse: ${what}`, milliseconds, 5, " ms", 1)];
}
