/**
 * The authorization server itself: oidc-provider, configured as PropelAuth behaves.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { createAdapterClass, type Payload, type Store } from "./store.ts";
import { isRecord } from "../options/check_option.ts";
import { normalizeResource, type ResolvedOptions } from "../options/resolve_options.ts";
import { buildErrorPage } from "../pages/pages.ts";
import type { Context, Provider, ProviderModule } from "./oidc_provider.ts";
import { SIGNED_IN } from "../options/scopes.ts";
import { findUser } from "../options/users.ts";

/** Where the MCP endpoints are, below the Auth URL. */
export const MOUNT = "/oauth/2.1";
/** Where the login and consent pages are, below the Auth URL. */
export const PAGES = `${MOUNT}/interaction`;
const INTERACTION_SECONDS = 3600;

/** What a provider is made of. */
export interface ProviderParts {
  readonly module: ProviderModule;
  readonly issuer: string;
  readonly options: ResolvedOptions;
  readonly store: Store;
  readonly key: Payload;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  /** The clock, in whole seconds since 1970. */
  readonly now: () => number;
}

/**
 * Makes a signing key: the provider wants one, although nothing of ours is signed.
 *
 * @returns A JSON Web Key.
 */
export function generateKey(): Payload {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" };
}

/**
 * Creates the provider.
 *
 * @param parts What it is made of.
 * @returns The provider, not yet listening.
 */
export function createProvider(parts: ProviderParts): Provider {
  const { module, issuer, options, store } = parts;
  const scopes = [...options.scopes.map(({ name }) => name), SIGNED_IN];
  const resourceServer = (resource: string) => ({
    scope: scopes.join(" "),
    // To the letter: a client's trailing slash stays in the token's audience.
    audience: resource,
    accessTokenFormat: "opaque",
    accessTokenTTL: options.accessTokenExpiresInSeconds,
  });
  const provider = new module.Provider(issuer, {
    adapter: createAdapterClass(store, parts.now),
    jwks: { keys: [parts.key] },
    scopes,
    claims: {},
    clients: [{
      client_id: parts.introspectionClientId,
      client_secret: parts.introspectionClientSecret,
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: [],
      response_types: [],
      redirect_uris: [],
    }],
    clientDefaults: {
      application_type: "native",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      id_token_signed_response_alg: "ES256",
    },
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post"],
    responseTypes: ["code"],
    pkce: { required: () => true },
    clockTolerance: 0,
    cookies: {
      names: { interaction: "pa_interaction", resume: "pa_resume", session: "pa_session" },
      keys: [String(parts.key["d"])],
      short: { path: MOUNT, httpOnly: true, sameSite: "lax" },
      long: { path: MOUNT, httpOnly: true, sameSite: "lax" },
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      registration: { enabled: true },
      revocation: { enabled: true },
      introspection: {
        enabled: true,
        // A refresh token is none to call a server with.
        allowedPolicy: (_context: unknown, _client: unknown, token: { kind: string }) =>
          token.kind === "AccessToken",
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => {
          if (isKnownResource(options, resource)) return resourceServer(resource);
          throw new module.errors.InvalidTarget("this resource is not known here");
        },
      },
    },
    routes: {
      authorization: "/authorize",
      token: "/token",
      registration: "/register",
      introspection: "/introspect",
      revocation: "/revoke",
      jwks: "/jwks",
    },
    ttl: {
      AccessToken: options.accessTokenExpiresInSeconds,
      AuthorizationCode: 60,
      Grant: options.refreshTokenExpiresInSeconds,
      IdToken: 3600,
      Interaction: INTERACTION_SECONDS,
      RefreshToken: options.refreshTokenExpiresInSeconds,
      Session: 14 * 24 * 3600,
    },
    renderError: (context: Context, out: { error: string; error_description?: string }) => {
      context.type = "html";
      context.body = buildErrorPage(out.error_description ?? out.error, adviceFor(out));
    },
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `${PAGES}/${uid}` },
    findAccount: (_context: unknown, id: string) => {
      const user = findUser(options.users, id);
      return user && { accountId: user.id, claims: () => ({ sub: user.id }) };
    },
    // Each login shows the consent page: what was granted before is on it, as granted.
    loadExistingGrant: (context: LoginContext) => {
      const grantId = context.oidc.result?.consent?.grantId;
      return grantId && context.oidc.provider.Grant.find(grantId);
    },
    issueRefreshToken: (_context: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed("refresh_token"),
    expiresWithSession: () => false,
    rotateRefreshToken: options.rotateRefreshTokens,
    extraTokenClaims: (_context: unknown, token: { accountId?: string; extra?: Payload }) => {
      if (token.extra !== undefined) return token.extra;
      const user = token.accountId && findUser(options.users, token.accountId);
      return user ? userClaims(user) : undefined;
    },
  });
  provider.use(async (context, next) => {
    await next();
    const { body } = context;
    if (!isRecord(body)) return;
    // What a token was minted with stands over what the server says by itself.
    if (body.active === true) Object.assign(body, context.oidc?.entities.AccessToken?.extra);
    if (typeof body.scope === "string") {
      body.scope = body.scope.split(" ").filter((scope) => scope !== SIGNED_IN).join(" ");
    }
  });
  return provider;
}

function adviceFor(
  { error, error_description = "" }: { error: string; error_description?: string },
) {
  if (error === "invalid_client") {
    return "This client is not registered here, perhaps because the stand-in was started again " +
      "without stateFile: remove the client's saved login and connect again.";
  }
  if (error === "invalid_target") {
    return "Ask for the URL of an MCP server that is configured here.";
  }
  if (/redirect_uri/.test(error_description)) {
    return "The client has to come back to an address that it registered, to the letter.";
  }
  return "Go back to the client and connect again.";
}

interface LoginContext {
  readonly oidc: {
    readonly result?: { readonly consent?: { readonly grantId?: string } };
    readonly provider: { readonly Grant: { find(id: string): Promise<unknown> } };
  };
}

/**
 * What introspection says of a user beside the id.
 *
 * @param user The user.
 * @returns Members of the introspection response.
 */
export function userClaims(
  user: { id: string; email: string; orgId?: string; orgRole?: string },
): Payload {
  return {
    username: user.email,
    user_id: user.id,
    email: user.email,
    ...(user.orgId !== undefined && { org_id: user.orgId }),
    ...(user.orgRole !== undefined && { org_role: user.orgRole }),
  };
}

/**
 * Tells whether tokens may be for a resource.
 *
 * @param options Checked options.
 * @param resource What a client sent.
 * @returns Whether it is known.
 */
export function isKnownResource(options: ResolvedOptions, resource: string): boolean {
  const normalized = normalizeResource(resource);
  return normalized !== undefined && (options.resources?.includes(normalized) ?? true);
}
