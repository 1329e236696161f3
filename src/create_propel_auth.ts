/**
 * Composes the parts, over the real clock and network, with options or environment variables.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import process from "node:process";
import type { Emit } from "./events/events.ts";
import { createEmit } from "./events/messages.ts";
import { buildRuleUnmatched } from "./events/token_events.ts";
import { createAuthenticate } from "./http/authenticate.ts";
import { createAuthorizationServerMetadata } from "./http/authorization_server_metadata.ts";
import { createGate } from "./http/gate.ts";
import {
  createHandler,
  type HandlerOptions,
  type HandlerParts,
  type RequestHandler,
} from "./http/handler.ts";
import type { McpServerHandler } from "./http/mcp_server.ts";
import { createOperationGate } from "./http/operation_gate.ts";
import { createSessions } from "./http/sessions.ts";
import { createOpenStreams } from "./http/standing_streams.ts";
import { refuseAs } from "./lib/broken_rule.ts";
import { routeOf } from "./lib/url.ts";
import type { World } from "./lib/world.ts";
import { type AccessToken, isAccessToken } from "./oauth/access_token.ts";
import { buildResourceMetadata } from "./oauth/protected_resource.ts";
import { createProtectedResources } from "./oauth/resources.ts";
import { createOperationPolicy } from "./operations/policy.ts";
import { createRequirements, type Running } from "./operations/requirements.ts";
import { createRuleWatch } from "./operations/rule_watch.ts";
import { resolveOperations } from "./operations/rules.ts";
import { readEnvironment } from "./options/environment.ts";
import type { PropelAuthOptions } from "./options/propel_auth_options.ts";
import { type ResolvedOptions, resolveOptions } from "./options/resolve_options.ts";
import type { CreatePropelAuth, PropelAuth } from "./propel_auth.ts";
import { REAL_WORLD } from "./real_world.ts";
import {
  createIntrospectionSource,
  type CredentialSource,
} from "./verification/credential_source.ts";
import { createIntrospector } from "./verification/introspector.ts";
import { createLimiter } from "./verification/limiter.ts";
import { createVerifier, type Verifier } from "./verification/verifier.ts";

const ACTION = "Cannot create PropelAuth";

/**
 * The requests under way, each by the PropelAuth that serves it. One storage for all of these, since
 * on Node 20 each storage makes every promise of the process slower.
 */
const underWay = new AsyncLocalStorage<ReadonlyMap<symbol, Running>>();

/** See {@linkcode CreatePropelAuth}. */
export const createPropelAuth: CreatePropelAuth = Object.assign(
  (options: PropelAuthOptions): PropelAuth => composePropelAuth(options, REAL_WORLD),
  {
    fromEnv(overrides: Partial<PropelAuthOptions> = {}): PropelAuth {
      const read = (name: string): string | undefined => process.env[name];
      const { options, variables } = refuseAs(ACTION, () => readEnvironment(read, overrides));
      return composePropelAuth(options, REAL_WORLD, variables);
    },
  },
);

/**
 * Composes the parts over a given world.
 *
 * @param rawOptions The options as the caller gave them.
 * @param defaultWorld The clock, and the network for when the options give none.
 * @param variables For each option that an environment variable gave: the variable's name, which
 * errors then say.
 * @returns The whole.
 * @throws {TypeError} An option breaks its rule.
 * @throws {RangeError} A number is out of its bounds.
 */
