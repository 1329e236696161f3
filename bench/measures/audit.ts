import { setImmediate } from "node:timers/promises";
import { auditLog } from "@x/propelauth-mcp/audit";
import { compareServers, differenceOf, type Load, ratioOf } from "../compare.ts";
import { atMost, type Figure, plain } from "../figure.ts";
import { CALL, createGate, expectLong } from "../fixture.ts";
import { DENO, findNodes, type Runtime } from "../project.ts";
import { startServer } from "../servers.ts";

/** Calls whose answers are 1 MB long. */
const LONG: Load = { rounds: 20, calls: 40, expect: expectLong };

/** Compares calls over HTTP that `auditCalls()` records with the same calls unrecorded, on Deno. */
export async function measureAuditCall(): Promise<Figure[]> {
  return [
    ...await compare(DENO, "deno", "v2", "SDK v2", 1.05),
    ...await compare(DENO, "deno", "later", "SDK v2, a tool that waits", 1.05),
    ...await compare(DENO, "deno", "v1", "SDK v1, JSON", 1.05),
    ...await compare(DENO, "deno", "function", "a function as server"),
  ];
}

/** The same on each version of Node. */
export async function measureAuditNode(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const node of findNodes().nodes) {
    figures.push(...await compare(node, "hono", "v2", "SDK v2", 1.05));
    figures.push(...await compare(node, "hono", "later", "SDK v2, a tool that waits", 1.05));
  }
  return figures;
}

/** Compares event streams of 1 MB that `auditCalls()` reads with the same streams unread, on Deno. */
export async function measureAuditStream(): Promise<Figure[]> {
  return [
    ...await compare(DENO, "deno", "long", "SDK v2, 1 MB in one message", 1.1, LONG),
    ...await compare(DENO, "deno", "progress", "SDK v2, 1 MB in 1,001 messages", 1.1, LONG),
    ...await compare(DENO, "deno", "stream", "a function that sends 1 MB", undefined, LONG),
  ];
}

async function compare(
  runtime: Runtime,
  adapter: string,
  server: string,
  what: string,
  goal?: number,
  load?: Load,
): Promise<Figure[]> {
  const [audited, guarded] = await compareServers([
    () => startServer(runtime, { adapter, server, gate: "audited" }),
    () => startServer(runtime, { adapter, server, gate: "guarded" }),
  ], load);
  const call = `${runtime.name}, ${what}: call`;
  const ratio = ratioOf(audited, guarded);
  return [
    goal === undefined
      ? plain(`${call} recorded / not`, ratio)
      : atMost(`${call} recorded / not`, ratio, goal),
    plain(`${call}: what the record adds`, differenceOf(audited, guarded), " \u00b5s", 0),
  ];
}

/** Measures the memory that calls take up whose events a writer never returns from writing. */
export async function measureAuditMemory(): Promise<Figure[]> {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") {
    throw new Error("Start it with `deno task bench`, which exposes gc()");
  }
  const heap = async (): Promise<number> => {
    // Requests and their streams are let go of over some turns of the event loop.
    for (let turn = 0; turn < 6; turn++) {
      await setImmediate();
      collect();
    }
    return Deno.memoryUsage().heapUsed;
  };
  const log = auditLog({ write: () => new Promise(() => {}) });
  const gate = createGate("https://mcp.example.com", {}, undefined, undefined, { audit: log });
  const handler = gate.handler(() => Response.json({ jsonrpc: "2.0", id: 1, result: {} }));
  const callOften = async (calls: number): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      await handler(new Request("https://mcp.example.com/mcp", CALL));
    }
  };
  const before = await heap();
  await callOften(20_000);
  const full = await heap();
  await callOften(100_000);
  const later = await heap();
  const { waiting, dropped } = log.counts();
  const what = "with a writer that never returns: heap growth";
  return [
    {
      ...atMost(`${what} for the queue of ${waiting}`, (full - before) / 1e6, 20, " MB", 1),
      isExact: true,
    },
    {
      ...atMost(`${what} for ${dropped} calls past it`, (later - full) / 1e6, 1, " MB", 1),
      isExact: true,
    },
  ];
}
