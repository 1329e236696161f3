/**
 * The authorization endpoint before oidc-provider: required parameters, scopes and `autoConsentAs`.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { walkPages } from "../authorize_as.ts";
import { isLoopback, type ResolvedOptions } from "../options/resolve_options.ts";
import { parseAskedScopes, SIGNED_IN, UNKNOWN_SCOPES } from "../options/scopes.ts";
import { buildErrorPage } from "../pages/pages.ts";
import type { Store } from "../provider/store.ts";

/** Header of the requests that `autoConsentAs` makes, so that they are shown the pages. */
const INTERNAL = "x-local-propelauth";

/** URL schemes that reach other machines; every other scheme belongs to a program on this one. */
const NETWORK_SCHEMES = ["http:", "https:", "ws:", "wss:", "ftp:"];

/** The answer to an authorization request: an error page, or a redirect. */
type AuthorizationAnswer = { readonly errorPage: string } | { readonly location: string };

/**
 * Creates the function that looks at an authorization request before oidc-provider does.
 *
 * @param options Checked options.
 * @param store Knows the redirect URIs of clients.
 * @returns A function from a request and its URL to the answer; without an answer, oidc-provider
 * answers the URL, whose `scope` is then changed.
 */
export function createAuthorization(options: ResolvedOptions, store: Store) {
  const configured = options.scopes.map(({ name }) => name);

  async function consentAs(email: string, url: URL): Promise<AuthorizationAnswer | undefined> {
    const silent = url.searchParams.get("prompt") === "none";
    const target = findRedirectUri(url.searchParams, store);
    // OpenID Connect Core §3.1.2.1: none shows no page; oidc-provider redirects with an error.
    if (target !== undefined && !staysOnThisMachine(target)) {
      return silent ? undefined : REFUSED_REDIRECT;
    }
    const pages = new URL(url);
    if (silent) pages.searchParams.delete("prompt");
    let location: URL;
    try {
      location = await walkPages(pages, email, {}, { [INTERNAL]: "1" });
    } catch {
      // A page reports an error: the browser is shown that page.
      return undefined;
    }
    return staysOnThisMachine(location.href) ? { location: location.href } : REFUSED_REDIRECT;
  }

  return async (request: IncomingMessage, url: URL): Promise<AuthorizationAnswer | undefined> => {
    const query = url.searchParams;
    const missing = ["resource", "state"].find((name) => !query.get(name));
    if (options.requireResource && missing !== undefined) {
      const advice =
        "PropelAuth refuses such a request too: the client has to send this parameter.";
      return { errorPage: buildErrorPage(`The request has no ${missing}.`, advice) };
    }
    if (options.autoConsentAs !== undefined && request.headers[INTERNAL] === undefined) {
      const answer = await consentAs(options.autoConsentAs, url);
      if (answer !== undefined) return answer;
    }
    const { known, unknown } = parseAskedScopes(query.get("scope"), configured);
    query.set("scope", [...known, SIGNED_IN].join(" "));
    // oidc-provider refuses the request, once it has checked where the answer may be sent.
    if (unknown.length > 0) query.set(UNKNOWN_SCOPES, unknown.join(" "));
    else query.delete(UNKNOWN_SCOPES);
  };
}

const REFUSED_REDIRECT: AuthorizationAnswer = {
  errorPage: buildErrorPage(
    "autoConsentAs answers only clients whose redirect URI is on this machine: loopback, or a " +
      "private scheme such as cursor://. No user has consented to send a code to another host.",
    "Start the local PropelAuth without autoConsentAs, and log in on its pages.",
  ),
};

/** The redirect URI that the request names, or the single one that the client registered. */
function findRedirectUri(query: URLSearchParams, store: Store): string | undefined {
  const requested = query.get("redirect_uri");
  if (requested) return requested;
  const registered = store.find("Client", query.get("client_id") ?? "")?.["redirect_uris"];
  return Array.isArray(registered) ? String(registered[0]) : undefined;
}

/** Whether a redirect stays on this machine (RFC 8252 §7.1, §7.3). */
function staysOnThisMachine(redirectUri: string): boolean {
  if (!URL.canParse(redirectUri)) return false;
  const { protocol, hostname } = new URL(redirectUri);
  return !NETWORK_SCHEMES.includes(protocol) || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));
}
