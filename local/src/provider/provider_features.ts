/**
 * The features of oidc-provider: the endpoints of PropelAuth, and the resources that tokens are for.
 *
 * @module
 */

import { isKnownResource, type ResolvedOptions } from "../options/resolve_options.ts";
import { SIGNED_IN } from "../options/scopes.ts";
import type { ProviderModule } from "./import_oidc_provider.ts";

/** The part of a context that tells which resources a request names. */
interface ResourceContext {
  readonly oidc: { readonly params?: { readonly resource?: unknown } };
}

/**
 * Switches oidc-provider's features on and off.
 *
 * @param options Checked options.
 * @param module Gives the class of the error for a refused resource.
 * @returns The member `features` of oidc-provider's configuration.
 */
export function buildFeatures(options: ResolvedOptions, module: ProviderModule) {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
    registration: { enabled: true },
    revocation: { enabled: true },
    introspection: {
      enabled: true,
      // Refresh tokens are inactive: an MCP server must not accept one as an access token.
      allowedPolicy: (_context: unknown, _client: unknown, token: { kind: string }) =>
        token.kind === "AccessToken",
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => undefined,
      useGrantedResource: () => true,
      getResourceServerInfo: (context: ResourceContext, resource: string) => {
        // RFC 8707 §2 allows several. A login is for one server here, and so is each token.
        if (Array.isArray(context.oidc.params?.resource)) {
          throw new module.errors.InvalidTarget("only one resource can be requested");
        }
        if (!isKnownResource(options, resource)) {
          throw new module.errors.InvalidTarget("no MCP server with this resource is configured");
        }
        return {
          scope: scopesOf(options).join(" "),
          // Unchanged: a trailing slash that the client sent stays in the token's audience.
          audience: resource,
          accessTokenFormat: "opaque",
          accessTokenTTL: options.accessTokenExpiresInSeconds,
        };
      },
    },
  };
}

/** Lists the names of the scopes that a grant may contain. */
export function scopesOf(options: ResolvedOptions): string[] {
  return [...options.scopes.map(({ name }) => name), SIGNED_IN];
}
