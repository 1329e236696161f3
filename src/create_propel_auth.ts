/**
 * Puts the parts together. The only file that names the clock, the global `fetch` and the
 * environment.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { clearTimeout, setTimeout } from "node:timers";
import { type AccessToken, isAccessToken } from "./access_token.ts";
import { createAuthorizationServerMetadata } from "./authorization_server_metadata.ts";
import { createEmit } from "./emit.ts";
import { readOptions } from "./environment.ts";
import { createOpenStreams } from "./event_stream.ts";
import { createGate } from "./gate.ts";
import {
  createHandler,
  type HandlerOptions,
  type McpServer,
  type RequestHandler,
} from "./handler.ts";
import { createIntrospector } from "./introspector.ts";
import { buildJsonRpcError, TRANSPORT_ERROR } from "./json_rpc_error.ts";
import { createOperationGate } from "./operation_gate.ts";
import { createOperationPolicy } from "./operation_policy.ts";
import { resolveOptions } from "./options.ts";
import type { PropelAuthOptions } from "./propel_auth_options.ts";
import { ORG_PLACEHOLDER } from "./organizations.ts";
import { createProtectedResources } from "./protected_resources.ts";
import { createRequirements, type Requirements } from "./requirements.ts";
import { routeOf } from "./resource_identifier.ts";
import { buildResourceMetadata, type ProtectedResourceMetadata } from "./resource_metadata.ts";
import { createHoldsScope } from "./scope_hierarchy.ts";
import { createSessions } from "./sessions.ts";
import { createSharedFacts } from "./shared_facts.ts";
import { type AccessTokenVerifier, createVerifier, INACTIVE_TTL_SECONDS } from "./verifier.ts";
import type { World } from "./world.ts";

/** An MCP server's side of PropelAuth: an OAuth 2.1 resource server. */
export interface PropelAuth extends Requirements {
  /** Checks single tokens, without a request. */
  readonly verifier: AccessTokenVerifier;
  /**
   * Protects an MCP server.
   *
   * Serves the metadata, refuses what has to be refused, and calls the MCP server with
   * `{ authInfo }` for the rest. A session that a response hands out belongs to the caller that got
   * it, and a standing event stream ends when its token does.
   *
   * @param mcp The MCP server: a function, an SDK v2 handler, or an SDK v1 or v2 transport.
   * @param options How other paths are answered.
   * @returns A handler for `Deno.serve`, `export default { fetch }` and the like.
   * @throws {TypeError} `mcp` is none of these.
   */
  handler(mcp: McpServer, options?: HandlerOptions): RequestHandler;
  /**
   * The gate alone, for other routers: host, origin, preflight, credentials.
   *
   * Looks at no path: whatever it is given is guarded. Only where the path of the MCP endpoint has
   * `{orgId}` it reads the organization there, and answers 404 to any other path.
   *
   * @param request The request; its body is left alone.
   * @returns The verified token, or the response to send instead.
   */
  authenticate(request: Request): Promise<AccessToken | Response>;
  /**
   * The caller, inside the MCP server that {@linkcode PropelAuth.handler} called.
   *
   * Behind another router there is no request under way here. There the `authInfo` that the MCP SDK
   * hands to a tool says who calls: given it, this returns it with its type, so that no cast is
   * needed for `claims`. Anything but an access token that was verified by this package gives
   * `undefined`.
   *
   * @param authInfo The SDK's `authInfo`; when it is `undefined`, the request under way counts.
   * @returns The token of the request under way, or `undefined` outside of one. Never throws.
   */
  getAccessToken(authInfo?: unknown): AccessToken | undefined;
  /**
   * The protected resource metadata (RFC 9728) that is served. Where each organization has its own,
   * its `resource` still has `{orgId}`.
   */
  readonly resourceMetadata: ProtectedResourceMetadata;
  /**
   * Forgets what PropelAuth said of a token: the next request with it asks again. For when you learn
   * that it was revoked before `cacheTtlSeconds` are over.
   *
   * Here it holds at once, for every request that comes from now on. Instances with the same
   * `sharedCache` follow within a second; those that cannot reach it keep to `cacheTtlSeconds`.
   * An event stream that is open already goes on until the token's `exp`.
   *
   * @param token The access token, without `Bearer`.
   * @returns Nothing, when it is forgotten here and the shared cache knows.
   * @throws {Error} The shared cache could not be told. Here it is forgotten nevertheless; try again.
   */
  forget(token: string): Promise<void>;
  /**
   * Forgets what PropelAuth said of all tokens of a user, as {@linkcode PropelAuth.forget} does for
   * one.
   *
   * @param subject PropelAuth's user id.
   * @returns Nothing, when they are forgotten here and the shared cache knows.
   * @throws {Error} The shared cache could not be told. Here they are forgotten nevertheless; try
   * again.
   */
  forgetSubject(subject: string): Promise<void>;
  /**
   * Shuts down: ends the standing event streams, so that a server that waits for its connections can
   * stop, and lets the questions under way to PropelAuth end. From now on PropelAuth is not asked
   * about tokens: a request whose token is not known here gets 503. Nothing keeps the process alive
   * even without it.
   *
   * @returns Nothing, when the questions under way have ended; after `timeoutSeconds` and the time
   * in the queue at the latest. Never rejects.
   */
  close(): Promise<void>;
}

