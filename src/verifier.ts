/**
 * The whole check of a token: cache, one flight per token, judgement.
 *
 * @module
 */

import { hash } from "node:crypto";
import { type AccessToken, type AccessTokenPolicy, judgeAccessToken } from "./access_token.ts";
import { isShortText, isToken68 } from "./bearer.ts";
import { isOutage } from "./breaker.ts";
import { AccessTokenError, IntrospectionError } from "./errors.ts";
import type { Emit, FactsSource } from "./events.ts";
import type { IntrospectionFacts } from "./facts.ts";
import { createListPool } from "./list_pool.ts";
import type { Answer, Lookup } from "./introspector.ts";
import { buildAccepted, buildRefused, buildUnverified, describeToken } from "./token_events.ts";
import type { SharedFacts } from "./shared_facts.ts";
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
  /** Knows nothing of a token any more, here and wherever the cache is shared. */
  readonly forget: (token: string) => Promise<void>;
  /** Knows nothing of a user's tokens any more, here and wherever the cache is shared. */
  readonly forgetSubject: (subject: string) => Promise<void>;
  /** What is known might have been forgotten elsewhere: it has to be looked up again. */
  readonly distrust: () => void;
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
 * @param ask Asks PropelAuth about a token.
 * @param shared What other instances know, where the cache is shared.
 * @returns The verifier.
 */
export function createVerifier(
  options: VerifierOptions,
  world: World,
  emit: Emit,
  ask: Lookup,
  shared?: SharedFacts,
): Verifier {
  const { lookup, lookupNow } = shared ?? { lookup: ask, lookupNow: ask };
  const { cacheTtlSeconds, maxCacheSize, staleIfErrorSeconds } = options;
  const active = createTtlCache<IntrospectionFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const recent = createTtlCache<Answer>(staleIfErrorSeconds > 0 ? maxCacheSize : 0);
  const inactive = createTtlCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  /** Those that may be joined. */
  const flights = new Map<string, Promise<Answer>>();
  const underWay = new Set<Promise<Answer>>();
  const shareList = createListPool();
  /** Verified by an answer to a question that their own request asked. */
  const fresh = new WeakSet<AccessToken>();
  let closed = false;
  /** Counts what was forgotten: an answer to an older question is not kept. */
  let forgettings = 0;

  /** Counted from the question: a token that was revoked since is stale that much earlier. */
  function remember(digest: string, answer: Answer): void {
    const { facts, askedAt } = answer;
    // RFC 7662 §4: not kept past the token's own expiry.
    const expiresAt = facts.active ? facts.expiresAt ?? Infinity : -Infinity;
    if (expiresAt > askedAt) {
      // Of two answers on their way the older one may come last.
      if (inactive.get(digest, world.now()) !== undefined) return;
      const kept = shareLists(facts);
      const last = { ...answer, facts: kept };
      active.set(digest, kept, Math.min(askedAt + cacheTtlSeconds, expiresAt), askedAt);
      recent.set(digest, last, Math.min(askedAt + staleIfErrorSeconds, expiresAt), askedAt);
    } else {
      // Dead from now on, whatever was known before.
      active.delete(digest);
      recent.delete(digest);
      inactive.set(digest, facts, askedAt + INACTIVE_TTL_SECONDS, askedAt);
    }
  }

  /** Most tokens have the same lists, and what is read with every token stays near the processor. */
  function shareLists(facts: IntrospectionFacts): IntrospectionFacts {
    if (!facts.active) return facts;
    const [scopes, audience] = [shareList(facts.scopes), shareList(facts.audience)];
    return Object.freeze({ ...facts, scopes, audience });
  }

  function refuseMalformed(): never {
    emit?.({ code: "token_refused", reason: "malformed_credentials" });
    throw new AccessTokenError("malformed_credentials");
  }

  async function fly(search: Lookup, token: string, digest: string): Promise<Answer> {
    const before = forgettings;
    const answer = await search(token, digest);
    if (before === forgettings) remember(digest, answer);
    return answer;
  }

  /** Finds out once for all who wait; `key` says for what. */
  async function joinFlight(
    search: Lookup,
    key: string,
    token: string,
    digest: string,
  ): Promise<Omit<Answer, "askedAt">> {
    const joined = flights.get(key);
    if (joined !== undefined) return { facts: (await joined).facts, source: "flight" };
    if (closed) throw new IntrospectionError("closed");
    const flight = fly(search, token, digest).finally(() => {
      underWay.delete(flight);
      if (flights.get(key) === flight) flights.delete(key);
    });
    underWay.add(flight);
    flights.set(key, flight);
    return await flight;
  }

  /** An answer from PropelAuth of now, perhaps to the question of another request. */
  function findNow(token: string, digest: string): Promise<Omit<Answer, "askedAt">> {
    // Where the cache is shared, others may be waiting for an older answer.
    return joinFlight(lookupNow, shared ? `now ${digest}` : digest, token, digest);
  }

  /** An answer from PropelAuth, or while it cannot be asked the last one, if that may still count. */
  async function find(token: string, digest: string): Promise<Omit<Answer, "askedAt">> {
    try {
      return await joinFlight(lookup, digest, token, digest);
    } catch (error) {
      const last = isOutage(error) ? recent.get(digest, world.now()) : undefined;
      if (last === undefined || await shared?.isForgotten(last, digest)) throw error;
      return { facts: last.facts, source: "stale" };
    }
  }

  function distrust(): void {
    forgettings++;
    active.deleteWhere(() => true);
    // Whoever comes from now on gets the answer to a question of their own.
    flights.clear();
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
      if (!isShortText(token)) refuseMalformed();
      const digest = digestToken(token);
      const refreshing = shared?.refresh();
      if (refreshing !== undefined) await refreshing;
      const now = world.now();
      const known = active.get(digest, now) ?? inactive.get(digest, now);
      if (known !== undefined) return judge(known, policy, token, digest, now, now, "cache");
      // Only now: what the caches hold was looked at when it came in.
      if (!isToken68(token)) refuseMalformed();
      return await verifyBy(find, token, policy, digest, now);
    },
    async verifyFresh(caller: AccessToken, policy: AccessTokenPolicy): Promise<AccessToken> {
      if (fresh.has(caller)) return caller;
      const { token } = caller;
      return await verifyBy(findNow, token, policy, digestToken(token), world.now());
    },
    async forget(token: string): Promise<void> {
      const digest = digestToken(token);
      forgettings++;
      for (const cache of [active, recent, inactive]) cache.delete(digest);
      flights.delete(digest);
      flights.delete(`now ${digest}`);
      await shared?.forgetToken(digest);
    },
    async forgetSubject(subject: string): Promise<void> {
      forgettings++;
      const isTheirs = (facts: IntrospectionFacts) => facts.active && facts.subject === subject;
      active.deleteWhere(isTheirs);
      recent.deleteWhere(({ facts }) => isTheirs(facts));
      // Whose they are is not known yet.
      flights.clear();
      await shared?.forgetSubject(subject);
    },
    distrust,
    async close(): Promise<void> {
      closed = true;
      await Promise.allSettled(underWay);
    },
  });
}

/** One-way, so that a dump of the cache's keys gives nobody a token. */
function digestToken(token: string): string {
  return hash("sha256", token, "hex");
}
