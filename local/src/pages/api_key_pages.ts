/**
 * The pages on which a user makes, sees and revokes API keys. Pure: no clock, no network.
 *
 * @module
 */

import type { LocalApiKey } from "../options/api_key_options.ts";
import type { LocalUserWithId } from "../options/local_options.ts";
import { displayName } from "../options/users.ts";
import { buildPage, escapeHtml } from "./html.ts";
import { buildUserButtons } from "./pages.ts";

/** The lifetimes that the page offers, in seconds; 0 for a key that never expires. */
export const LIFETIMES: ReadonlyMap<number, string> = new Map([
  [0, "never"],
  [3_600, "in an hour"],
  [86_400, "in a day"],
  [2_592_000, "in 30 days"],
]);

/**
 * Builds the page on which the user chooses who signs in.
 *
 * @param users The users to choose from.
 * @returns HTML.
 */
export function buildApiKeyLoginPage(users: readonly LocalUserWithId[]): string {
  return buildPage(
    "Sign in",
    `<h1>Sign in</h1><p class="soft">to see your API keys</p>
<form method="post"><h2>Choose who you are</h2>${buildUserButtons(users)}</form>`,
  );
}

/**
 * Builds the page with the keys of a user and of the user's organization.
 *
 * @param user The user who is signed in.
 * @param keys The keys that the user may revoke.
 * @param made The key that was just made; the page shows it this once.
 * @returns HTML.
 */
export function buildApiKeysPage(
  user: LocalUserWithId,
  keys: readonly LocalApiKey[],
  made?: string,
): string {
  const rows = keys.map((key) => `<li>${buildRow(key, user)}</li>`).join("");
  const shown = made === undefined ? "" : `<div class="made" role="status">
<strong>Copy your key now</strong><code>${escapeHtml(made)}</code>
<small>It is not shown again. A program sends it as <code>Authorization: Bearer</code> and the key.
</small></div>`;
  return buildPage(
    "API keys",
    `<h1>API keys</h1><form method="post"><p class="soft">Signed in as ${escapeHtml(user.email)}<br>
<button class="link" name="action" value="switch">use another account</button></p></form>${shown}
<h2>Valid keys</h2>${rows === "" ? '<p class="soft">none</p>' : `<ul class="rows">${rows}</ul>`}
<form method="post"><h2>New key</h2>
<label class="field">Name<input name="display_name" maxlength="100" placeholder="build server"></label>
<label class="field">Owner<select name="kind"><option value="personal">${
      escapeHtml(displayName(user))
    }</option>${buildOrganizationOption(user)}</select></label>
<label class="field">Expires<select name="lifetime">${
      [...LIFETIMES].map(([seconds, text]) => `<option value="${seconds}">${text}</option>`).join(
        "",
      )
    }</select></label>
<div class="answer"><button class="allow" name="action" value="make">Make a key</button></div></form>`,
  );
}

function buildOrganizationOption({ orgId, orgName = orgId }: LocalUserWithId): string {
  return orgName === undefined
    ? ""
    : `<option value="organization">${escapeHtml(orgName)} (organization)</option>`;
}

function buildRow(key: LocalApiKey, user: LocalUserWithId): string {
  const owner = key.kind === "organization" ? user.orgName ?? user.orgId ?? "" : displayName(user);
  const end = key.expiresAt === undefined
    ? "never expires"
    : `expires ${new Date(key.expiresAt * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `<form method="post" class="key"><span><strong>${
    escapeHtml(key.displayName ?? "unnamed")
  }</strong><small>${escapeHtml(owner)} · ${end}</small></span>
<button class="link" name="revoke" value="${escapeHtml(key.id)}" aria-label="Revoke ${
    escapeHtml(key.displayName ?? "the unnamed key")
  }">Revoke</button></form>`;
}
