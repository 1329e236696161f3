/**
 * Logs in through the pages of a local PropelAuth without a browser.
 *
 * @module
 */

import type { LocalConsentChoice } from "./options/local_propelauth.ts";
import { unescapeHtml } from "./pages/html.ts";

const MAX_STEPS = 12;

/**
 * Does what a user does in a browser: opens the authorization URL, chooses a user and answers the
 * consent page.
 *
 * @param authorizationUrl The authorization request, as the client opens it in a browser.
 * @param email The e-mail address of the user who signs in.
 * @param choice The answer on the consent page.
 * @returns The client's redirect URI with `code` or `error`. It is not requested.
 * @throws {TypeError} The local PropelAuth cannot be reached, a page reports an error, or no user has
 * this e-mail address; the message then names the users.
 */
export async function authorizeAs(
  authorizationUrl: string | URL,
  email: string,
  choice: LocalConsentChoice = {},
): Promise<URL> {
  return await walkPages(new URL(authorizationUrl), email, choice, {});
}

/**
 * Logs in as {@linkcode authorizeAs} does, with additional headers.
 *
 * @param authorizationUrl The authorization request, as the client opens it in a browser.
 * @param email The e-mail address of the user who signs in.
 * @param choice The answer on the consent page.
 * @param headers Headers of every request.
 * @returns As {@linkcode authorizeAs}.
 * @throws {TypeError} As {@linkcode authorizeAs}.
 */
export async function walkPages(
  authorizationUrl: URL,
  email: string,
  choice: LocalConsentChoice,
  headers: Record<string, string>,
): Promise<URL> {
  const { origin } = authorizationUrl;
  const cookies = new Map<string, string>();
  let url = authorizationUrl;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const response = await send(url, form, cookies, headers);
    const location = response.headers.get("Location");
    const page = await response.text();
    if (location !== null) {
      const next = new URL(location, url);
      if (next.origin !== origin || !next.pathname.startsWith("/oauth/2.1/")) return next;
      [url, form] = [next, undefined];
    } else {
      form = answer(page, email, choice, url);
    }
  }
  throw new TypeError(`Cannot log in: ${origin} redirects in circles`);
}

async function send(
  url: URL,
  form: URLSearchParams | undefined,
  cookies: Map<string, string>,
  additional: Record<string, string>,
) {
  const headers = {
    ...additional,
    "Cookie": [...cookies].map((pair) => pair.join("=")).join("; "),
  };
  let response: Response;
  try {
    response = await fetch(url, {
      headers,
      redirect: "manual",
      ...(form !== undefined && { method: "POST", body: form }),
    });
  } catch (cause) {
    throw new TypeError(`Cannot log in: ${url.origin} cannot be reached`, { cause });
  }
  for (const cookie of response.headers.getSetCookie()) {
    const [pair = ""] = cookie.split(";");
    const [name = "", value = ""] = [
      pair.slice(0, pair.indexOf("=")),
      pair.slice(pair.indexOf("=") + 1),
    ];
    if (value === "" || /expires=Thu, 01 Jan 1970/i.test(cookie)) cookies.delete(name);
    else cookies.set(name, value);
  }
  return response;
}

function answer(
  page: string,
  email: string,
  choice: LocalConsentChoice,
  url: URL,
): URLSearchParams {
  const people = [...page.matchAll(/name="user" value="([^"]+)" data-email="([^"]+)"/g)];
  if (people.length > 0) {
    const emails = people.map(([, , written = ""]) => unescapeHtml(written));
    const index = emails.findIndex((one) => one.toLowerCase() === email.toLowerCase());
    const id = people[index]?.[1];
    if (id === undefined) {
      throw new TypeError(`Cannot log in: no user ${email}; the users are ${emails.join(", ")}`);
    }
    return new URLSearchParams({ user: id });
  }
  if (page.includes('value="allow"')) {
    if (choice.deny) return new URLSearchParams({ answer: "deny" });
    const boxes = [...page.matchAll(/name="scope" value="([^"]+)"/g)]
      .map(([, written = ""]) => unescapeHtml(written));
    const chosen = boxes.filter((name) => choice.scopes?.includes(name) ?? true);
    return new URLSearchParams([["answer", "allow"], ...chosen.map((name) => ["scope", name])]);
  }
  const what = /<h1>[^<]*<\/h1><p>([^<]*)/.exec(page)?.[1];
  throw new TypeError(
    `Cannot log in: ${
      what === undefined ? `${url.origin} is not a local PropelAuth` : unescapeHtml(what)
    }`,
  );
}
