/**
 * The people who can sign in. Pure: no clock, no network.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { LocalUser, LocalUserWithId } from "./local_options.ts";

/**
 * The users when the option `users` is absent: an owner who may grant every scope, a member who may
 * grant none with `admin` in its name, and an admin of another organization.
 *
 * @param scopes The names of the configured scopes.
 * @returns The users.
 */
export function defaultUsers(scopes: readonly string[]): LocalUser[] {
  const acme = { orgId: deriveUuid("acme.example"), orgName: "Acme" };
  const globex = { orgId: deriveUuid("globex.example"), orgName: "Globex" };
  const grantableScopes = scopes.filter((scope) => !scope.includes("admin"));
  return [
    { email: "owner@acme.example", ...acme, orgRole: "Owner" },
    { email: "member@acme.example", ...acme, orgRole: "Member", grantableScopes },
    { email: "admin@globex.example", ...globex, orgRole: "Admin" },
  ];
}

/**
 * Derives an id that is the same at every start: a name-based UUID (RFC 9562 §5.5).
 *
 * @param name An e-mail address, or a domain.
 * @returns The UUID.
 */
export function deriveUuid(name: string): string {
  const hash = createHash("sha1").update(`propelauth-local ${name.toLowerCase()}`).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex");
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20, 32]]
    .map(([start, end]) => hex.slice(start, end)).join("-");
}

/**
 * Finds a user.
 *
 * @param users The users who can sign in.
 * @param idOrEmail The user's id or e-mail address, in upper or lower case; any other value is no user's.
 * @returns The user; `undefined` when no user has that id or address.
 */
export function findUser(
  users: readonly LocalUserWithId[],
  idOrEmail: unknown,
): LocalUserWithId | undefined {
  if (typeof idOrEmail !== "string") return undefined;
  const wanted = idOrEmail.toLowerCase();
  return users.find((user) => user.id === wanted || user.email.toLowerCase() === wanted);
}

/**
 * Tells whether the user may grant a scope.
 *
 * @param user The user.
 * @param scope A configured scope.
 * @returns Whether the user may give it to a client.
 */
export function mayGrant(user: LocalUser, scope: string): boolean {
  return user.grantableScopes?.includes(scope) ?? true;
}

/**
 * Builds the members of an introspection response that describe the user, except `sub`.
 *
 * @param user The user.
 * @returns The members in PropelAuth's spelling.
 */
export function userClaims(user: LocalUserWithId): Record<string, unknown> {
  return {
    username: user.email,
    user_id: user.id,
    email: user.email,
    ...(user.orgId !== undefined && { org_id: user.orgId }),
    ...(user.orgRole !== undefined && { org_role: user.orgRole }),
  };
}

/**
 * Names a user on the pages.
 *
 * @param user The user.
 * @returns The name, or the e-mail address of a user without one.
 */
export function displayName(user: LocalUser): string {
  return [user.firstName, user.lastName].filter(Boolean).join(" ") || user.email;
}
