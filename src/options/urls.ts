/**
 * The URLs among the options: checked, and against each other. Pure: no clock, no network.
 *
 * @module
 */

import { badOption, describe, requireIdentifierUrl } from "../lib/check_option.ts";
import { fillOrgId, ORG_PLACEHOLDER } from "../http/resources.ts";
import { canonicalResource } from "../oauth/protected_resource.ts";

/** Where PropelAuth serves its MCP endpoints below the Auth URL. */
export const OAUTH_PATH = "/oauth/2.1";

/**
 * Checks the Auth URL.
 *
 * @param value The option `authUrl`.
 * @returns The same without slashes at the end.
 * @throws {TypeError} It is no such URL, or already has the path of the MCP endpoints.
 */
export function resolveAuthUrl(value: unknown): string {
  const url = requireIdentifierUrl("authUrl", value);
  const authUrl = url.origin + url.pathname.replace(/\/+$/, "");
  if (authUrl.endsWith(OAUTH_PATH)) {
    throw badOption("authUrl", `PropelAuth's Auth URL without ${OAUTH_PATH}`, describe(value));
  }
  return authUrl;
}

/**
 * Checks the issuer to publish.
 *
 * @param authUrl The checked Auth URL.
 * @param value The option `issuer`.
 * @returns The issuer as it was given, or PropelAuth's own.
 * @throws {TypeError} It is no such URL (RFC 8414 §2).
 */
export function resolveIssuer(authUrl: string, value: string | URL | undefined): string {
  if (value === undefined) return authUrl + OAUTH_PATH;
  return verbatim(value, requireIdentifierUrl("issuer", value));
}

/**
 * Puts the URL of the MCP endpoint together.
 *
 * @param baseUrl The checked option `baseUrl`.
 * @param mcpPath The option `mcpPath`; a slash at its end stays, and so does `{orgId}`.
 * @returns The URL, but for the placeholder spelled as every URL parser spells it.
 * @throws {TypeError} The path would be read otherwise by a parser or a router, or is a metadata path.
 */
export function resolveMcpUrl(baseUrl: URL, mcpPath: unknown): string {
  const rule = "a path without query, fragment, empty or dot segments, {orgId} at most once as one";
  if (typeof mcpPath !== "string") throw badOption("mcpPath", rule, describe(mcpPath));
  const base = baseUrl.origin + baseUrl.pathname.replace(/\/+$/, "");
  const mcpUrl = `${base}/${mcpPath.replace(/^\//, "")}`;
  // What a URL parser would read otherwise, a router would too.
  const example = fillOrgId(mcpUrl, "id");
  if (/[\s\\?#]|\/\/.*\/\//.test(example) || !URL.canParse(example)) {
    throw badOption("mcpPath", rule, describe(mcpPath));
  }
  const { href, pathname } = new URL(example);
  if (href !== example || pathname.startsWith("/.well-known/oauth-")) {
    throw badOption("mcpPath", rule, describe(mcpPath));
  }
  return mcpUrl;
}

/**
 * Checks the resource identifier against the MCP endpoint.
 *
 * @param mcpUrl URL of the MCP endpoint.
 * @param value The option `resource`.
 * @returns The identifier as it was given, or the URL of the endpoint.
 * @throws {TypeError} It is neither the endpoint's URL nor a path prefix of it, or it is given
 * although each organization has its own.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707.html#section-2 | RFC 8707 §2}
 */
export function resolveResource(mcpUrl: string, value: string | URL | undefined): string {
  if (value === undefined) return mcpUrl;
  if (mcpUrl.includes(ORG_PLACEHOLDER)) {
    throw badOption("resource", `left out, since mcpPath has ${ORG_PLACEHOLDER}`, describe(value));
  }
  const url = requireIdentifierUrl("resource", value);
  // Strict clients refuse metadata whose resource is not the MCP URL or a path prefix of it.
  const prefix = `${canonicalResource(url.href)}/`;
  if (!`${canonicalResource(mcpUrl)}/`.startsWith(prefix)) {
    throw badOption("resource", `${mcpUrl} or a path prefix of it`, describe(value));
  }
  return verbatim(value, url);
}

/** A string stays as it was written (`https://h` gains no slash); a `URL` has one spelling. */
function verbatim(value: string | URL, url: URL): string {
  return typeof value === "string" ? value : url.href;
}
