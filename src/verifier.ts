/**
 * The whole check of a token: cache, single-flight introspection, judgement.
 *
 * @module
 */

import { hash } from "node:crypto";
import { type AccessToken, type AccessTokenPolicy, judgeAccessToken } from "./access_token.ts";
import { isToken68 } from "./bearer.ts";
import { AccessTokenError, IntrospectionError } from "./errors.ts";
import { DeadlineError, withDeadline } from "./deadline.ts";
import type { Emit, FactsSource } from "./events.ts";
import {
  buildBasicCredentials,
  buildIntrospectionRequest,
  type IntrospectionCredentials,
  processIntrospectionResponse,
} from "./introspection.ts";
import type { IntrospectionFacts } from "./facts.ts";
import {
  buildAccepted,
  buildFailed,
  buildRefused,
  buildUnverified,
  describeToken,
} from "./token_events.ts";
import { createTtlCache } from "./ttl_cache.ts";
import type { World } from "./world.ts";

/** Seconds for which an inactive token is not asked about again. */
export const INACTIVE_TTL_SECONDS = 5;
/** How many inactive tokens are remembered at most; in a cache of their own, away from live ones. */
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
}

/** What a verifier is made of. */
export interface VerifierOptions extends IntrospectionCredentials {
  readonly introspectionEndpoint: string;
  readonly cacheTtlSeconds: number;
  readonly maxCacheSize: number;
  readonly timeoutSeconds: number;
}

/**
 * Creates a verifier.
 *
 * Its cache holds facts under the token's digest, never a token and never a verdict: each request
 * judges anew, against its own time. However many requests wait for one token, it is asked about
 * once; a failure is shared by those who waited for it and kept for nobody else.
 *
 * @param options Checked options.
 * @param world The clock and the network.
 * @param emit Tells of each token and each question.
 * @returns The verifier.
 */
export function createVerifier(
  options: VerifierOptions,
  world: World,
  emit: Emit,
): Verifier {
  const { introspectionEndpoint, cacheTtlSeconds, maxCacheSize, timeoutSeconds } = options;
  const basicCredentials = buildBasicCredentials(options);
  const active = createTtlCache<IntrospectionFacts>(cacheTtlSeconds > 0 ? maxCacheSize : 0);
  const inactive = createTtlCache<IntrospectionFacts>(MAX_INACTIVE_CACHE_SIZE);
  const flights = new Map<string, Promise<IntrospectionFacts>>();

  async function introspect(token: string, digest: string): Promise<IntrospectionFacts> {
    // Counted from the question: a token that was revoked since is stale that much earlier.
    const askedAt = world.now();
    const facts = await ask(token).catch((error) => {
      if (error instanceof IntrospectionError) {
        emit?.(buildFailed(describeToken(digest, askedAt, world.now()), error));
      }
      throw error;
    });
    if (emit) {
      const { active } = facts;
      emit({
        code: "introspection_completed",
        ...describeToken(digest, askedAt, world.now()),
        active,
      });
    }
    if (!facts.active) inactive.set(digest, facts, askedAt + INACTIVE_TTL_SECONDS);
    else {
      // RFC 7662 §4: not kept past the token's own expiry.
      active.set(digest, facts, Math.min(askedAt + cacheTtlSeconds, facts.expiresAt ?? Infinity));
    }
    return facts;
  }

  async function ask(token: string): Promise<IntrospectionFacts> {
    try {
      return await withDeadline(world, timeoutSeconds, async (signal) => {
        const request = buildIntrospectionRequest(basicCredentials, token);
        const response = await world.fetch(introspectionEndpoint, { ...request, signal });
        return await processIntrospectionResponse(response);
      });
    } catch (error) {
      if (error instanceof IntrospectionError) throw error;
      if (error instanceof DeadlineError) throw new IntrospectionError("timeout");
      const secrets = [token, basicCredentials.slice(6), options.introspectionClientSecret];
      throw new IntrospectionError("network", { cause: networkCause(error, secrets) });
    }
  }

  function joinFlight(token: string, digest: string): Promise<IntrospectionFacts> {
    const underWay = flights.get(digest);
    if (underWay !== undefined) return underWay;
    const flight = introspect(token, digest).finally(() => flights.delete(digest));
    flights.set(digest, flight);
    return flight;
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
      const source = flights.has(digest) ? "flight" : "introspection";
      const facts = await joinFlight(token, digest).catch((error) => {
        if (emit !== undefined && error instanceof IntrospectionError) {
          emit(buildUnverified(describeToken(digest, now, world.now()), error));
        }
        throw error;
      });
      return judge(facts, policy, token, digest, now, world.now(), source);
    },
  });
}

/** One-way, so that a dump of the cache's keys gives nobody a token. */
function digestToken(token: string): string {
  return hash("sha256", token, "hex");
}

/** A fresh error with a message alone: what `fetch` threw may carry the request it was given. */
function networkCause(error: unknown, secrets: readonly string[]): Error {
  const thrown = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = thrown instanceof Error ? thrown.message.slice(0, 500) : "";
  const leaks = secrets.some((secret) =>
    message.includes(secret) || message.includes(encodeURIComponent(secret))
  );
  return new Error(leaks || message === "" ? "network error" : message);
}
