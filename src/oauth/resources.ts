/**
 * The resources that one handler protects: one, or one for each organization. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AccessTokenPolicy } from "./access_token.ts";
import {
  buildResourceMetadata,
  buildResourceMetadataUrl,
  canonicalResource,
  type ResourceMetadataOptions,
  resourceMetadataPaths,
  WELL_KNOWN_PATH,
} from "./protected_resource.ts";
import { createOrgIdReader, fillOrgId, isOrgId, ORG_PLACEHOLDER } from "./org_path.ts";
import { withoutTrailingSlash } from "../lib/url.ts";
import type { HoldsScope } from "./scope_hierarchy.ts";

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
  /** The policy whatever the path; `undefined` where each organization has a resource of its own. */
  readonly single: AccessTokenPolicy | undefined;
  /** The policy for tokens at a path; `undefined` when no MCP endpoint is there. */
  readonly policyAt: (path: string) => AccessTokenPolicy | undefined;
  /** The metadata document at a path as JSON; `undefined` when the path has no metadata. */
  readonly metadataAt: (path: string) => string | undefined;
}

/**
 * Creates the protected resources.
 *
 * @param options Checked options.
 * @returns The resources. Paths are taken without a slash at the end.
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
    single: policy,
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
    single: undefined,
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
