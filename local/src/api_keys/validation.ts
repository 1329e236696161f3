/**
 * The answer about a valid API key, in PropelAuth's spelling. Pure: no clock, no network.
 *
 * @module
 */

import type { LocalApiKey } from "../options/api_key_options.ts";
import type { LocalUser, LocalUserWithId } from "../options/local_options.ts";
import type { Payload } from "../provider/store.ts";

/**
 * Builds the answer of the endpoint `validate`. It has the members that PropelAuth's own packages read:
 * `user` for a personal key, `org` for an organization's key, which has `user` and `user_in_org` too
 * when it has a maker, and `metadata` alone for a generic key.
 *
 * @param key A valid key.
 * @param users The users who can sign in.
 * @returns The body, or `undefined` when the owner or the maker of the key exists no more.
 */
export function buildValidation(
  { userId, orgId, metadata = {} }: LocalApiKey,
  users: readonly LocalUserWithId[],
): Payload | undefined {
  const user = users.find(({ id }) => id === userId);
  const organization = users.find((candidate) => candidate.orgId === orgId);
  if (userId !== undefined && user === undefined) return undefined;
  if (orgId !== undefined && organization === undefined) return undefined;
  return {
    metadata,
    ...(user && { user: buildUser(user) }),
    ...(orgId !== undefined && organization && { org: buildOrganization(orgId, organization) }),
    ...(orgId !== undefined && user?.orgId === orgId && { user_in_org: buildMember(orgId, user) }),
  };
}

function buildUser({ id, email, firstName, lastName }: LocalUserWithId): Payload {
  return {
    user_id: id,
    email,
    email_confirmed: true,
    has_password: true,
    ...(firstName !== undefined && { first_name: firstName }),
    ...(lastName !== undefined && { last_name: lastName }),
    locked: false,
    enabled: true,
    mfa_enabled: false,
    can_create_orgs: false,
    created_at: 0,
    last_active_at: 0,
  };
}

/** PropelAuth's packages read the name as `name` or as `org_name`. */
function buildOrganization(orgId: string, { orgName = orgId }: LocalUser): Payload {
  return {
    org_id: orgId,
    name: orgName,
    org_name: orgName,
    is_saml_configured: false,
    metadata: {},
  };
}

function buildMember(orgId: string, user: LocalUser): Payload {
  const { orgName = orgId, orgRole = "Member", orgPermissions = [] } = user;
  return {
    org_id: orgId,
    org_name: orgName,
    org_metadata: {},
    url_safe_org_name: orgName.toLowerCase().replace(/[^a-z0-9]+/g, "-"),
    org_role_structure: "single_role_in_hierarchy",
    user_role: orgRole,
    inherited_user_roles_plus_current_role: [orgRole],
    user_permissions: orgPermissions,
    additional_roles: [],
  };
}
