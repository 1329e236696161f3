/**
 * The result of `createPropelAuth`, as types.
 *
 * @module
 */

import type { AccessToken } from "./oauth/access_token.ts";
import type { HandlerOptions, RequestHandler } from "./http/handler.ts";
import type { McpServerHandler } from "./http/mcp_server.ts";
import type { PropelAuthOptions } from "./options/propel_auth_options.ts";
import type { Requirements } from "./operations/requirements.ts";
import type { ProtectedResourceMetadata } from "./oauth/protected_resource.ts";
import type { AccessTokenVerifier } from "./verification/verifier.ts";

/** An MCP server's side of PropelAuth: an OAuth 2.1 resource server. */
export interface PropelAuth extends Requirements {
  /** Checks single tokens, without a request; `operations` have no effect there. */
  readonly verifier: AccessTokenVerifier;
  /**
   * Protects an MCP server.
   *
   * Serves the metadata, refuses requests without a good token, and calls the MCP server with
   * `{ authInfo }` for the others. A session that a response hands out belongs to the caller that
   * got it, and a standing event stream ends when its token expires.
   *
   * @param mcp The MCP server: a function, an SDK v2 handler, or an SDK v1 or v2 transport.
   * @param options How other paths are answered.
   * @returns A handler for `Deno.serve`, `export default { fetch }` and the like.
   * @throws {TypeError} `mcp` is not one of these, or an option is unknown or breaks its rule.
   */
  handler(mcp: McpServerHandler, options?: HandlerOptions): RequestHandler;
  /**
   * The gate alone, for other routers: host, origin, preflight, credentials.
   *
   * Guards every request that it is given, whatever its path. Only where `mcpPath` has `{orgId}` it
   * reads the organization from the path, and answers 404 to a path that is not an endpoint's. It
   * binds no session to its caller.
   *
   * It reads no body. Where a framework has parsed the body, pass it on as `parsedBody`: `operations`
   * then judge its calls, and filter the lists in the response. Without `options` they have no effect
   * (the event `operations_unjudged` reports it once). With the option `audit` it reads a copy of the
   * body, at most 4 MiB, and records the calls in it.
   *
   * @param request The request; its body is left alone.
   * @param admitted Answers the request of a verified caller, with {@linkcode getAccessToken} and
   * {@linkcode requireScopes} working. It is not called for a request that is refused.
   * @param options `parsedBody`: the body as a JSON value, the one that the MCP server receives too.
   * When it is `undefined`, a request whose fields announce a body is refused; with `operations` so is
   * a request whose body comes as text, bytes or a stream.
   * @returns The response of `admitted`, or the refusal; for browsers with CORS headers.
   * @throws {TypeError} `admitted` is not a function, or an option is unknown.
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
   * const request = new Request("https://mcp.example.com/mcp");
   * const response = await auth.authenticate(request, (caller) => Response.json(caller.subject));
   * assert.equal(response.status, 401);
   * ```
   */
  authenticate(
    request: Request,
    admitted: (caller: AccessToken) => Response | Promise<Response>,
    options?: { readonly parsedBody: unknown },
  ): Promise<Response>;
  /**
   * The caller, inside the MCP server that {@linkcode PropelAuth.handler} called.
   *
   * Behind another router the library does not know which request is under way. There, pass the
   * `authInfo` that the MCP SDK hands to a tool: it comes back with its type, so that `claims` need
   * no cast. Anything but an access token that this package verified gives `undefined`.
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
   * Drops the cached answer about a token: the next request with it asks PropelAuth again. Call it
   * when you learn that a token was revoked before `cacheTtlSeconds` are over.
   *
   * On this instance it takes effect at once, for every later request. Instances with the same
   * `sharedCache` follow within a second; those that cannot reach it go on until `cacheTtlSeconds`
   * are over. An event stream that is already open goes on until the token's `exp`.
   *
   * @param token The access token, without `Bearer`.
   * @returns Nothing, when this instance has dropped the answer and the shared cache has the order.
   * @throws {Error} The shared cache cannot be written. This instance has dropped the answer all the
   * same; call again for the others.
   * @throws {TypeError} `token` cannot be an access token: it is `undefined`, or begins with `Bearer`.
   */
  forget(token: string): Promise<void>;
  /**
   * Drops the cached answers about all tokens of a user, as {@linkcode PropelAuth.forget} does for
   * one token.
   *
   * @param subject PropelAuth's user id.
   * @returns Nothing, when this instance has dropped them and the shared cache has the order.
   * @throws {Error} The shared cache cannot be written. This instance has dropped them all the same;
   * call again for the others.
   * @throws {TypeError} `subject` is no text, or blank.
   */
  forgetSubject(subject: string): Promise<void>;
  /**
   * Shuts down: ends the standing event streams, so that a server that waits for its connections can
   * stop, and waits for the introspections under way. No further one starts: a request whose token is
   * not in the cache gets 503. Without this call, too, nothing keeps the process alive.
   *
   * @returns Nothing, when the introspections under way have ended; after `timeoutSeconds` and the
   * time in the queue at the latest, with `apiKeys` after twice that. Never rejects.
   */
  close(): Promise<void>;
}

/** Creates a {@linkcode PropelAuth}, from options or from the environment. */
export interface CreatePropelAuth {
  /**
   * Creates it from options, all checked now. PropelAuth is not asked: only the first token shows
   * whether the credentials are right.
   *
   * @param options The options.
   * @returns The resource server.
   * @throws {TypeError} An option is unknown, missing or breaks its rule; the message names both.
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
   * `PROPELAUTH_REQUIRED_SCOPES` (separated by spaces or commas). With `apiKeys` that has no
   * `backendApiKey` also from `PROPELAUTH_API_KEY`.
   *
   * @param overrides Options that win over the environment.
   * @returns The same as from options.
   * @throws {TypeError} Variables are missing (the message names all of them), or a variable or an
   * option breaks its rule.
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
