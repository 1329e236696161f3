/**
 * Checks the option `users`. Pure: no clock, no network.
 *
 * @module
 */

import { CANNOT_START, createRules, describe, isUuid } from "./check_option.ts";
import type { LocalUser, LocalUserWithId } from "./local_options.ts";
import { deriveUuid } from "./users.ts";

const rules = createRules(CANNOT_START);

const STRINGS = "an array of non-empty strings";
const USER_MEMBERS: readonly (keyof LocalUser)[] = [
  "id",
  "email",
  "orgId",
  "orgName",
  "orgRole",
  "orgPermissions",
  "grantableScopes",
  "firstName",
  "lastName",
];

/**
 * Checks the users, and derives the ids that are absent.
 *
 * @param value The option.
 * @param scopes The names of the configured scopes.
 * @returns The users.
 * @throws {TypeError} The option is not a list of users, or two users are the same.
 */
export function resolveUsers(
  value: unknown,
  scopes: readonly string[],
): readonly LocalUserWithId[] {
  const rule = "an array of one or more users with different ids and e-mail addresses";
  const users = rules.array("users", value, rule).map((user) => resolveUser(user, scopes));
  const keys = users.flatMap(({ id, email }) => [email.toLowerCase(), id]);
  const doubled = keys.find((key, index) => keys.indexOf(key) !== index);
  if (doubled !== undefined) throw rules.breach("users", rule, `${describe(doubled)} twice`);
  if (users.length === 0) throw rules.breach("users", rule, "an array of 0");
  return users;
}

function resolveUser(value: unknown, scopes: readonly string[]): LocalUserWithId {
  const user = rules.members("users", value, USER_MEMBERS);
  const email = rules.text("users[].email", user.email, "an e-mail address", /^[^\s@]+@[^\s@]+$/);
  const id = user.id ?? deriveUuid(email);
  if (!isUuid(id)) throw rules.breach("users[].id", "a UUID", describe(id));
  const resolved: LocalUserWithId = { id: id.toLowerCase(), email };
  for (const name of ["orgId", "orgName", "orgRole", "firstName", "lastName"] as const) {
    if (user[name] !== undefined) resolved[name] = rules.text(`users[].${name}`, user[name]);
  }
  if (user.orgPermissions !== undefined) {
    resolved.orgPermissions = rules.array("users[].orgPermissions", user.orgPermissions, STRINGS)
      .map((permission) => rules.text("users[].orgPermissions", permission, STRINGS));
  }
  if (user.grantableScopes === undefined) return resolved;
  const rule = "an array of configured scopes";
  const grantable = rules.array("users[].grantableScopes", user.grantableScopes, rule);
  resolved.grantableScopes = grantable.map((scope) => {
    if (typeof scope === "string" && scopes.includes(scope)) return scope;
    throw rules.breach("users[].grantableScopes", rule, `${describe(scope)} in it`);
  });
  return resolved;
}
