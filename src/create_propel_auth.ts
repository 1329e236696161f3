/**
 * Puts the parts together, over the real clock and network, with the environment's variables.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import { type AccessToken, isAccessToken } from "./oauth/access_token.ts";
import { createAuthorizationServerMetadata } from "./http/authorization_server_metadata.ts";
import { createEmit } from "./events/messages.ts";
import { readOptions } from "./options/environment.ts";
import { createOpenStreams } from "./http/standing_streams.ts";
import { createGate } from "./http/gate.ts";
import { createHandler, type HandlerOptions, type RequestHandler } from "./http/handler.ts";
import { createIntrospector } from "./verification/introspector.ts";
import { buildJsonRpcError, TRANSPORT_ERROR } from "./http/json_rpc_error.ts";
import type { McpServer } from "./http/mcp_endpoint.ts";
import { createOperationGate } from "./http/operation_gate.ts";
import { createOperationPolicy } from "./operations/policy.ts";
import { resolveOptions } from "./options/resolve_options.ts";
import type { CreatePropelAuth, PropelAuth } from "./propel_auth.ts";
import type { PropelAuthOptions } from "./options/propel_auth_options.ts";
import { createProtectedResources, ORG_PLACEHOLDER } from "./http/resources.ts";
import { createRequirements } from "./operations/requirements.ts";
import { routeOf } from "./lib/url.ts";
import { buildResourceMetadata } from "./oauth/protected_resource.ts";
import { createHoldsScope } from "./oauth/scopes.ts";
import { createSessions } from "./http/sessions.ts";
import { createVerifier } from "./verification/verifier.ts";
import type { World } from "./lib/world.ts";
import { REAL_WORLD } from "./real_world.ts";

/** See {@linkcode CreatePropelAuth}. */
export const createPropelAuth: CreatePropelAuth = Object.assign(
  (options: PropelAuthOptions): PropelAuth => composePropelAuth(options, REAL_WORLD),
  {
    fromEnv: (overrides: Partial<PropelAuthOptions> = {}): PropelAuth =>
      composePropelAuth(readOptions((name) => process.env[name], overrides), REAL_WORLD),
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
  const verifier = createVerifier(options, world, emit, ask);
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
        verifier.verifyAccessToken(token, resources.policyOf(orgId)),
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
