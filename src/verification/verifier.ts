/**
 * The whole check of a token: cache, one flight per token, judgement.
 *
 * @module
 */

import { hash } from "node:crypto";
import {
  type AccessToken,
  type AccessTokenPolicy,
  judgeAccessToken,
} from "../oauth/access_token.ts";
import { isShortText, isToken68 } from "../oauth/bearer.ts";
import { AccessTokenError, IntrospectionError, isOutage } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { FactsSource, IntrospectionFacts, Lookup } from "../oauth/facts.ts";
import { createFlights, type Found } from "./single_flight.ts";
import { createKnownFacts, type KnownFactsOptions } from "./facts_cache.ts";
import {
  buildAccepted,
  buildRefused,
  buildUnverified,
  describeToken,
} from "../events/token_events.ts";
import type { SharedFacts } from "../shared_cache/shared_facts.ts";
import type { World } from "../lib/world.ts";

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
  options: KnownFactsOptions,
  world: World,
  emit: Emit,
  ask: Lookup,
  shared?: SharedFacts,
): Verifier {
  const { lookup, lookupNow } = shared ?? { lookup: ask, lookupNow: ask };
  const known = createKnownFacts(options);
  const flights = createFlights(world);
  /** Verified by an answer to a question that their own request asked. */
  const fresh = new WeakSet<AccessToken>();
  /** Counts what was forgotten: an answer to an older question is not kept. */
  let forgettings = 0;

  function refuseMalformed(): never {
    emit?.({ code: "token_refused", reason: "malformed_credentials" });
    throw new AccessTokenError("malformed_credentials");
  }

  /** Finds out once for all who wait; `key` says for what. */
  function findOnce(key: string, search: Lookup, token: string, digest: string): Promise<Found> {
    return flights.join(key, async () => {
      const before = forgettings;
      const answer = await search(token, digest);
      if (before === forgettings) known.remember(digest, answer, world.now());
      return answer;
    });
  }

  /** An answer from PropelAuth of now, perhaps to the question of another request. */
  function findNow(token: string, digest: string): Promise<Found> {
    // Where the cache is shared, others may be waiting for an older answer.
    return findOnce(shared ? keyOfNow(digest) : digest, lookupNow, token, digest);
  }

  /** An answer from PropelAuth, or while it cannot be asked the last one, if that may still count. */
  async function find(token: string, digest: string): Promise<Found> {
    try {
      return await findOnce(digest, lookup, token, digest);
    } catch (error) {
      const last = isOutage(error) ? known.getLast(digest, world.now()) : undefined;
      if (last === undefined || await shared?.isForgotten(last, digest)) throw error;
      return { facts: last.facts, source: "stale" };
    }
  }

  function distrust(): void {
    forgettings++;
    known.distrust();
    // Whoever comes from now on gets the answer to a question of their own.
    flights.detachAll();
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
      const facts = known.get(digest, now);
      if (facts !== undefined) return judge(facts, policy, token, digest, now, now, "cache");
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
      known.forget(digest);
      flights.detach(digest);
      flights.detach(keyOfNow(digest));
      await shared?.forgetToken(digest);
    },
    async forgetSubject(subject: string): Promise<void> {
      forgettings++;
      known.forgetSubject(subject);
      // Whose they are is not known yet.
      flights.detachAll();
      await shared?.forgetSubject(subject);
    },
    distrust,
    close: flights.close,
  });
}

const keyOfNow = (digest: string): string => `now ${digest}`;

/** One-way, so that a dump of the cache's keys gives nobody a token. */
function digestToken(token: string): string {
  return hash("sha256", token, "hex");
}
