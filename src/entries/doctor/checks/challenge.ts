/**
 * Judges how a running MCP server refuses who has no token. Pure: no clock, no network.
 *
 * @module
 */

import type { Answer } from "../ask.ts";
import { type Challenge, parseChallenges, readLoosely } from "./parse_challenges.ts";
import { failed, ok, type Verdict } from "../report.ts";
import { type Show, withoutQuery } from "../show.ts";

/** A challenge without fault, and where it says that the metadata is. */
export interface ReadChallenge {
  readonly scopes: readonly string[];
  readonly metadataUrl: URL;
}

/**
 * Judges the answer to a request without a token.
 *
 * @param answer The answer.
 * @param serverUrl The MCP endpoint.
 * @param show Shows what came from outside.
 * @returns The verdict, and the challenge when it is fine.
 */
export function judgeChallenge(
  answer: Answer,
  serverUrl: URL,
  show: Show,
): [Verdict, ReadChallenge | undefined] {
  const refused = judgeOtherStatus(answer, serverUrl, show);
  if (refused !== undefined) return [refused, undefined];
  const value = answer.headers.get("WWW-Authenticate");
  if (value === null) {
    const remedy = "Clients do not know where to log in. Does a proxy answer, or drop the header?";
    return [failed("401 without WWW-Authenticate", remedy), undefined];
  }
  const [first] = parseChallenges(value) ?? [];
  if (first === undefined) {
    const remedy = "Clients cannot read it. Let auth.handler write the challenge.";
    return [failed(`401, but malformed: ${show.value(value)}`, remedy), undefined];
  }
  return judgeBearer(value, first, serverUrl, show);
}

function judgeBearer(
  value: string,
  { scheme, parameters }: Challenge,
  serverUrl: URL,
  show: Show,
): [Verdict, ReadChallenge | undefined] {
  const fault = (seen: string, remedy: string): [Verdict, undefined] => [
    failed(seen, remedy),
    undefined,
  ];
  if (scheme !== "bearer") {
    return fault(
      `401, but ${show.value(scheme)} comes before Bearer`,
      "Clients want Bearer first. Does a proxy in front of the server ask for a password?",
    );
  }
  const metadataUrl = parameters.get("resource_metadata");
  if (metadataUrl === undefined || !URL.canParse(metadataUrl)) {
    return fault(
      metadataUrl === undefined
        ? "401 without resource_metadata"
        : `resource_metadata is not absolute: ${show.value(metadataUrl)}`,
      "Clients ignore it, and guess where to log in. Let auth.handler write the challenge.",
    );
  }
  for (const name of ["resource_metadata", "scope", "error"]) {
    if (readLoosely(value, name) !== parameters.get(name)) {
      return fault(
        `some clients misread ${name} in ${show.value(value)}`,
        "They take the first match wherever it stands: put resource_metadata, scope and error " +
          "before the description.",
      );
    }
  }
  const url = new URL(metadataUrl);
  if (url.origin !== serverUrl.origin) {
    return fault(
      `401, but it sends clients to ${show.value(url.origin)}`,
      `Set the server's SERVER_URL to the address that clients use: ${serverUrl.origin}`,
    );
  }
  const scopes = (parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  const asks = scopes.length === 0 ? "" : `, asks for ${show.list(scopes)}`;
  return [ok(`401, says where to log in${asks}`), { scopes, metadataUrl: url }];
}

/** What any other status than 401 means. */
function judgeOtherStatus(
  { status, headers }: Answer,
  serverUrl: URL,
  show: Show,
): Verdict | undefined {
  if (status === 401) return undefined;
  if (status >= 200 && status < 300) {
    const remedy = "Anyone can use it. Serve the MCP server through auth.handler(...).";
    return failed(`${status} without a token: the endpoint is not protected`, remedy);
  }
  if (status >= 300 && status < 400) {
    const remedy = "Clients lose their token on the way. Give them the address that it leads to.";
    return failed(
      `${status}: redirects to ${show.value(withoutQuery(headers.get("Location")))}`,
      remedy,
    );
  }
  switch (status) {
    case 403:
      return failed(
        "403: refused before any login",
        `A server whose SERVER_URL is on loopback serves no other host: set it to ` +
          `${serverUrl.origin}. Or a proxy refuses.`,
      );
    case 404:
      return failed(
        `404: no MCP endpoint at ${show.value(serverUrl.pathname)}`,
        "Give the doctor the URL that clients use; mostly its path is /mcp.",
      );
    case 405:
      return failed(
        "405: clients that begin so never see where to log in",
        "Hand every method to auth.handler.",
      );
  }
  return failed(
    `${status} without a token, not 401`,
    status >= 500
      ? "The server or a proxy in front of it fails: look at its log."
      : "Something between changes the request, or this is no endpoint of auth.handler.",
  );
}
