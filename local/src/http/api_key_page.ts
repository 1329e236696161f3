/**
 * The page of API keys: signs a user in by a cookie of its own, makes and revokes keys.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { ApiKeys } from "../api_keys/api_keys.ts";
import type { LocalApiKey } from "../options/api_key_options.ts";
import type { LocalUserWithId } from "../options/local_options.ts";
import { findUser } from "../options/users.ts";
import { buildApiKeyLoginPage, buildApiKeysPage, LIFETIMES } from "../pages/api_key_pages.ts";

/** The path of the page. */
export const API_KEYS_PAGE = "/api_keys";

const COOKIE = "local_propelauth_user";
const MAX_NAME_LENGTH = 100;

/** The next step: a page to show, or a redirect back to the page, perhaps with a new cookie. */
type ApiKeyStep = { readonly page: string } | { readonly cookie?: string };

/**
 * Creates the function that answers a request to the page.
 *
 * The cookie holds the user's id and no secret: here anyone can sign in as any user. The form of
 * another site changes nothing, because a browser sends that form without the cookie (`SameSite`).
 *
 * @param apiKeys The keys.
 * @param users The users who can sign in.
 * @returns A function from a request and its form to the next step.
 */
export function createApiKeyPage(apiKeys: ApiKeys, users: readonly LocalUserWithId[]) {
  const ofUser = ({ id, orgId }: LocalUserWithId): LocalApiKey[] =>
    apiKeys.list().filter((key) =>
      key.orgId === undefined ? key.userId === id : key.orgId === orgId
    );

  function make(user: LocalUserWithId, form: URLSearchParams): string {
    const displayName = (form.get("display_name") ?? "").trim().slice(0, MAX_NAME_LENGTH);
    const seconds = Number(form.get("lifetime"));
    const owned = form.get("kind") === "organization" && user.orgId !== undefined;
    const { apiKey } = apiKeys.create({
      user,
      ...(owned && user.orgId !== undefined && { orgId: user.orgId }),
      ...(displayName !== "" && { displayName }),
      ...(seconds > 0 && LIFETIMES.has(seconds) && { expiresInSeconds: seconds }),
    });
    return apiKey;
  }

  return (request: IncomingMessage, form: URLSearchParams | undefined): ApiKeyStep => {
    const chosen = findUser(users, form?.get("user"));
    if (chosen !== undefined) return { cookie: cookieFor(chosen.id) };
    const user = findUser(users, readCookie(request));
    if (user === undefined) return { page: buildApiKeyLoginPage(users) };
    const action = form?.get("action");
    if (action === "switch") return { cookie: cookieFor("") };
    const made = form !== undefined && action === "make" ? make(user, form) : undefined;
    const id = form?.get("revoke");
    if (id && ofUser(user).some((key) => key.id === id)) {
      apiKeys.revoke(id);
      return {};
    }
    return { page: buildApiKeysPage(user, ofUser(user), made) };
  };
}

function cookieFor(userId: string): string {
  const end = userId === "" ? "; Max-Age=0" : "";
  return `${COOKIE}=${userId}; Path=${API_KEYS_PAGE}; HttpOnly; SameSite=Strict${end}`;
}

function readCookie({ headers }: IncomingMessage): string {
  const pairs = (headers.cookie ?? "").split("; ").map((pair) => pair.split("="));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? "";
}
