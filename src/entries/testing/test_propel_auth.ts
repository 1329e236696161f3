/**
 * The result of `createTestPropelAuth`, as types.
 *
 * @module
 */

import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import type { PropelAuth } from "../../propel_auth.ts";
import type { ConnectableClient, ConnectOptions, TestedHandler } from "./connect.ts";
import type { MatchOptions } from "./operations_match.ts";
import type { TestApiKeyOptions } from "./test_api_keys.ts";
import type { HeldAnswers, TestFailure } from "./test_network.ts";
import type { TestTokenOptions } from "./test_tokens.ts";

/** A PropelAuth that the test controls. Its members may be taken apart: none uses `this`. */
export interface TestPropelAuth {
  /**
   * Options for `createPropelAuth`, which then asks this PropelAuth alone.
   *
   * With these the server keeps its own clock: a token that the test's clock has passed is
   * inactive, as it is with PropelAuth itself, unless an answer about it is kept
   * (`cacheTtlSeconds`).
   */
  readonly options: PropelAuthOptions;
  /**
   * Does what `createPropelAuth` does, by the test's clock: expiry, the life of answers that are
   * kept, deadlines and the end of event streams.
   *
   * @param overrides Options that win over {@linkcode TestPropelAuth.options}.
   * @returns The same as from `createPropelAuth`.
   * @throws {TypeError} An option is unknown or breaks its rule.
   * @throws {RangeError} A number is out of its bounds.
   */
  createPropelAuth(overrides?: Partial<PropelAuthOptions>): PropelAuth;
  /**
   * Issues an access token, with any claims.
   *
   * @param options Its user, scopes, lifetime and claims; by default it is accepted.
   * @returns The token.
   * @throws {TypeError} An option is unknown: other members of the answer go into `claims`.
   * @throws {RangeError} `expiresInSeconds` is no number.
   */
  token(options?: TestTokenOptions): string;
  /**
   * Makes an API key, for servers with the option `apiKeys`; there `backendApiKey` may be left out.
   * Its scopes are those that `apiKeys` gives it.
   *
   * @param options Whose it is; by default a user's.
   * @returns The key.
   * @throws {TypeError} An option is unknown: other members of PropelAuth's answer go into `answer`.
   * @throws {RangeError} `expiresInSeconds` is not a number.
   */
  apiKey(options?: TestApiKeyOptions): string;
  /**
   * Revokes a token or an API key: from now on it is inactive.
   *
   * @param token A token or an API key of this PropelAuth.
   * @throws {TypeError} It was not issued here, or is revoked already.
   */
  revoke(token: string): void;
  /**
   * Tells the time.
   *
   * @returns Seconds since 1970; the first of them is the first of the year 2100.
   */
  now(): number;
  /**
   * Moves the clock forward. It stands still otherwise.
   *
   * @param seconds How far.
   * @throws {RangeError} It is no number, or negative.
   */
  advance(seconds: number): void;
  /**
   * Makes PropelAuth fail.
   *
   * @param failure How.
   * @param times How many questions; until {@linkcode TestPropelAuth.recover} by default.
   * @throws {TypeError} There is no such failure.
   * @throws {RangeError} `times` is not a number, or below 0.
   */
  fail(failure: TestFailure, times?: number): void;
  /** Makes PropelAuth answer again. */
  recover(): void;
  /**
   * Makes PropelAuth slow: no question is answered until the test lets it.
   *
   * @returns A promise of the first question, and the function that releases the answers.
   */
  hold(): HeldAnswers;
  /**
   * Counts introspections and questions about API keys, failed ones included.
   *
   * @param token The token or key in question; by default all count.
   * @returns How often PropelAuth was asked.
   */
  countIntrospections(token?: string): number;
  /**
   * Connects a client of the SDK that is passed in, in process.
   *
   * @param handler The handler that answers: `auth.handler(mcp)`, or a router that has it in it.
   * @param options The token and the SDK.
   * @returns The client, connected; the test closes it.
   * @throws {TypeError} An option is unknown, `sdk` lacks a class, or `handler` is not a function.
   * @throws {Error} Whatever the SDK throws, such as its own error for a refused token.
   */
  connect<Client extends ConnectableClient, Options>(
    handler: TestedHandler,
    options: ConnectOptions<Client, Options>,
  ): Promise<Client>;
  /**
   * Checks that each rule of the option `operations` matches something that the server lists: a rule
   * with a mistyped name protects nothing. Asks for all pages of the lists of tools, prompts,
   * resources and templates.
   *
   * @param handler The handler that answers: `auth.handler(mcp)`, or a router in this process that has
   * it in it.
   * @param options The token and the URL; by default a token with every scope.
   * @throws {Error} A rule matches nothing (the message names each, with the nearest name in the
   * lists), a list cannot be read, or the handler has no `operations`.
   * @throws {TypeError} An option is unknown.
   */
  assertOperationsMatch(handler: TestedHandler, options?: MatchOptions): Promise<void>;
}
