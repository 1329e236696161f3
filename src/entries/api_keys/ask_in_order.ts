/**
 * Finds out whether a credential is an access token or an API key by asking about one after the
 * other. The clock is an argument.
 *
 * @module
 */

import { createTtlCache } from "../../lib/ttl_cache.ts";
import type { World } from "../../lib/world.ts";
import { INACTIVE_TTL_SECONDS } from "../../oauth/answer_freshness.ts";
import { IntrospectionError } from "../../oauth/errors.ts";
import type { Answer, Introspect, IntrospectionFacts } from "../../oauth/facts.ts";
import type { Asking } from "../../verification/credential_source.ts";

/** How many credentials are remembered for each endpoint that does not know them. */
const MAX_UNKNOWN_CREDENTIALS = 10_000;
/** Seconds for which a credential that one endpoint knows is not asked about at the other. */
const KNOWN_ELSEWHERE_SECONDS = 3600;

const INACTIVE: IntrospectionFacts = Object.freeze({ active: false });

/** The two questions, and the function that chooses one of them. */
interface Order {
  readonly askIntrospection: Introspect;
  readonly askApiKeys: Introspect;
  /** `undefined`: both questions are asked as long as the answer is no. */
  readonly isApiKey: ((credential: string) => boolean) | undefined;
  readonly world: Pick<World, "now">;
  /** Seconds that one question takes at most. */
  readonly timeoutSeconds: number;
}

/**
 * Creates the question about a credential that may be an access token or an API key.
 *
 * Asks about the token first. Each endpoint's "no" is kept for as long as the answer about a dead
 * token, so that an outage of one endpoint does not repeat the question to the other. A credential
 * that one endpoint called good is not asked about at the other for an hour: no credential is both.
 *
 * When introspection fails, the key is not asked about: it may be a token. A 404 is an answer, since
 * PropelAuth has no tokens where MCP is not enabled; but not once introspection has answered here, for
 * then clients have tokens, which they would discard.
 *
 * @param order The two questions.
 * @returns The question. A credential that neither endpoint calls good is inactive.
 */
export function askInOrder(order: Order): Omit<Asking, "factsFormat"> {
  const { isApiKey, world, timeoutSeconds } = order;
  const tokens = createEndpoint(order.askIntrospection);
  const keys = createEndpoint(order.askApiKeys);

  function candidates(credential: string): Endpoint[] {
    if (isApiKey === undefined) return [tokens, keys];
    return [isApiKey(credential) === true ? keys : tokens];
  }

  return {
    timeoutSeconds: isApiKey === undefined ? 2 * timeoutSeconds : timeoutSeconds,
    onForget(digest: string): void {
      for (const { unknown } of [tokens, keys]) unknown.delete(digest);
    },
    async ask(credential, digest): Promise<Answer> {
      let askedAt = Infinity;
      let fault: unknown;
      const asked = candidates(credential);
      for (const endpoint of asked) {
        const { ask, unknown } = endpoint;
        const since = unknown.get(digest, world.now());
        if (since !== undefined) {
          askedAt = Math.min(askedAt, since);
          continue;
        }
        const startedAt = world.now();
        const answer = await ask(credential, digest).catch((error) => {
          const isLast = ask === asked.at(-1)?.ask;
          if (isLast || !isWithoutMcp(error)) throw error;
          if (endpoint.hasAnswered) fault = error;
          return undefined;
        });
        if (answer === undefined) {
          askedAt = Math.min(askedAt, startedAt);
          if (fault === undefined) remember(endpoint, digest, startedAt);
          continue;
        }
        endpoint.hasAnswered = true;
        if (!isUnknown(answer.facts)) {
          const until = answer.askedAt + KNOWN_ELSEWHERE_SECONDS;
          for (const other of [tokens, keys]) {
            if (other.ask !== ask) other.unknown.set(digest, Infinity, until, answer.askedAt);
          }
          return answer;
        }
        askedAt = Math.min(askedAt, answer.askedAt);
        remember(endpoint, digest, answer.askedAt);
      }
      // It may be a token.
      if (fault !== undefined) throw fault;
      return noAnswer(Math.min(askedAt, world.now()));
    },
  };
}

interface Endpoint {
  readonly ask: Introspect;
  /** When the endpoint was asked about each credential that it does not know, by digest. */
  readonly unknown: ReturnType<typeof createTtlCache<number>>;
  /** Whether it ever said whether a credential is good. */
  hasAnswered: boolean;
}

function createEndpoint(ask: Introspect): Endpoint {
  return { ask, unknown: createTtlCache<number>(MAX_UNKNOWN_CREDENTIALS), hasAnswered: false };
}

function remember({ unknown }: Endpoint, digest: string, askedAt: number): void {
  unknown.set(digest, askedAt, askedAt + INACTIVE_TTL_SECONDS, askedAt);
}

/** A key that is refused for a reason is known all the same. */
function isUnknown(facts: IntrospectionFacts): boolean {
  return !facts.active && facts.reason === undefined;
}

function isWithoutMcp(error: unknown): boolean {
  return error instanceof IntrospectionError && error.status === 404;
}

function noAnswer(askedAt: number): Answer {
  return { facts: INACTIVE, askedAt, source: "introspection" };
}
