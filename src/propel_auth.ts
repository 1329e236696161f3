/**
 * What a caller gets, as types.
 *
 * @module
 */

import type { AccessToken } from "./oauth/access_token.ts";
import type { HandlerOptions, RequestHandler } from "./http/handler.ts";
import type { McpServerHandler } from "./http/mcp_endpoint.ts";
import type { PropelAuthOptions } from "./options/propel_auth_options.ts";
import type { Requirements } from "./operations/requirements.ts";
import type { ProtectedResourceMetadata } from "./oauth/protected_resource.ts";
import type { AccessTokenVerifier } from "./verification/verifier.ts";

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
  handler(mcp: McpServerHandler, options?: HandlerOptions): RequestHandler;
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
