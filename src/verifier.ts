/**
 * The whole check of a token: cache, one flight per token, judgement.
 *
 * @module
 */

import { hash } from "node:crypto";
import { type AccessToken, type AccessTokenPolicy, judgeAccessToken } from "./access_token.ts";
import { isToken68 } from "./bearer.ts";
import { isOutage } from "./breaker.ts";
import { AccessTokenError, IntrospectionError } from "./errors.ts";
import type { Emit, FactsSource } from "./events.ts";
import type { IntrospectionFacts } from "./facts.ts";
import type { Answer, Lookup } from "./introspector.ts";
import { buildAccepted, buildRefused, buildUnverified, describeToken } from "./token_events.ts";
import { createTtlCache } from "./ttl_cache.ts";
import type { World } from "./world.ts";

/** Seconds for which a dead token is not asked about again. */
export const INACTIVE_TTL_SECONDS = 5;
/** How many dead tokens are remembered at most; in a cache of their own, away from live ones. */
export const MAX_INACTIVE_CACHE_SIZE = 10_000;

/** Checks access tokens; fits the type `OAuthTokenVerifier` of both MCP SDK majors. */
export interface AccessTokenVerifier {
  /**
   * Verifies an access token as a request's gate would: introspection or cache, then judgement.
   *
   * Where each organization has an endpoint of its own, the second argument says for which the
   * token has to be; without it every token is refused.
   *
   * Behind the SDK's own `requireBearerAuth` every refusal would become a 500, since that gate
   * knows only the SDK's error classes.
   *
   * @param token The access token, without `Bearer`.
   * @param orgId With an `mcpPath` that has `{orgId}`: the organization. Else ignored.
   * @returns The verified token, a new object each time.
   * @throws {AccessTokenError} Any reason but `missing_credentials`: the token is refused.
   * @throws {IntrospectionError} Any reason: the token could not be looked at.
   */
  verifyAccessToken(token: string, orgId?: string): Promise<AccessToken>;
}

/** The same inside, where the policy depends on what was asked for. */
export interface Verifier {
  /** Verifies a token as {@linkcode AccessTokenVerifier} does, against a policy. */
  readonly verify: (token: string, policy: AccessTokenPolicy) => Promise<AccessToken>;
  /** Verifies a caller's token again by an answer of now, unless the first was one. */
  readonly verifyFresh: (caller: AccessToken, policy: AccessTokenPolicy) => Promise<AccessToken>;
  /** Asks no more from now on, and settles when the questions under way have ended. */
  readonly close: () => Promise<void>;
}

/** What a verifier is made of. */
export interface VerifierOptions {
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly staleIfErrorSeconds: number;
}

/**
 * Creates a verifier.
 *
 * Its caches hold facts under the token's digest, never a token and never a verdict: each request
 * judges anew, against its own time. However many requests wait for one token, it is looked up
 * once; a failure is shared by those who waited for it and kept for nobody else.
 *
 * @param options Checked options.
 * @param world The clock.
 * @param emit Tells of each token.
 * @param lookup Finds out about a token that is not known here.
 * @returns The verifier.
 */