/** Creates a {@linkcode PropelAuth}, from options or from the environment. */
export interface CreatePropelAuth {
  /**
   * Creates it from options, all checked now. Asks nobody: the first token is what shows whether
   * the credentials are right.
   *
   * @param options The options.
   * @returns The verifier, the handler and what belongs to them.
   * @throws {TypeError} An option is unknown, missing or breaks its rule; the message says which.
   * @throws {RangeError} A number is out of its bounds.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { createPropelAuth } from "@x/propelauth-mcp";
   * const auth = createPropelAuth({
   *   authUrl: "https://auth.example.com",
   *   introspectionClientId: "id",
   *   introspectionClientSecret: "secret",
   *   baseUrl: "https://mcp.example.com",
   * });
   * const handler = auth.handler(() => new Response("for callers only"));
   * const response = await handler(new Request("https://mcp.example.com/mcp"));
   * assert.equal(response.status, 401);
   * ```
   */
  (options: PropelAuthOptions): PropelAuth;
  /**
   * Creates it from `PROPELAUTH_AUTH_URL`, `PROPELAUTH_INTROSPECTION_CLIENT_ID`,
   * `PROPELAUTH_INTROSPECTION_CLIENT_SECRET`, `SERVER_URL` and, when it is set,
   * `PROPELAUTH_REQUIRED_SCOPES` (separated by spaces or commas).
   *
   * @param overrides Options that win over the environment.
   * @returns The same as from options.
   * @throws {TypeError} Variables are missing, all of which the message names, or an option is bad.
   * @throws {RangeError} A number is out of its bounds.
   *
   * @example
   * ```ts
   * import assert from "node:assert/strict";
   * import { createPropelAuth } from "@x/propelauth-mcp";
   * assert.throws(() => createPropelAuth.fromEnv({ authUrl: "https://auth.example.com" }), {
   *   name: "TypeError",
   * });
   * ```
   */
  fromEnv(overrides?: Partial<PropelAuthOptions>): PropelAuth;
}

