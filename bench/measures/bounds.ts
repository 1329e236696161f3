import { atMost, type Figure } from "../figure.ts";
import { CALL, createGate } from "../fixture.ts";

/** Counts the introspections for a thousand simultaneous requests with one token that is not cached. */
export async function measureColdFlight(): Promise<Figure[]> {
  let asked = 0;
  const gate = createGate("https://mcp.example.com", {}, () => void asked++);
  const handler = gate.handler(() => new Response("hello"));
  await Promise.all(
    Array.from({ length: 1_000 }, () => handler(new Request("https://mcp.example.com/mcp", CALL))),
  );
  return [atMost("introspections for 1,000 simultaneous cold requests", asked, 1, "", 0)];
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
  return [atMost("heap growth for 200,000 distinct dead tokens", growth, 20, " MB", 1)];
}
