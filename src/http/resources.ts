/**
 * The resources that one handler protects: one, or one for each organization. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { AccessTokenPolicy } from "../oauth/access_token.ts";
import { createOrgIdReader, fillOrgId, isOrgId, ORG_PLACEHOLDER } from "./organizations.ts";
import { canonicalResource, withoutTrailingSlash } from "../oauth/resource_identifier.ts";
import {
  buildResourceMetadata,
  buildResourceMetadataUrl,
  type ResourceMetadataOptions,
  resourceMetadataPaths,
  WELL_KNOWN_PATH,
} from "../oauth/protected_resource.ts";
import type { HoldsScope } from "../oauth/scopes.ts";

/** What resources are made of. */
export interface ProtectedResourcesOptions extends ResourceMetadataOptions {
  /** Path of the MCP endpoint; with the placeholder each organization has its own. */
  readonly mcpPath: string;
  readonly requiredScopes: readonly string[];
  readonly challengeScopes: readonly string[];
  readonly holdsScope: HoldsScope;
  readonly dangerouslyAllowAnyAudience: boolean;
  readonly dangerouslyAllowMissingOrgId: boolean;
}

/** The protected resources. They are computed, never kept: nobody can fill memory with them. */
export interface ProtectedResources {
  /**
   * What a token has to satisfy without a path, or for an organization. Where each organization has
   * a resource of its own, none is nobody's: its audience is that of no token.
   */
  readonly policyOf: (orgId?: string) => AccessTokenPolicy;
  /** What a token has to satisfy at a path; `undefined` when no MCP endpoint is there. */
  readonly policyAt: (path: string) => AccessTokenPolicy | undefined;
  /** The metadata document at a path as JSON; `undefined` when none is there. */
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
  const nobodys = {
    ...buildPolicy(options, resource),
    audience: undefined,
    dangerouslyAllowAnyAudience: false,
  };
  const policyOf = (orgId?: string): AccessTokenPolicy =>
    isOrgId(orgId) ? { ...buildPolicy(options, fillOrgId(resource, orgId)), orgId } : nobodys;
  return {
    policyOf,
    policyAt(path) {
      const orgId = readOrgId(path);
      return orgId === undefined ? undefined : policyOf(orgId);
    },
    metadataAt(path) {
      // Nothing at the root: which organization's would it be?
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
