/**
 * Configures oidc-provider so that it behaves as PropelAuth does.
 *
 * @module
 */

import { generateKeyPairSync } from "node:crypto";
import { createAdapterClass } from "./adapter.ts";
import { buildFeatures, scopesOf } from "./provider_features.ts";
import type { Payload, Store } from "./store.ts";
import { isRecord, isScope } from "../options/check_option.ts";
import type { ResolvedOptions } from "../options/resolve_options.ts";
import { buildErrorPage } from "../pages/pages.ts";
import type {
  Context,
  InteractionPolicy,
  Provider,
  ProviderModule,
} from "./import_oidc_provider.ts";
import { SIGNED_IN, UNKNOWN_SCOPES } from "../options/scopes.ts";
import { findUser, userClaims } from "../options/users.ts";

/** Path of the OAuth endpoints below the Auth URL. */
export const MOUNT = "/oauth/2.1";
/** Path of the login and consent pages below the Auth URL. */
export const PAGES = `${MOUNT}/interaction`;
const INTERACTION_SECONDS = 3600;

/** The parts that {@linkcode createProvider} puts together. */
interface ProviderParts {
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
 * Generates a signing key. oidc-provider requires one, although it signs nothing here.
 *
 * @returns A private JSON Web Key.
 */
export function generateKey(): Payload {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" };
}

/**
 * Creates the provider.
 *
 * @param parts Options, store and credentials.
 * @returns The provider, which does not listen yet.
 */
export function createProvider(parts: ProviderParts): Provider {
  const provider = new parts.module.Provider(parts.issuer, {
    ...SETTINGS,
    ...buildSettings(parts),
    ...buildUserSettings(parts),
    features: buildFeatures(parts.options, parts.module),
  });
  provider.use(async (context, next) => {
    await next();
    const { body } = context;
    if (!isRecord(body)) return;
    // The claims of a minted token replace those that oidc-provider has put in.
    if (body.active === true) Object.assign(body, context.oidc?.entities.AccessToken?.extra);
    if (typeof body.scope === "string") {
      body.scope = body.scope.split(" ").filter((scope) => scope !== SIGNED_IN).join(" ");
    }
  });
  return provider;
}

/** The part of the configuration that no option changes. */
const SETTINGS = {
  claims: {},
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
  routes: {
    authorization: "/authorize",
    token: "/token",
    registration: "/register",
    introspection: "/introspect",
    revocation: "/revoke",
    jwks: "/jwks",
  },
  issueRefreshToken: (_context: unknown, client: { grantTypeAllowed(type: string): boolean }) =>
    client.grantTypeAllowed("refresh_token"),
  expiresWithSession: () => false,
  renderError: (context: Context, out: { error: string; error_description?: string }) => {
    context.type = "html";
    context.body = buildErrorPage(out.error_description ?? out.error, adviceFor(out));
  },
};

/** The store, the keys, the MCP server's client, the scopes and the lifetimes. */
function buildSettings(parts: ProviderParts) {
  const { module, options, store, now } = parts;
  return {
    adapter: createAdapterClass({ store, now, InvalidGrant: module.errors.InvalidGrant }),
    jwks: { keys: [parts.key] },
    scopes: scopesOf(options),
    extraParams: {
      [UNKNOWN_SCOPES]: (_context: unknown, unknown: string | undefined) => {
        if (unknown === undefined) return;
        const named = unknown.split(" ").filter(isScope).join(" ");
        throw new module.errors.InvalidScope(`not configured in MCP > Scopes: ${named}`, named);
      },
    },
    clients: [{
      client_id: parts.introspectionClientId,
      client_secret: parts.introspectionClientSecret,
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: [],
      response_types: [],
      redirect_uris: [],
    }],
    cookies: {
      names: { interaction: "pa_interaction", resume: "pa_resume", session: "pa_session" },
      keys: [String(parts.key["d"])],
      short: { path: MOUNT, httpOnly: true, sameSite: "lax" },
      long: { path: MOUNT, httpOnly: true, sameSite: "lax" },
    },
    rotateRefreshToken: options.rotateRefreshTokens,
    ttl: {
      AccessToken: options.accessTokenExpiresInSeconds,
      AuthorizationCode: 60,
      Grant: options.refreshTokenExpiresInSeconds,
      IdToken: 3600,
      Interaction: INTERACTION_SECONDS,
      RefreshToken: options.refreshTokenExpiresInSeconds,
      Session: 14 * 24 * 3600,
    },
  };
}

/** Users, their claims, and when a login or consent page is shown. */
function buildUserSettings({ module, options }: ProviderParts) {
  return {
    interactions: {
      policy: buildInteractionPolicy(module),
      url: (_context: unknown, { uid }: { uid: string }) => `${PAGES}/${uid}`,
    },
    findAccount: (_context: unknown, id: string) => {
      const user = findUser(options.users, id);
      return user && { accountId: user.id, claims: () => ({ sub: user.id }) };
    },
    // Each login shows the consent page, which marks the scopes that were granted before.
    loadExistingGrant: (context: LoginContext) => {
      const grantId = context.oidc.result?.consent?.grantId;
      return grantId && context.oidc.provider.Grant.find(grantId);
    },
    extraTokenClaims: (_context: unknown, token: { accountId?: string; extra?: Payload }) => {
      if (token.extra !== undefined) return token.extra;
      const user = token.accountId && findUser(options.users, token.accountId);
      return user ? userClaims(user) : undefined;
    },
  };
}

/**
 * Adds `prompt=select_account` to oidc-provider's own `login` and `consent` (OpenID Connect Core
 * §3.1.2.1). For a native client oidc-provider answers `prompt=none` with `interaction_required`
 * before it looks at the consent; without that check the answer is the exact `consent_required`.
 */
function buildInteractionPolicy({ interactionPolicy }: ProviderModule): InteractionPolicy {
  const policy = interactionPolicy.base();
  policy.add(new interactionPolicy.Prompt({ name: "select_account", requestable: true }), 0);
  policy.get("consent").checks.remove("native_client_prompt");
  return policy;
}

function adviceFor(
  { error, error_description = "" }: { error: string; error_description?: string },
) {
  if (error === "invalid_client") {
    return "This client is not registered. Perhaps the local PropelAuth was restarted without " +
      "stateFile: remove the client's saved login and connect again.";
  }
  if (error === "invalid_target") {
    return "Request a resource that is configured in the option resources of the local PropelAuth.";
  }
  if (/redirect_uri/.test(error_description)) {
    return "The redirect URI has to be one that the client registered, character for character.";
  }
  return "Go back to the client and connect again.";
}

interface LoginContext {
  readonly oidc: {
    readonly result?: { readonly consent?: { readonly grantId?: string } };
    readonly provider: { readonly Grant: { find(id: string): Promise<unknown> } };
  };
}
