/**
 * A clock that tests control, a network that is a function with a log, and valid options and requests.
 *
 * @module
 */

import { composePropelAuth } from "../../src/create_propel_auth.ts";
import type { PropelAuth } from "../../src/propel_auth.ts";
import type {
  PropelAuthOptions,
  TokenIntrospectionOverrides,
} from "../../src/options/propel_auth_options.ts";
import type { AccessToken } from "../../src/oauth/access_token.ts";
import type { World } from "../../src/lib/world.ts";

/** The time at which every test starts, in seconds since 1970; in the far future. */
export const NOW = 4_000_000_000;

export const RESOURCE = "https://mcp.example.com/mcp";
export const METADATA_URL = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
export const SECRET = "introspection-secret";

/** Valid options: only those that are required. */
export const OPTIONS: PropelAuthOptions = {
  authUrl: "https://auth.example.com",
  introspectionClientId: "introspection-id",
  introspectionClientSecret: SECRET,
  baseUrl: "https://mcp.example.com",
};

/** An introspection response of a token that is accepted. */
export const ACTIVE: Readonly<Record<string, unknown>> = {
  active: true,
  sub: "user-1",
  client_id: "client-1",
  scope: "read write",
  aud: RESOURCE,
  exp: NOW + 600,
  token_type: "Bearer",
};

/** Answers an introspection request. A promise that never settles stands for a server that does not answer. */
export type Answer = (token: string, init: RequestInit) => Response | Promise<Response>;

export interface FakeWorld extends World {
  /** Moves the clock and runs the timers that end on the way, each at its own time. */
  advance(seconds: number): void;
  /** Ends the requests under way as Cloudflare Workers may: their timers never end. */
  endRequests(): void;
  /** The number of running timers. */
  readonly timers: number;
}

export interface Harness {
  readonly auth: PropelAuth;
  readonly world: FakeWorld;
  /** The tokens of all introspection requests, in order. */
  readonly asked: string[];
  /** The function that answers introspection requests; assign another to change it. */
  answer: Answer;
}

/** Creates a clock that starts at {@linkcode NOW} and moves only by `advance()`. */
export function createFakeWorld(fetch: World["fetch"]): FakeWorld {
  let now = NOW;
  const timers = new Set<Timer>();
  return {
    runs: false,
    fetch,
    now: () => now,
    startTimer(seconds, onEnd) {
      const timer = { endsAt: now + seconds, onEnd };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(seconds) {
      const end = now + seconds;
      for (let timer = nextOf(timers); timer && timer.endsAt <= end; timer = nextOf(timers)) {
        timers.delete(timer);
        now = Math.max(now, timer.endsAt);
        timer.onEnd();
      }
      now = end;
    },
    endRequests() {
      timers.clear();
    },
    get timers() {
      return timers.size;
    },
  };
}

interface Timer {
  readonly endsAt: number;
  readonly onEnd: () => void;
}

function nextOf(timers: ReadonlySet<Timer>): Timer | undefined {
  let next: Timer | undefined;
  for (const timer of timers) if (next === undefined || timer.endsAt < next.endsAt) next = timer;
  return next;
}

/** Creates a whole PropelAuth with a fake clock and network. */
export function createHarness(
  options: Partial<PropelAuthOptions> = {},
  answer: Answer = () => json(ACTIVE),
): Harness {
  const asked: string[] = [];
  const world = createFakeWorld((_url, init) => {
    const token = new URLSearchParams(String(init.body)).get("token") ?? "";
    asked.push(token);
    return Promise.resolve().then(() => harness.answer(token, init));
  });
  const harness: Harness = {
    auth: composePropelAuth({ ...OPTIONS, ...options }, world),
    world,
    asked,
    answer,
  };
  return harness;
}

/** Options with a cache that keeps answers for a minute. */
export function cached(
  overrides: TokenIntrospectionOverrides = {},
): Pick<PropelAuthOptions, "tokenIntrospectionOverrides"> {
  return { tokenIntrospectionOverrides: { cacheTtlSeconds: 60, ...overrides } };
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify(body), {
    ...init,
    headers: { "Content-Type": "application/json", ...init.headers },
  });
}

/** A request to the MCP endpoint, without a token if `token` is `null`. */
export function mcpRequest(token: string | null = "token-1", init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  return new Request(RESOURCE, { method: "POST", ...init, headers });
}

/** Waits until a condition holds, while pending promises settle; throws if it does not come to hold. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (condition()) return;
    await (ON_WORKERS ? turnOfTheLoop() : undefined);
  }
  throw new Error(`The condition does not come to hold: ${condition}`);
}

/** Lets all pending promises settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  if (ON_WORKERS) await turnOfTheLoop();
}

/** There a body is read in turns of the event loop, elsewhere by promises alone. */
const ON_WORKERS = globalThis.navigator?.userAgent === "Cloudflare-Workers";

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Asks the gate alone: the caller that it admits, or the response that it sends instead. */
export async function passGate(
  auth: PropelAuth,
  request: Request,
): Promise<AccessToken | Response> {
  let admitted: AccessToken | undefined;
  const response = await auth.authenticate(request, (caller) => {
    admitted = caller;
    return new Response();
  });
  return admitted ?? response;
}
