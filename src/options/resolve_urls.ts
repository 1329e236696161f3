/**
 * The options that are URLs or paths: each checked, and compared with the others. Pure: no clock, no
 * network.
 *
 * @module
 */

import { fillOrgId, ORG_PLACEHOLDER } from "../oauth/org_path.ts";
import { BrokenRule } from "../lib/broken_rule.ts";
import { describe } from "../lib/check_option.ts";
import { requireIdentifierUrl } from "../lib/check_url.ts";
import { canonicalResource } from "../oauth/protected_resource.ts";

/** Where PropelAuth serves its MCP endpoints below the Auth URL. */
export const OAUTH_PATH = "/oauth/2.1";

/** Whether http passes beyond loopback: the option `dangerouslyAllowHttp`. */
interface UrlOptions {
  readonly allowHttp?: boolean;
}

/**
 * Checks the Auth URL.
 *
 * @param value The option `authUrl`.
 * @param options Whether http passes beyond loopback.
 * @returns The same without slashes at the end.
 * @throws {BrokenRule} It is not such a URL, or already has the path of the MCP endpoints.
 */
export function resolveAuthUrl(value: unknown, options?: UrlOptions): string {
  const url = requireIdentifierUrl("authUrl", value, options);
  const authUrl = withoutSlashesAtEnd(url);
  if (authUrl.endsWith(OAUTH_PATH)) {
    const rule = `PropelAuth's Auth URL without ${OAUTH_PATH}`;
    throw new BrokenRule("authUrl", rule, describe(value));
  }
  return authUrl;
}

/**
 * Checks the issuer to publish.
 *
 * @param authUrl The checked Auth URL.
 * @param value The option `issuer`.
 * @param options Whether http passes beyond loopback.
 * @returns The issuer as it was given, or PropelAuth's own.
 * @throws {BrokenRule} It is not such a URL (RFC 8414 §2).
 */
export function resolveIssuer(
  authUrl: string,
  value: string | URL | undefined,
  options?: UrlOptions,
): string {
  if (value === undefined) return authUrl + OAUTH_PATH;
  return verbatim(value, requireIdentifierUrl("issuer", value, options));
}

const PATH_EXAMPLE = "a path such as /mcp or /o/{orgId}/mcp";

/** Spellings that a URL parser or a router would read in another way. */
const PATH_RULES: readonly [broken: RegExp, rule: string][] = [
  [/\?/, "a path without a query (?)"],
  [/#/, "a path without a fragment (#)"],
  [/\s/, "a path without white space"],
  [/\\/, "a path without backslashes"],
  [/\/\//, "a path without empty segments (//)"],
  [/(^|\/)(\.|%2e){1,2}(\/|$)/i, "a path without dot segments (. and ..)"],
  // Routers write `:orgId` or `[orgId]`; here such a path would match no request.
  [/(^|\/)[:[]|[{}]/, `${PATH_EXAMPLE}, with {orgId} at most once, as a whole segment`],
  [/[^\x21-\x7e]|["<>^`|]/, "a path with quotes, <, >, ^, `, | and all but ASCII percent-encoded"],
];

/**
 * Puts the URL of the MCP endpoint together.
 *
 * @param baseUrl The checked option `baseUrl`.
 * @param mcpPath The option `mcpPath`; a slash at its end stays, and so does `{orgId}`.
 * @returns The URL; but for the placeholder it is spelled as every URL parser spells it.
 * @throws {BrokenRule} `mcpPath`: a parser or a router would read the path otherwise, or metadata is
 * served there. `baseUrl`: it has empty segments, or ends in `mcpPath` already.
 */
export function resolveMcpUrl(baseUrl: URL, mcpPath: unknown): string {
  if (typeof mcpPath !== "string") throw new BrokenRule("mcpPath", PATH_EXAMPLE, describe(mcpPath));
  const base = withoutSlashesAtEnd(baseUrl);
  const path = mcpPath.startsWith("/") ? mcpPath : `/${mcpPath}`;
  const mcpUrl = base + path;
  if (base.slice(baseUrl.origin.length).includes("//")) {
    throw new BrokenRule("baseUrl", "a URL without empty segments (//)", describe(baseUrl));
  }
  const example = fillOrgId(path, "id");
  const rule = PATH_RULES.find(([broken]) => broken.test(example))?.[1];
  if (rule !== undefined) throw new BrokenRule("mcpPath", rule, describe(mcpPath));
  const { href, pathname } = new URL(base + example);
  if (href !== base + example) throw new BrokenRule("mcpPath", PATH_EXAMPLE, describe(mcpPath));
  if (pathname.startsWith("/.well-known/oauth-")) {
    throw new BrokenRule(
      "mcpPath",
      "another path than those of OAuth's metadata",
      describe(mcpPath),
    );
  }
  requireBaseWithoutPath(baseUrl, path);
  return mcpUrl;
}

/** With `SERVER_URL=https://h/mcp` clients would look for `/mcp`, and find it at `/mcp/mcp`. */
function requireBaseWithoutPath(baseUrl: URL, path: string): void {
  const base = baseUrl.pathname.replace(/\/+$/, "");
  // As the parser spells it: braces are encoded in the path of a URL.
  const added = new URL(path, baseUrl.origin).pathname.replace(/\/+$/, "");
  if (added === "" || !base.endsWith(added)) return;
  const instead = baseUrl.origin + base.slice(0, -added.length);
  const rule = `${instead}, without the ${path} that mcpPath adds to it`;
  throw new BrokenRule("baseUrl", rule, describe(baseUrl));
}

/**
 * Checks the resource identifier against the MCP endpoint.
 *
 * @param mcpUrl URL of the MCP endpoint.
 * @param value The option `resource`.
 * @param options Whether http passes beyond loopback.
 * @returns The identifier as it was given, or the URL of the endpoint.
 * @throws {BrokenRule} It is neither the endpoint's URL nor a path prefix of it, or it is given
 * although each organization has its own.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707.html#section-2 | RFC 8707 §2}
 */
export function resolveResource(
  mcpUrl: string,
  value: string | URL | undefined,
  options?: UrlOptions,
): string {
  if (value === undefined) return mcpUrl;
  if (mcpUrl.includes(ORG_PLACEHOLDER)) {
    const rule = `left out, since mcpPath has ${ORG_PLACEHOLDER}`;
    throw new BrokenRule("resource", rule, describe(value));
  }
  const url = requireIdentifierUrl("resource", value, options);
  // Strict clients refuse metadata whose resource is not the MCP URL or a path prefix of it.
  const prefix = `${canonicalResource(url.href)}/`;
  if (!`${canonicalResource(mcpUrl)}/`.startsWith(prefix)) {
    throw new BrokenRule("resource", `${mcpUrl} or a path prefix of it`, describe(value));
  }
  return verbatim(value, url);
}

function withoutSlashesAtEnd({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/+$/, "");
}

/** A string stays as it was written (`https://h` gains no slash); a `URL` has one spelling. */
function verbatim(value: string | URL, url: URL): string {
  return typeof value === "string" ? value : url.href;
}
