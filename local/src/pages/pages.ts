/**
 * The login, consent and error pages. Pure: no clock, no network.
 *
 * @module
 */

import { buildPage, escapeHtml } from "./html.ts";
import type { LocalUser, LocalUserWithId } from "../options/local_options.ts";
import type { ResolvedScope } from "../options/scopes.ts";
import { displayName, mayGrant } from "../options/users.ts";

/** The client of an authorization request, as the pages describe it. */
export interface AskingClient {
  readonly clientName: string;
  /** Host, or scheme, of the redirect URI. */
  readonly redirectHost: string;
  readonly resource: string;
}

/** One scope on the consent page. */
export interface ConsentScope extends ResolvedScope {
  /** Whether the user granted it to this client before. */
  readonly granted: boolean;
}

/**
 * Builds the page on which the user chooses who signs in.
 *
 * @param client The client that asks.
 * @param users The users to choose from.
 * @returns HTML.
 */
export function buildLoginPage(client: AskingClient, users: readonly LocalUserWithId[]): string {
  return buildPage(
    "Sign in",
    `<h1>Sign in</h1><p class="soft">to continue to <strong>${
      escapeHtml(client.clientName)
    }</strong></p><form method="post"><h2>Choose who you are</h2>${buildUserButtons(users)}</form>`,
  );
}

/**
 * Builds one button for each user. The button sends the user's id as `user`.
 *
 * @param users The users to choose from.
 * @returns HTML.
 */
export function buildUserButtons(users: readonly LocalUserWithId[]): string {
  return users.map((user) =>
    `<button class="person" name="user" value="${user.id}" data-email="${
      escapeHtml(user.email)
    }"><strong>${escapeHtml(displayName(user))}</strong><small>${
      escapeHtml(describeUser(user))
    }</small></button>`
  ).join("");
}

/**
 * Builds the page on which the user grants or denies scopes.
 *
 * @param client The client that asks.
 * @param user The user who is signed in.
 * @param scopes The requested scopes, in order.
 * @returns HTML.
 */
export function buildConsentPage(
  client: AskingClient,
  user: LocalUserWithId,
  scopes: readonly ConsentScope[],
): string {
  const rows = scopes.map((scope) => `<li>${buildScope(scope, user)}</li>`);
  return buildPage(
    `Allow ${client.clientName}?`,
    `<form method="post"><h1>Allow ${escapeHtml(client.clientName)}?</h1>
<p class="soft">Signed in as ${escapeHtml(user.email)}<br>
<button class="link" name="answer" value="switch">use another account</button></p>
<dl><dt>Server</dt><dd><code>${escapeHtml(client.resource)}</code></dd>
<dt>Returns to</dt><dd>${escapeHtml(client.redirectHost)}</dd></dl>
<h2>It will be able to</h2><ul class="rows">${rows.join("")}</ul>
<div class="answer"><button name="answer" value="deny">Deny</button>
<button class="allow" name="answer" value="allow">Allow</button></div></form>`,
  );
}

/**
 * Builds the page that ends a login with an error.
 *
 * @param problem The problem, as plain text.
 * @param advice The next step for the reader, as plain text.
 * @returns HTML.
 */
export function buildErrorPage(problem: string, advice: string): string {
  return buildPage(
    "This login cannot continue",
    `<h1>This login cannot continue</h1><p>${escapeHtml(problem)}</p><p class="soft">${
      escapeHtml(advice)
    }</p>`,
  );
}

/**
 * Builds the page at the Auth URL.
 *
 * @param authUrl The Auth URL.
 * @param users The users who can sign in.
 * @param scopes The configured scopes.
 * @returns HTML.
 */
export function buildRootPage(
  authUrl: string,
  users: readonly LocalUser[],
  scopes: readonly ResolvedScope[],
): string {
  const people = users.map((user) =>
    `<li><strong>${escapeHtml(user.email)}</strong><br><span class="soft">${
      escapeHtml(describeUser(user))
    }</span></li>`
  );
  const names = scopes.map(({ name }) => `<code>${escapeHtml(name)}</code>`);
  const metadata = `${authUrl}/.well-known/oauth-authorization-server/oauth/2.1`;
  return buildPage(
    "Local PropelAuth",
    `<h1>Local PropelAuth</h1><p class="soft">Stands in for PropelAuth on this machine. Its Auth URL
is <code>${escapeHtml(authUrl)}</code>.</p><h2>Users</h2><ul class="rows">${people.join("")}</ul>
<h2>Scopes</h2><p>${names.join(", ") || "none configured"}</p><h2>Metadata</h2>
<p><a href="${escapeHtml(metadata)}"><code>${escapeHtml(metadata)}</code></a></p><h2>API keys</h2>
<p><a href="/api_keys">Make, see and revoke API keys</a></p>`,
  );
}

function buildScope(scope: ConsentScope, user: LocalUserWithId): string {
  const { name, description, optional, granted } = scope;
  const title = description === ""
    ? `<code>${escapeHtml(name)}</code>`
    : `${escapeHtml(description)}<small><code>${escapeHtml(name)}</code>${
      granted ? " · allowed before" : ""
    }</small>`;
  if (!mayGrant(user, name)) {
    const role = user.orgRole === undefined ? "Your role" : `The role ${user.orgRole}`;
    return `<div class="scope off"><span class="mark">–</span><span>${title}<small>${
      escapeHtml(role)
    } may not grant this</small></span></div>`;
  }
  if (!optional) {
    return `<div class="scope"><span class="mark">✓</span><span>${title}</span></div>`;
  }
  return `<label class="scope"><input type="checkbox" name="scope" value="${
    escapeHtml(name)
  }" checked><span>${title}</span></label>`;
}

function describeUser(user: LocalUser): string {
  const organization = user.orgName ?? user.orgId;
  const role = [user.orgRole, organization].filter(Boolean).join(" at ");
  return [displayName(user) === user.email ? "" : user.email, role].filter(Boolean).join(" · ");
}
