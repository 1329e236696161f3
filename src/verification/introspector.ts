/**
 * Asks PropelAuth about tokens: the breaker, a place among those who ask, one deadline, and one more
 * try where that may help.
 *
 * @module
 */

import { createBreaker } from "./breaker.ts";
import { DeadlineError, withDeadline, type World } from "../lib/world.ts";
import { IntrospectionError } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { IntrospectionFacts, Lookup } from "../oauth/facts.ts";
import {
  buildBasicCredentials,
  buildIntrospectionRequest,
  type IntrospectionCredentials,
  processIntrospectionResponse,
} from "../oauth/introspection.ts";
import { createLimiter } from "./limiter.ts";
import { buildFailed, describeToken } from "../events/token_events.ts";

/** What an introspector is made of. */
export interface IntrospectorOptions extends IntrospectionCredentials {
  readonly introspectionEndpoint: string;
  readonly timeoutSeconds: number;
  readonly maxConcurrentIntrospections: number;
}

/**
 * Creates a function that asks PropelAuth, each time it is called.
 *
 * The whole exchange has one deadline, the second try and the body included. Before it a question
 * waits for its turn, for half of that time at most.
 *
 * @param options Checked options.
 * @param world The clock and the network.
 * @param emit Tells of each question, and of the breaker.
 * @returns The function. It remembers nothing of tokens.
 */
export function createIntrospector(
  options: IntrospectorOptions,
  world: World,
  emit: Emit,
): Lookup {
  const { introspectionEndpoint, timeoutSeconds, maxConcurrentIntrospections } = options;
  const basicCredentials = buildBasicCredentials(options);
  const breaker = createBreaker(world, emit);
  const limiter = createLimiter(world, maxConcurrentIntrospections, timeoutSeconds / 2);

  async function exchange(token: string, signal: AbortSignal): Promise<IntrospectionFacts> {
    const request = buildIntrospectionRequest(basicCredentials, token);
    const response = await world.fetch(introspectionEndpoint, { ...request, signal });
    return await processIntrospectionResponse(response, world.now());
  }

  async function exchangeInTime(token: string): Promise<IntrospectionFacts> {
    try {
      return await withDeadline(world, timeoutSeconds, async (signal) => {
        try {
          return await exchange(token, signal);
        } catch (error) {
          if (signal.aborted || !mayRetry(error)) throw error;
          return await exchange(token, signal);
        }
      });
    } catch (error) {
      if (error instanceof IntrospectionError) throw error;
      if (error instanceof DeadlineError) throw new IntrospectionError("timeout");
      const secrets = [token, basicCredentials.slice(6), options.introspectionClientSecret];
      throw new IntrospectionError("network", { cause: networkCause(error, secrets) });
    }
  }

  async function ask(token: string, digest: string): Promise<IntrospectionFacts> {
    const startedAt = world.now();
    const which = () => describeToken(digest, startedAt, world.now());
    try {
      const facts = await exchangeInTime(token);
      emit?.({ code: "introspection_completed", ...which(), active: facts.active });
      return facts;
    } catch (error) {
      if (error instanceof IntrospectionError) emit?.(buildFailed(which(), error));
      throw error;
    }
  }

  return async (token, digest) => {
    const askedAt = world.now();
    // Here too, so that an open breaker refuses at once and not after a wait in the queue.
    breaker.refuseWhileOpen(digest);
    const facts = await limiter.run(() => breaker.run(digest, () => ask(token, digest)));
    return { facts, askedAt, source: "introspection" };
  };
}

/** A fresh error with a message alone: what `fetch` threw may carry the request it was given. */
function networkCause(error: unknown, secrets: readonly string[]): Error {
  const thrown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = thrown instanceof Error ? thrown.message : "";
  // Looked for before it is cut, which would leave a part of a secret.
  const leaks = secrets.some((secret) => spellingsOf(secret).some((one) => message.includes(one)));
  return new Error(leaks || message === "" ? "network error" : message.slice(0, 500));
}

/** As it is, and as a URL and a form have it. */
function spellingsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([["", secret]]).toString().slice(1),
  ];
}

const MAX_CAUSES = 5;
// The codes of Node and of undici, and the names of Deno's own errors.
const LOST_CODE =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|UND_ERR_SOCKET|ConnectionRefused|ConnectionReset)$/;
// Deno's fetch has no codes, only the words of hyper and of the system.
const LOST_MESSAGE =
  /connection (refused|reset)|closed before message completed|reading a body from connection|actively refused|forcibly closed/i;

/**
 * Tells whether a failed question may be asked once more at once: the connection was refused or
 * reset, or a proxy answered 502 or 503 without saying when to come back. To ask changes nothing at
 * PropelAuth, so a question that may have arrived can be repeated.
 *
 * @param error What the exchange threw.
 * @returns Whether a second try makes sense.
 */
export function mayRetry(error: unknown): boolean {
  if (error instanceof IntrospectionError) {
    const { status, retryAfterSeconds = 0 } = error;
    return (status === 502 || status === 503) && retryAfterSeconds <= 0;
  }
  return isConnectionLost(error);
}

/**
 * Tells whether a connection was refused, reset or closed before the answer was complete.
 *
 * Knows the errors of Deno's and of Node's `fetch`; any other counts as something else.
 *
 * @param error What `fetch`, or the reading of a body, threw.
 * @returns Whether one of its causes says so.
 */
export function isConnectionLost(error: unknown): boolean {
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
    const code: unknown = "code" in error ? error.code : error.name;
    if (typeof code === "string" && LOST_CODE.test(code)) return true;
    if (LOST_MESSAGE.test(error.message.slice(0, 1_000))) return true;
    error = error.cause;
  }
  return false;
}
