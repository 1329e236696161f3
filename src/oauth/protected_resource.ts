/**
 * The protected resource metadata (RFC 9728) and the paths that serve it. Pure: no clock, no network.
 *
 * @module
 */

import { withoutTrailingSlash } from "../lib/url.ts";

/** The document that tells clients where to log in (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  /** The resource identifier, as it was configured. */
  readonly resource: string;
  /** PropelAuth's issuer, one entry. */
  readonly authorization_servers: readonly string[];
  /** Absent when no scopes are supported: some clients loop on an empty list. */
  readonly scopes_supported?: readonly string[];
  /** Tokens are read from the header only. */
  readonly bearer_methods_supported: readonly ["header"];
  /** Name of the server for people. */
  readonly resource_name?: string;
  /** Page with documentation for developers. */
  readonly resource_documentation?: string;
}

/** The options that the document publishes. */
export interface ResourceMetadataOptions {
  readonly resource: string;
  readonly issuer: string;
  readonly scopesSupported: readonly string[];
  readonly resourceName: string | undefined;
  readonly resourceDocumentation: string | undefined;
}

/** Goes between the host and the path of a resource: the path of its metadata (RFC 9728 §3). */
export const WELL_KNOWN_PATH = "/.well-known/oauth-protected-resource";

/**
 * Builds the protected resource metadata.
 *
 * @param options Checked options.
 * @returns The document, frozen; members without a value are left out.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-2 | RFC 9728 §2}
 */
export function buildResourceMetadata(options: ResourceMetadataOptions): ProtectedResourceMetadata {
  const { resource, issuer, scopesSupported, resourceName, resourceDocumentation } = options;
  return Object.freeze({
    resource,
    authorization_servers: Object.freeze([issuer]),
    ...(scopesSupported.length > 0 && { scopes_supported: Object.freeze([...scopesSupported]) }),
    bearer_methods_supported: Object.freeze(["header"] as const),
    ...(resourceName !== undefined && { resource_name: resourceName }),
    ...(resourceDocumentation !== undefined && { resource_documentation: resourceDocumentation }),
  });
}

/**
 * Builds the URL of a resource's metadata: the well-known path goes between host and path.
 *
 * @param resource The resource identifier.
 * @returns An absolute URL.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(
 *   buildResourceMetadataUrl("https://h.example/v1/mcp"),
 *   "https://h.example/.well-known/oauth-protected-resource/v1/mcp",
 * );
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728.html#section-3.1 | RFC 9728 §3.1}
 */
export function buildResourceMetadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return origin + WELL_KNOWN_PATH + (pathname === "/" ? "" : pathname);
}

/**
 * Lists the paths that serve the metadata: the root, and the paths for the resource and for the MCP
 * endpoint, since a client that saw no challenge derives one from the URL that it was given.
 *
 * @param resource The resource identifier.
 * @param mcpPath Path of the MCP endpoint.
 * @returns Paths without a slash at the end.
 */
export function resourceMetadataPaths(resource: string, mcpPath: string): ReadonlySet<string> {
  const paths = [new URL(resource).pathname, mcpPath, "/"];
  return new Set(paths.map((path) => (WELL_KNOWN_PATH + path).replace(/\/$/, "")));
}

// An absolute http(s) URL as it is written on the wire. URL parsers also accept white space,
// backslashes and missing slashes, which no identifier of ours has.
const ABSOLUTE_URL = /^https?:\/\/[^\s\\?#]+$/i;

/**
 * Brings a resource identifier into the one form in which two of them are compared.
 *
 * Scheme and host lose their case; the default port and one trailing slash are dropped, since
 * clients and authorization servers add and drop these. The path keeps its case, and a prefix does
 * not match. A URL with a query, a fragment or a userinfo is not an identifier.
 *
 * @param identifier Text from outside, or a checked option.
 * @returns The canonical form, or `undefined` when the text identifies no MCP server.
 *
 * @example Two spellings of one server
 * ```ts
 * import assert from "node:assert/strict";
 * assert.equal(canonicalResource("HTTPS://H.example:443/mcp/"), canonicalResource("https://h.example/mcp"));
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707.html#section-2 | RFC 8707 §2}
 */
export function canonicalResource(identifier: string): string | undefined {
  if (!ABSOLUTE_URL.test(identifier) || !URL.canParse(identifier)) return undefined;
  const url = new URL(identifier);
  if (url.username !== "" || url.password !== "") return undefined;
  return url.origin + withoutTrailingSlash(url.pathname);
}
