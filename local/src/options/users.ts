/**
 * The people who can sign in. Pure: no clock, no network.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { LocalUser, LocalUserWithId } from "./local_propelauth_options.ts";

/**
 * The users of a stand-in that was told none: one who may grant everything, one who may grant no
 * scope with `admin` in its name, and one of another organization.
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
 * Derives an id that is the same at every start (RFC 9562 §5.5, a name-based UUID).
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
 * @param users Who can sign in.
 * @param idOrEmail The user's id or e-mail address; addresses have no case.
 * @returns The user, if there is one.
 */
export function findUser(
  users: readonly LocalUserWithId[],
  idOrEmail: string,
): LocalUserWithId | undefined {
  const wanted = idOrEmail.toLowerCase();
  return users.find((user) => user.id === wanted || user.email.toLowerCase() === wanted);
}

/**
 * Tells whether the user may grant a scope.
 *
 * @param user The user.
 * @param scope A configured scope.
 * @returns Whether it may go to a client.
 */
export function mayGrant(user: LocalUser, scope: string): boolean {
  return user.grantableScopes?.includes(scope) ?? true;
}

/**
 * Names a user for people.
 *
 * @param user The user.
 * @returns The name, or the e-mail address of a user without one.
 */
export function displayName(user: LocalUser): string {
  return [user.firstName, user.lastName].filter(Boolean).join(" ") || user.email;
}
