/**
 * Verifies tokens: finds an answer, judges it, reports the verdict.
 *
 * @module
 */

import {
  type AccessToken,
  type AccessTokenPolicy,
  judgeAccessToken,
} from "../oauth/access_token.ts";
import { malformedCredentials, mayBeToken } from "../oauth/bearer.ts";
import { AccessTokenError, IntrospectionError } from "../oauth/errors.ts";
import type { Emit } from "../events/events.ts";
import type { Introspect } from "../oauth/facts.ts";
import { type AnswersOptions, createAnswers, type FoundAnswer } from "./answers.ts";
import {
  buildAccepted,
  buildRefused,
  buildUnverified,
  describeToken,
  type TokenInHand,
} from "../events/token_events.ts";
import { createAskRepeatedly, type MayWait } from "./session_start.ts";
import { BrokenRule, refuseAs } from "../lib/broken_rule.ts";
import { describeSecret, requireText } from "../lib/check_option.ts";
import { sha256 } from "../lib/digest.ts";
import type { World } from "../lib/world.ts";

/** Seconds for which a verified token counts as fresh, counted from PropelAuth's answer. */
const FRESH_SECONDS = 1;

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
   * @throws {IntrospectionError} Any reason: the token could not be introspected.
   */
  verifyAccessToken(token: string, orgId?: string): Promise<AccessToken>;
}

/**
 * The internal verifier. Unlike {@linkcode AccessTokenVerifier} it takes the policy with each call,
 * since the resource depends on the request's path.
 */
export interface Verifier {
  /** Verifies any text as {@linkcode AccessTokenVerifier} does. */
  readonly verifyAccessToken: (token: string, policy: AccessTokenPolicy) => Promise<AccessToken>;
  /**
   * Verifies a token whose grammar (`token68`, at most 16 KiB) was checked. Where the answer about it is
   * cached, it returns or throws at once, without a promise.
   */
  readonly verify: (
    token: string,
    policy: AccessTokenPolicy,
    mayWait?: MayWait,
  ) => AccessToken | Promise<AccessToken>;
  /** Verifies a caller's token by a new question, unless its last one was answered just now. */
  readonly verifyFresh: (caller: AccessToken, policy: AccessTokenPolicy) => Promise<AccessToken>;
  /** Forgets older answers about a token, here and in the shared cache. */
  readonly forget: (token: string) => Promise<void>;
  /** Forgets older answers about a user's tokens, here and in the shared cache. */
  readonly forgetSubject: (subject: string) => Promise<void>;
  /** Asks no more from now on, and settles when the questions under way have ended. */
  readonly close: () => Promise<void>;
}

/** How long answers are kept, and how PropelAuth is asked. */
interface VerifierOptions extends AnswersOptions {
  /** Asks PropelAuth about a token. */
  readonly ask: Introspect;
}

/**
 * Creates a verifier.
 *
 * It keeps answers, never a verdict: each request is judged anew, against its own time.
 *
 * @param options Checked options.
 * @param world The clock and the timers.
 * @param emit Reports each token.
 * @returns The verifier.
 */
export function createVerifier(
  options: VerifierOptions,
  world: World,
  emit: Emit,
): Verifier {
  const answers = createAnswers(options, world, emit, options.ask);
  const askRepeatedly = createAskRepeatedly(world);
  /** When PropelAuth answered for a token; absent where the answer came out of a cache. */
  const answeredAt = new WeakMap<AccessToken, number>();

  /** Judges an answer, and reports the verdict. */
  function judge(
    token: TokenInHand,
    policy: AccessTokenPolicy,
    answer: FoundAnswer,
    now: number,
  ): AccessToken {
    try {
      const accessToken = judgeAccessToken(answer.facts, policy, now, token.token);
      emit?.(buildAccepted(describeToken(token, now), accessToken, answer.source));
      return accessToken;
    } catch (error) {
      if (error instanceof AccessTokenError) {
        emit?.(buildRefused(describeToken(token, now), error, policy, answer, now));
      }
      throw error;
    }
  }

  async function verifyBy(
    find: (token: TokenInHand) => Promise<FoundAnswer>,
    token: TokenInHand,
    policy: AccessTokenPolicy,
  ): Promise<AccessToken> {
    const answer = await find(token).catch((error) => {
      if (error instanceof IntrospectionError) {
        emit?.(buildUnverified(describeToken(token, world.now()), error));
      }
      throw error;
    });
    const now = world.now();
    const accessToken = judge(token, policy, answer, now);
    if (answer.source === "introspection") answeredAt.set(accessToken, now);
    return accessToken;
  }

  function verify(
    token: string,
    policy: AccessTokenPolicy,
    mayWait?: MayWait,
  ): AccessToken | Promise<AccessToken> {
    // One-way, so that a dump of the cache's keys holds no token.
    const digest = sha256(token);
    const refreshing = answers.refresh();
    const verifyNow = () => verifyAt({ token, digest, startedAt: world.now() }, policy, mayWait);
    return refreshing === undefined ? verifyNow() : refreshing.then(verifyNow);
  }

  function verifyAt(
    inHand: TokenInHand,
    policy: AccessTokenPolicy,
    mayWait: MayWait | undefined,
  ): AccessToken | Promise<AccessToken> {
    const { digest, startedAt } = inHand;
    const facts = answers.get(digest, startedAt);
    if (facts === undefined) {
      const find = mayWait === undefined
        ? answers.find
        : (token: TokenInHand) => askRepeatedly(mayWait, () => answers.find(token));
      return verifyBy(find, inHand, policy);
    }
    return judge(inHand, policy, { facts, source: "cache" }, startedAt);
  }

  return Object.freeze({
    verify,
    async verifyAccessToken(token: string, policy: AccessTokenPolicy): Promise<AccessToken> {
      if (mayBeToken(token)) return await verify(token, policy);
      emit?.({ code: "token_refused", reason: "malformed_credentials" });
      throw malformedCredentials(token);
    },
    async verifyFresh(caller: AccessToken, policy: AccessTokenPolicy): Promise<AccessToken> {
      const { token } = caller;
      const startedAt = world.now();
      const age = startedAt - (answeredAt.get(caller) ?? -Infinity);
      // A body may be sent long after its head; and a clock may jump back.
      if (Math.abs(age) < FRESH_SECONDS) return caller;
      const inHand = { token, digest: sha256(token), startedAt };
      return await verifyBy(answers.findNow, inHand, policy);
    },
    async forget(token: string): Promise<void> {
      refuseAs("Cannot forget a token", () => {
        if (mayBeToken(token)) return;
        throw new BrokenRule("token", 'an access token, without "Bearer"', describeSecret(token));
      });
      await answers.forget(sha256(token));
    },
    async forgetSubject(subject: string): Promise<void> {
      refuseAs("Cannot forget a user's tokens", () => requireText("subject", subject));
      await answers.forgetSubject(subject);
    },
    close: answers.close,
  });
}
