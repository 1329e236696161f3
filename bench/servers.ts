import { createProject, DENO, pathOf, type Runtime } from "./project.ts";
import { type Program, startCommand } from "./start_program.ts";

/** A server of `programs/server.ts`, to be started. */
export interface ServerKind {
  /** `deno`, `hono` (`@hono/node-server`), `sdk` (`@modelcontextprotocol/node`) or `express`. */
  readonly adapter: string;
  /**
   * `v2` or `v1` (of the SDK), `list` (many tools), `later` (a tool that waits), `long` (a long answer),
   * `progress` (a long stream of messages), `stream` (the same, sent by a function) or `function`.
   */
  readonly server?: string;
  /** `bare`, `guarded`, `policy`, `traced`, `audited`, or the gate of another in `programs/peers.mjs`. */
  readonly gate: string;
  /** The URL of the PropelAuth that it asks, and for how many seconds it keeps the answers. */
  readonly asks?: readonly [authUrl: string, seconds: string];
}

/**
 * Starts a server on a runtime: on Node from the packed files, on Deno from the source unless
 * `checkout` is given.
 *
 * @param runtime The runtime.
 * @param kind The server.
 * @param checkout The checkout whose packed files are used; this one by default.
 */
export async function startServer(
  runtime: Runtime,
  { adapter, server = "v2", gate, asks = ["", ""] }: ServerKind,
  checkout?: string,
): Promise<Program> {
  const args = [adapter, server, gate, ...asks];
  if (runtime === DENO && checkout === undefined) {
    return await startCommand([...runtime.command, pathOf("programs/server.ts"), ...args]);
  }
  const project = await createProject(checkout);
  return await startCommand([...runtime.command, "bench/programs/server.js", ...args], project);
}
