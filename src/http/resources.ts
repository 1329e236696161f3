/**
 * The resources that one handler protects: one, or one for each organization. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AccessTokenPolicy } from "../oauth/access_token.ts";
import {
  buildResourceMetadata,
  buildResourceMetadataUrl,
  canonicalResource,
  type ResourceMetadataOptions,
  resourceMetadataPaths,
  WELL_KNOWN_PATH,
} from "../oauth/protected_resource.ts";
import { withoutTrailingSlash } from "../lib/url.ts";
import type { HoldsScope } from "../oauth/scopes.ts";

/** The options that resources and their policies are computed from. */
interface ProtectedResourcesOptions extends ResourceMetadataOptions {
  /** Path of the MCP endpoint; with the placeholder each organization has its own. */
  readonly mcpPath: string;
  readonly requiredScopes: readonly string[];
  readonly challengeScopes: readonly string[];
  readonly holdsScope: HoldsScope;
  readonly dangerouslyAllowAnyAudience: boolean;
  readonly dangerouslyAllowMissingOrgId: boolean;
}

/** The protected resources. They are computed for each request, so no flood of paths fills memory. */
export interface ProtectedResources {
  /**
   * The policy of one organization, or of the single resource when `mcpPath` has no `{orgId}`. With
   * `{orgId}` in `mcpPath` and no `orgId` given, the policy refuses every token: it has no audience
   * to match.
   */
  readonly policyOf: (orgId?: string) => AccessTokenPolicy;
  /** The policy for tokens at a path; `undefined` when no MCP endpoint is there. */
  readonly policyAt: (path: string) => AccessTokenPolicy | undefined;
  /** The metadata document at a path as JSON; `undefined` when the path has no metadata. */
  readonly metadataAt: (path: string) => string | undefined;
}

/**
 * Creates the protected resources.
 *
 * @param options Checked options.
 * @returns The three functions. Paths are taken without a slash at the end.
 */
export function createProtectedResources(options: ProtectedResourcesOptions): ProtectedResources {
  return options.mcpPath.includes(ORG_PLACEHOLDER) ? createMany(options) : createOne(options);
}

function createOne(options: ProtectedResourcesOptions): ProtectedResources {
  const { resource, mcpPath } = options;
  const policy = buildPolicy(options, resource);
  const route = withoutTrailingSlash(mcpPath);
  const metadata = JSON.stringify(buildResourceMetadata(options));
  const metadataPaths = resourceMetadataPaths(resource, mcpPath);
  return {
    policyOf: () => policy,
    policyAt: (path) => path === route ? policy : undefined,
    metadataAt: (path) => metadataPaths.has(path) ? metadata : undefined,
  };
}

function createMany(options: ProtectedResourcesOptions): ProtectedResources {
  const { resource, mcpPath } = options;
  const readOrgId = createOrgIdReader(withoutTrailingSlash(mcpPath));
  const refusesAll = {
    ...buildPolicy(options, resource),
    audience: undefined,
    dangerouslyAllowAnyAudience: false,
  };
  const policyOf = (orgId?: string): AccessTokenPolicy =>
    isOrgId(orgId) ? { ...buildPolicy(options, fillOrgId(resource, orgId)), orgId } : refusesAll;
  return {
    policyOf,
    policyAt(path) {
      const orgId = readOrgId(path);
      return orgId === undefined ? undefined : policyOf(orgId);
    },
    metadataAt(path) {
      // At the root no metadata is served: it could be that of any organization.
      if (!path.startsWith(WELL_KNOWN_PATH)) return undefined;
      const orgId = readOrgId(path.slice(WELL_KNOWN_PATH.length));
      if (orgId === undefined) return undefined;
      return JSON.stringify(
        buildResourceMetadata({ ...options, resource: fillOrgId(resource, orgId) }),
      );
    },
  };
}

function buildPolicy(options: ProtectedResourcesOptions, resource: string): AccessTokenPolicy {
  const { requiredScopes, challengeScopes, holdsScope } = options;
  const { dangerouslyAllowAnyAudience, dangerouslyAllowMissingOrgId } = options;
  return {
    resource,
    audience: canonicalResource(resource),
    resourceMetadataUrl: buildResourceMetadataUrl(resource),
    requiredScopes,
    challengeScopes,
    holdsScope,
    dangerouslyAllowAnyAudience,
    dangerouslyAllowMissingOrgId,
  };
}

/** Stands in `mcpPath` for the organization's id. */
export const ORG_PLACEHOLDER = "{orgId}";

// PropelAuth's ids are UUIDs. None of these characters is ever percent-encoded, so an id has one
// spelling in a URL, and none has a meaning in a path.
const ORG_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const PLACEHOLDER_SEGMENT = /(?<=\/)\{orgId\}(?=\/|$)/;

/**
 * Replaces the placeholder by an organization's id.
 *
 * @param template A path or URL; without the placeholder as a segment of its own it stays as it is.
 * @param orgId A checked id.
 * @returns The path or URL of that organization.
 */
export function fillOrgId(template: string, orgId: string): string {
  return template.replace(PLACEHOLDER_SEGMENT, orgId);
}

/**
 * Tells whether text can be an organization's id: 1 to 64 letters, digits, `-` and `_`. It is
 * not looked up: that an organization exists is shown by its tokens.
 *
 * @param text A path segment or an argument, not yet checked.
 * @returns Whether it may stand in a path.
 */
export function isOrgId(text: unknown): text is string {
  return typeof text === "string" && ORG_ID.test(text);
}

/**
 * Creates the reader of one template.
 *
 * @param template A path with the placeholder.
 * @returns A function from a path to the id in it, `undefined` when it is no path of the template.
 */
export function createOrgIdReader(template: string): (path: string) => string | undefined {
  const at = template.indexOf(ORG_PLACEHOLDER);
  const prefix = template.slice(0, at);
  const suffix = template.slice(at + ORG_PLACEHOLDER.length);
  return (path) => {
    if (!path.startsWith(prefix) || !path.endsWith(suffix)) return undefined;
    const orgId = path.slice(prefix.length, path.length - suffix.length);
    return isOrgId(orgId) ? orgId : undefined;
  };
}
