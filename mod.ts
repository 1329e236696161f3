/**
 * Protects an MCP server with PropelAuth: the server becomes an OAuth 2.1 resource server.
 *
 * {@linkcode createPropelAuth} is the only function; all other exports are types.
 *
 * @example A protected server, asked without credentials
 * ```ts
 * import assert from "node:assert/strict";
 * import { createPropelAuth } from "@x/propelauth-mcp";
 * const auth = createPropelAuth({
 *   authUrl: "https://auth.example.com",
 *   introspectionClientId: "id",
 *   introspectionClientSecret: "secret",
 *   baseUrl: "https://mcp.example.com",
 * });
 * assert.equal(auth.resourceMetadata.resource, "https://mcp.example.com/mcp");
 * ```
 *
 * @module
 */

export { createPropelAuth } from "./src/create_propel_auth.ts";
export type { CreatePropelAuth, PropelAuth } from "./src/propel_auth.ts";
export type {
  EventFacts,
  EventListener,
  PropelAuthEvent,
  TokenEvent,
} from "./src/events/events.ts";
export type { FactsSource, IntrospectionClaims } from "./src/oauth/facts.ts";
export type {
  Operation,
  OperationRule,
  OperationRules,
  ScopeRequirement,
  ScopesOf,
} from "./src/operations/operations.ts";
export type {
  PropelAuthOptions,
  TokenIntrospectionOverrides,
} from "./src/options/propel_auth_options.ts";
export type { SharedCache, SharedCacheSetOptions } from "./src/shared_cache/shared_cache.ts";
export type { Fetch } from "./src/lib/world.ts";
export type { ApiKeyKind, CredentialType, VerifiedApiKey } from "./src/oauth/api_key.ts";
export type { ApiKeys } from "./src/verification/credential_source.ts";
export type { AccessToken } from "./src/oauth/access_token.ts";
export type { AccessTokenVerifier } from "./src/verification/verifier.ts";
export type { HandlerOptions, RequestHandler } from "./src/http/handler.ts";
export type { McpFunction, McpRequestOptions, McpServerHandler } from "./src/http/mcp_server.ts";
export type {
  Requirements,
  ScopeChallenge,
  ScopeChallengeHandler,
} from "./src/operations/requirements.ts";
export type { ProtectedResourceMetadata } from "./src/oauth/protected_resource.ts";
export type { AccessTokenError, IntrospectionError } from "./src/oauth/errors.ts";
export type {
  AccessTokenErrorReason,
  IntrospectionErrorReason,
} from "./src/oauth/refusal_sentences.ts";
