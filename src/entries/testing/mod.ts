/**
 * For tests of your own server: a PropelAuth that the test controls, without a network, an account
 * or a port.
 *
 * @example A token expires when the test says so
 * ```ts
 * import assert from "node:assert/strict";
 * import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
 *
 * const propelAuth = createTestPropelAuth();
 * const auth = propelAuth.createPropelAuth();
 * const token = propelAuth.token({ subject: "user-7", scopes: ["read"] });
 * assert.equal((await auth.verifier.verifyAccessToken(token)).subject, "user-7");
 *
 * propelAuth.advance(3600);
 * await assert.rejects(auth.verifier.verifyAccessToken(token), { reason: "inactive" });
 * ```
 *
 * @module
 */

import { composePropelAuth } from "../../create_propel_auth.ts";
import type { PropelAuth } from "../../propel_auth.ts";
import { buildBasicCredentials } from "../../oauth/introspection.ts";
import { resolveOptions } from "../../options/resolve_options.ts";
import type { PropelAuthOptions } from "../../options/propel_auth_options.ts";
import {
  type ConnectableClient,
  connectClient,
  type ConnectOptions,
  type TestedHandler,
} from "./connect.ts";
import { refuseAs } from "../../lib/broken_rule.ts";
import { findSource } from "../../verification/credential_source.ts";
import { BACKEND_API_KEY_VARIABLE } from "../api_keys/options.ts";
import { createTestApiKeys, type TestApiKeyOptions } from "./test_api_keys.ts";
import { assertMatch, type MatchOptions } from "./operations_match.ts";
import { createTestClock } from "./test_clock.ts";
import { createTestNetwork, type TestFailure } from "./test_network.ts";
import type { TestPropelAuth } from "./test_propel_auth.ts";
import { createTestWorld } from "./test_world.ts";
import { createTestTokens, type TestTokenOptions } from "./test_tokens.ts";

export type {
  ClientSdk,
  ConnectableClient,
  ConnectOptions,
  TestedHandler,
  TestTransportOptions,
} from "./connect.ts";
export type { TestApiKeyOptions } from "./test_api_keys.ts";
export type { MatchOptions } from "./operations_match.ts";
export type { HeldAnswers, TestFailure } from "./test_network.ts";
export type { TestPropelAuth } from "./test_propel_auth.ts";
export type { TestTokenOptions } from "./test_tokens.ts";

const BACKEND_API_KEY = "test-backend-api-key";
const DEFAULTS: PropelAuthOptions = {
  authUrl: "https://auth.example.com",
  introspectionClientId: "test-id",
  introspectionClientSecret: "test-secret",
  baseUrl: "https://mcp.example.com",
};

/**
 * Creates a PropelAuth for tests.
 *
 * It answers introspection as PropelAuth does, by a clock that only the test moves, and opens no
 * port and no connection. Each one is independent of all others.
 *
 * Does not log anybody in: `@x/propelauth-local` has login and consent pages.
 *
 * @param overrides Options of the server under test, such as `requiredScopes` or `mcpPath`; those
 * that are left out have values that do for a test.
 * @returns The options, and the functions with which a test controls PropelAuth.
 * @throws {TypeError} An option is unknown or breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
 *
 * const { options, token, fail } = createTestPropelAuth({ requiredScopes: ["read"] });
 * const handler = createPropelAuth(options).handler(() => new Response("hello"));
 * const request = { headers: { Authorization: `Bearer ${token()}` } };
 * fail(503);
 * const response = await handler(new Request("https://mcp.example.com/mcp", request));
 * assert.equal(response.status, 503);
 * ```
 */
export function createTestPropelAuth(overrides: Partial<PropelAuthOptions> = {}): TestPropelAuth {
  const raw: PropelAuthOptions = withBackendApiKey({ ...DEFAULTS, ...overrides });
  const resolved = refuseAs("Cannot create a test PropelAuth", () => resolveOptions(raw));
  const clock = createTestClock();
  const tokens = createTestTokens({
    scopes: resolved.requiredScopes,
    audience: resolved.resource,
    issuer: resolved.issuer,
  });
  const keys = createTestApiKeys();
  const network = createTestNetwork({
    authUrl: resolved.authUrl,
    backendApiKey: resolved.furtherSource?.requireBackendApiKey() ?? BACKEND_API_KEY,
    validate: (key) => keys.validate(key, clock.now()),
    introspectionEndpoint: resolved.introspectionEndpoint,
    metadataUrl: resolved.authorizationServerMetadataUrl,
    basicCredentials: buildBasicCredentials(resolved),
    metadata: {
      issuer: resolved.issuer,
      introspection_endpoint: resolved.introspectionEndpoint,
      response_types_supported: ["code"],
    },
    introspect: (token) => tokens.introspect(token, clock.now()),
  });
  const fetch = (url: string, init: RequestInit): Promise<Response> => network.fetch(url, init);
  const world = createTestWorld(clock, network);
  const options: PropelAuthOptions = Object.freeze({
    ...raw,
    tokenIntrospectionOverrides: { ...raw.tokenIntrospectionOverrides, fetch },
  });
  const mcpUrl = new URL(resolved.mcpPath, raw.baseUrl).href;
  /** Every scope that the options name, also those of servers that were created here. */
  const knownScopes = new Set([...resolved.requiredScopes, ...resolved.scopesSupported]);

  return Object.freeze({
    options,
    createPropelAuth: (more: Partial<PropelAuthOptions> = {}): PropelAuth => {
      const { tokenIntrospectionOverrides = options.tokenIntrospectionOverrides } = more;
      const auth = composePropelAuth({
        ...options,
        ...withBackendApiKey(more),
        tokenIntrospectionOverrides: { ...tokenIntrospectionOverrides, fetch: world.fetch },
      }, world);
      for (const scope of auth.resourceMetadata.scopes_supported ?? []) knownScopes.add(scope);
      return auth;
    },
    token: (wanted: TestTokenOptions = {}): string => tokens.issue(wanted, clock.now()),
    apiKey: (wanted: TestApiKeyOptions = {}): string => keys.make(wanted, clock.now()),
    revoke(token: string): void {
      if (!keys.revoke(token)) tokens.revoke(token);
    },
    now: clock.now,
    advance: clock.advance,
    fail: (failure: TestFailure, times: number = Infinity): void => network.fail(failure, times),
    recover: network.recover,
    hold: network.hold,
    countIntrospections: network.countIntrospections,
    connect: <Client extends ConnectableClient, Options>(
      handler: TestedHandler,
      how: ConnectOptions<Client, Options>,
    ): Promise<Client> => connectClient(handler, mcpUrl, how),
    assertOperationsMatch: (handler: TestedHandler, how: MatchOptions = {}): Promise<void> => {
      const issue = () => tokens.issue({ scopes: [...knownScopes] }, clock.now());
      return assertMatch(handler, issue, mcpUrl, how);
    },
  });
}

/** Fills in the backend API key of a server under test. */
function withBackendApiKey<Options extends Partial<PropelAuthOptions>>(options: Options): Options {
  const source = findSource(options.apiKeys);
  if (source === undefined) return options;
  const values = { [BACKEND_API_KEY_VARIABLE.option]: BACKEND_API_KEY };
  return { ...options, apiKeys: source.withValues(values) };
}