export function createVerifier(
  options: VerifierOptions,
  world: World,
  emit: Emit,
  lookup: Lookup,
): Verifier {
  const { cacheTtlSeconds, maxCacheSize, staleIfErrorSeconds } = options;
  const active = createTtlCache<IntrospectionFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const recent = createTtlCache<IntrospectionFacts>(staleIfErrorSeconds > 0 ? maxCacheSize : 0);
  const inactive = createTtlCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  const flights = new Map<string, Promise<Answer>>();
  /** Verified by an answer to a question that their own request asked. */
  const fresh = new WeakSet<AccessToken>();
  let closed = false;

  /** Counted from the question: a token that was revoked since is stale that much earlier. */
  function remember(digest: string, { facts, askedAt }: Answer): void {
    // RFC 7662 §4: not kept past the token's own expiry.
    const expiresAt = facts.active ? facts.expiresAt ?? Infinity : -Infinity;
    if (expiresAt > askedAt) {
      active.set(digest, facts, Math.min(askedAt + cacheTtlSeconds, expiresAt), askedAt);
      recent.set(digest, facts, Math.min(askedAt + staleIfErrorSeconds, expiresAt), askedAt);
    } else {
      // Dead from now on, whatever was known before.
      active.delete(digest);
      recent.delete(digest);
      inactive.set(digest, facts, askedAt + INACTIVE_TTL_SECONDS, askedAt);
    }
  }

  async function fly(token: string, digest: string): Promise<Answer> {
    const answer = await lookup(token, digest);
    remember(digest, answer);
    return answer;
  }

  function joinFlight(token: string, digest: string): Promise<Answer> {
    const underWay = flights.get(digest);
    if (underWay !== undefined) return underWay;
    if (closed) throw new IntrospectionError("closed");
    const flight = fly(token, digest).finally(() => flights.delete(digest));
    flights.set(digest, flight);
    return flight;
  }

  /** An answer from PropelAuth, perhaps to the question of another request. */
  async function findNow(token: string, digest: string): Promise<Omit<Answer, "askedAt">> {
    const joined = flights.has(digest);
    const answer = await joinFlight(token, digest);
    return joined ? { facts: answer.facts, source: "flight" } : answer;
  }

  /** An answer from PropelAuth, or while it cannot be asked the last one, if that may still count. */
  async function find(token: string, digest: string): Promise<Omit<Answer, "askedAt">> {
    try {
      return await findNow(token, digest);
    } catch (error) {
      const facts = isOutage(error) ? recent.get(digest, world.now()) : undefined;
      if (facts === undefined) throw error;
      return { facts, source: "stale" };
    }
  }

  /** Judges, and tells how it went when somebody listens. */
  function judge(
    facts: IntrospectionFacts,
    policy: AccessTokenPolicy,
    token: string,
    digest: string,
    startedAt: number,
    now: number,
    source: FactsSource,
  ): AccessToken {
    if (emit === undefined) return judgeAccessToken(facts, policy, now, token);
    const which = describeToken(digest, startedAt, now);
    try {
      const accessToken = judgeAccessToken(facts, policy, now, token);
      emit(buildAccepted(which, accessToken, source));
      return accessToken;
    } catch (error) {
      if (error instanceof AccessTokenError) {
        emit(buildRefused(which, error, facts, policy, now, source));
      }
      throw error;
    }
  }

  async function verifyBy(
    search: typeof find,
    token: string,
    policy: AccessTokenPolicy,
    digest: string,
    now: number,
  ): Promise<AccessToken> {
    const { facts, source } = await search(token, digest).catch((error) => {
      if (emit !== undefined && error instanceof IntrospectionError) {
        emit(buildUnverified(describeToken(digest, now, world.now()), error));
      }
      throw error;
    });
    const accessToken = judge(facts, policy, token, digest, now, world.now(), source);
    if (source === "introspection") fresh.add(accessToken);
    return accessToken;
  }

  return Object.freeze({
    async verify(token: string, policy: AccessTokenPolicy): Promise<AccessToken> {
      if (!isToken68(token)) {
        emit?.({ code: "token_refused", reason: "malformed_credentials" });
        throw new AccessTokenError("malformed_credentials");
      }
      const digest = digestToken(token);
      const now = world.now();
      const known = active.get(digest, now) ?? inactive.get(digest, now);
      if (known !== undefined) return judge(known, policy, token, digest, now, now, "cache");
      return await verifyBy(find, token, policy, digest, now);
    },
    async verifyFresh(caller: AccessToken, policy: AccessTokenPolicy): Promise<AccessToken> {
      if (fresh.has(caller)) return caller;
      const { token } = caller;
      return await verifyBy(findNow, token, policy, digestToken(token), world.now());
    },
    async close(): Promise<void> {
      closed = true;
      await Promise.allSettled(flights.values());
    },
  });
}

/** One-way, so that a dump of the cache's keys gives nobody a token. */
function digestToken(token: string): string {
  return hash("sha256", token, "hex");
}