export function composePropelAuth(
  rawOptions: PropelAuthOptions,
  defaultWorld: World,
  variables: Readonly<Record<string, string>> = {},
): PropelAuth {
  const options = refuseAs(ACTION, () => resolveOptions(rawOptions), variables);
  const world = { ...defaultWorld, fetch: options.fetch ?? defaultWorld.fetch };
  const key = Symbol();
  const getRunning = (): Running | undefined => underWay.getStore()?.get(key);
  const emit = createEmit(options.onEvent, world.now, options.furtherSource?.messageOf);
  const verifier = composeVerifier(options, world, emit);
  const parts = {
    ...composeEndpoint(options, world, emit, verifier),
    runAs: <T>(running: Running, run: () => T): T =>
      underWay.run(new Map(underWay.getStore()).set(key, running), run),
  };
  const { resources, audit } = parts;
  const reportUnjudged = createReport(options.operations && emit, "operations_unjudged");
  const reportUnaudited = createReport(audit && emit, "calls_unaudited");
  return Object.freeze({
    ...createRequirements({ ...options, getRunning, emit }),
    verifier: Object.freeze({
      verifyAccessToken(token: string, orgId?: string): Promise<AccessToken> {
        reportUnjudged();
        reportUnaudited();
        return verifier.verifyAccessToken(token, resources.policyOf(orgId));
      },
    }),
    handler: (mcp: McpServerHandler, handlerOptions?: HandlerOptions): RequestHandler =>
      createHandler(parts, mcp, handlerOptions),
    authenticate: createAuthenticate({
      ...parts,
      policyFor: ({ url }) => resources.single ?? resources.policyAt(routeOf(url)),
      onUnjudged: reportUnjudged,
      onUnaudited: reportUnaudited,
    }),
    getAccessToken(authInfo?: unknown): AccessToken | undefined {
      if (authInfo === undefined) return getRunning()?.caller;
      return isAccessToken(authInfo) ? authInfo : undefined;
    },
    resourceMetadata: buildResourceMetadata(options),
    forget: verifier.forget,
    forgetSubject: verifier.forgetSubject,
    close(): Promise<void> {
      parts.streams.endAll();
      audit?.close();
      return verifier.close();
    },
  });
}

/** Creates a function that reports an event the first time that it is called. */
function createReport(emit: Emit, code: "operations_unjudged" | "calls_unaudited"): () => void {
  let isReported = false;
  return () => {
    if (!isReported) emit?.({ code });
    isReported = true;
  };
}

// Each part is given all options; its own interface names those that it uses. The client secret is in
// that of the introspection source, which sends it, and of the answers, whose shared cache has a key
// derived from it.

function composeVerifier(options: ResolvedOptions, world: World, emit: Emit): Verifier {
  const { authUrl, timeoutSeconds, maxConcurrentIntrospections } = options;
  const limiter = createLimiter(world, maxConcurrentIntrospections, timeoutSeconds / 2);
  const createAsk = (source: CredentialSource) =>
    createIntrospector(source, { timeoutSeconds, limiter }, world, emit);
  const ask = createAsk(createIntrospectionSource(options));
  const asking = options.furtherSource?.connect({
    world,
    authUrl,
    timeoutSeconds,
    askIntrospection: ask,
    createAsk,
  });
  return createVerifier({ ...options, ask, ...asking }, world, emit);
}

function composeEndpoint(
  options: ResolvedOptions,
  world: World,
  emit: Emit,
  verifier: Verifier,
): Omit<HandlerParts, "runAs"> {
  const { mcpPath, allowedOrigins, onLoopback, connectAudits } = options;
  // Only the gate of operations reads every body; without a rule it lets all calls pass.
  const operations = options.operations ?? (connectAudits && resolveOperations({}));
  return {
    gate: createGate(options, verifier, emit),
    operationGate: operations && createOperationGate({
      ruleWatch: createRuleWatch(
        operations,
        options.defaultOperation === "deny",
        (unmatched) => emit?.(buildRuleUnmatched(unmatched)),
      ),
      operationPolicy: createOperationPolicy({ ...options, operations }),
      verifyFresh: verifier.verifyFresh,
      emit,
    }),
    resources: createProtectedResources(options),
    authorizationServerMetadata: options.forwardAuthorizationServerMetadata
      ? createAuthorizationServerMetadata(options, world, emit)
      : undefined,
    mcpPath,
    allowedOrigins,
    onLoopback,
    streams: createOpenStreams(),
    sessions: createSessions(),
    world,
    emit,
    audit: connectAudits?.(world),
  };
}
