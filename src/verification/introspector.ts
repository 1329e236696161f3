/**
 * Asks one endpoint of PropelAuth about credentials: through the breaker and the limiter, under one
 * deadline, with a second try where that may help.
 *
 * @module
 */

import { createBreaker } from "./breaker.ts";
import type { CredentialSource } from "./credential_source.ts";
import { DeadlineError, withDeadline, type World } from "../lib/world.ts";
import { IntrospectionError } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { Introspect, IntrospectionFacts } from "../oauth/facts.ts";
import type { Limiter } from "./limiter.ts";
import { buildFailed, describeToken } from "../events/token_events.ts";

/** The bounds of asking. */
interface IntrospectorOptions {
  readonly timeoutSeconds: number;
  /** Shared by all sources: it bounds how many questions run at once in all. */
  readonly limiter: Limiter;
}

/**
 * Creates a function that asks PropelAuth each time it is called.
 *
 * One deadline of `timeoutSeconds` covers the whole exchange, the second try and the body included.
 * Before it an introspection waits for its turn.
 *
 * @param source The endpoint, and how it is asked.
 * @param options The deadline and the limiter.
 * @param world The clock, the timers and the network.
 * @param emit Reports each introspection, and when the breaker opens and closes.
 * @returns The function. It remembers of a token only that introspection failed, under its digest.
 */
export function createIntrospector(
  source: CredentialSource,
  options: IntrospectorOptions,
  world: World,
  emit: Emit,
): Introspect {
  const { timeoutSeconds, limiter } = options;
  const { credential } = source;
  const breaker = createBreaker(world, emit, credential);

  async function exchangeInTime(token: string, digest: string): Promise<IntrospectionFacts> {
    try {
      return await withDeadline(world, timeoutSeconds, async (signal) => {
        const exchange = async (): Promise<IntrospectionFacts> => {
          const request = { ...source.buildRequest(token), signal };
          const response = await world.fetch(source.endpoint, request);
          return await source.processResponse(response, world.now(), digest);
        };
        try {
          return await exchange();
        } catch (error) {
          if (signal.aborted || !mayRetry(error)) throw error;
          return await exchange();
        }
      });
    } catch (error) {
      if (error instanceof IntrospectionError) throw error;
      if (error instanceof DeadlineError) throw new IntrospectionError("timeout");
      const cause = networkCause(error, [token, ...source.secrets]);
      throw new IntrospectionError("network", { cause });
    }
  }

  async function ask(token: string, digest: string): Promise<IntrospectionFacts> {
    const startedAt = world.now();
    const which = () => ({ ...describeToken({ digest, startedAt }, world.now()), credential });
    try {
      const facts = await exchangeInTime(token, digest);
      emit?.({ code: "introspection_completed", ...which(), active: facts.active });
      return facts;
    } catch (error) {
      if (error instanceof IntrospectionError) emit?.(buildFailed(which(), error));
      throw error;
    }
  }

  return async (token, digest) => {
    const askedAt = world.now();
    // The breaker is asked here too, to refuse at once and not after a wait in the queue.
    breaker.refuseWhileOpen(digest);
    const facts = await limiter.run((hasWaited) =>
      breaker.run(digest, hasWaited, () => ask(token, digest))
    );
    return { facts, askedAt, source: "introspection" };
  };
}

/** Creates an error with a message alone: an error of `fetch` may carry the request. */
function networkCause(error: unknown, secrets: readonly string[]): Error {
  const thrown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = thrown instanceof Error ? thrown.message : "";
  // The whole message is searched: cutting it first could leave a part of a secret.
  const leaks = secrets.some((secret) => spellingsOf(secret).some((one) => message.includes(one)));
  return new Error(leaks || message === "" ? "network error" : message.slice(0, 500));
}

/** A secret as it is, and as it is written in a URL and in a form. */
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
 * Whether a failed introspection may be sent once more at once: the connection was refused or reset,
 * or a proxy answered 502 or 503 without `Retry-After`. Introspection changes nothing at PropelAuth,
 * so a request that may have arrived can be repeated.
 */
function mayRetry(error: unknown): boolean {
  if (error instanceof IntrospectionError) {
    const { status, retryAfterSeconds = 0 } = error;
    return (status === 502 || status === 503) && retryAfterSeconds <= 0;
  }
  return isConnectionLost(error);
}

/**
 * Whether a connection was refused, reset or closed before the answer was complete, by the error of
 * Deno's or Node's `fetch` and its first five causes. False for an error of any other kind.
 */
function isConnectionLost(error: unknown): boolean {
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
    const code: unknown = "code" in error ? error.code : error.name;
    if (typeof code === "string" && LOST_CODE.test(code)) return true;
    if (LOST_MESSAGE.test(error.message.slice(0, 1_000))) return true;
    error = error.cause;
  }
  return false;
}