/** Timers of runtimes count in 32 bits; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const WORLD: World = {
  // Looked up at each call, so that whoever replaces the global one later is heard.
  fetch: (url, init) => globalThis.fetch(url, init),
  now: () => Date.now() / 1000,
  startTimer(seconds, onEnd) {
    const endsAt = performance.now() + seconds * 1000;
    const wait = (ms: number) => setTimeout(tick, Math.min(ms, MAX_TIMER_MS)).unref();
    let timer = wait(seconds * 1000);
    function tick(): void {
      const left = endsAt - performance.now();
      if (left > 0) timer = wait(left);
      else onEnd();
    }
    return () => clearTimeout(timer);
  },
};

/** See {@linkcode CreatePropelAuth}. */
export const createPropelAuth: CreatePropelAuth = Object.assign(
  (options: PropelAuthOptions): PropelAuth => composePropelAuth(options, WORLD),
  {
    fromEnv: (overrides: Partial<PropelAuthOptions> = {}): PropelAuth =>
      composePropelAuth(readOptions((name) => process.env[name], overrides), WORLD),
  },
);

/**
 * Composes the parts over a given world.
 *
 * @param rawOptions What the caller gave.
 * @param defaultWorld The clock, and the network for when the options give none.
 * @returns The whole.
 * @throws {TypeError} An option breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 */
export function composePropelAuth(rawOptions: PropelAuthOptions, defaultWorld: World): PropelAuth {
  const options = resolveOptions(rawOptions);
  const world = { ...defaultWorld, fetch: options.fetch ?? defaultWorld.fetch };
  const callers = new AsyncLocalStorage<AccessToken>();
  const holdsScope = createHoldsScope(options.scopeHierarchy);
  const resources = createProtectedResources({ ...options, holdsScope });
  const perOrg = options.mcpPath.includes(ORG_PLACEHOLDER);
  const emit = createEmit(options.onEvent, world.now);
  const ask = createIntrospector(options, world, emit);
  const shared = options.sharedCache && createSharedFacts(
    options.sharedCache,
    {
      ...options,
      inactiveTtlSeconds: INACTIVE_TTL_SECONDS,
      onForgotten: () => verifier.distrust(),
    },
    world,
    emit,
    ask,
  );
  const verifier = createVerifier(options, world, emit, ask, shared);
  const streams = createOpenStreams();
  const gate = createGate(options, verifier, emit);
  const { operations } = options;
  const parts = {
    ...options,
    gate,
    operationGate: operations && createOperationGate({
      policy: createOperationPolicy({ ...options, operations, holdsScope }),
      verifyFresh: verifier.verifyFresh,
      emit,
    }),
    resources,
    authorizationServerMetadata: options.forwardAuthorizationServerMetadata
      ? createAuthorizationServerMetadata(options, world, emit)
      : undefined,
    emit,
    runAs: <T>(caller: AccessToken, run: () => T): T => callers.run(caller, run),
    world,
    streams,
    sessions: createSessions(),
  };
  function authenticate(request: Request): Promise<AccessToken | Response> {
    const policy = perOrg ? resources.policyAt(routeOf(request.url)) : resources.policyOf();
    if (policy !== undefined) return gate(request, policy);
    return Promise.resolve(
      buildJsonRpcError(404, TRANSPORT_ERROR, "No endpoint of an organization"),
    );
  }
  const getAccessToken = (authInfo?: unknown): AccessToken | undefined => {
    if (authInfo === undefined) return callers.getStore();
    return isAccessToken(authInfo) ? authInfo : undefined;
  };
  return Object.freeze({
    ...createRequirements({ ...options, holdsScope, getCaller: () => getAccessToken(), emit }),
    verifier: Object.freeze({
      verifyAccessToken: (token: string, orgId?: string): Promise<AccessToken> =>
        verifier.verify(token, resources.policyOf(orgId)),
    }),
    handler: (mcp: McpServer, handlerOptions?: HandlerOptions): RequestHandler =>
      createHandler(parts, mcp, handlerOptions),
    authenticate,
    getAccessToken,
    resourceMetadata: buildResourceMetadata(options),
    forget: (token: string): Promise<void> => verifier.forget(token),
    forgetSubject: (subject: string): Promise<void> => verifier.forgetSubject(subject),
    close(): Promise<void> {
      streams.endAll();
      return verifier.close();
    },
  });
}
