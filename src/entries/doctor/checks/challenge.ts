/**
 * Judges the refusal of a request without a token by a running MCP server. Pure: no clock, no
 * network.
 *
 * @module
 */

import type { Reply } from "../ask.ts";
import { type Challenge, findChallenge, parseChallenges, readLoosely } from "./parse_challenges.ts";
import { failed, ok, type Outcome } from "../report.ts";
import { foreign, foreignList, say, withoutQuery } from "../show.ts";

/** A challenge that clients can use. */
export interface UsableChallenge {
  readonly scopes: readonly string[];
  /** Where it says that the metadata is. */
  readonly metadataUrl: URL;
}

/**
 * Judges the answer to a request without a token.
 *
 * @param reply The answer.
 * @param serverUrl The MCP endpoint.
 * @returns The outcome, and the challenge when clients can use it.
 */
export function judgeChallenge(
  reply: Reply,
  serverUrl: URL,
): [Outcome, UsableChallenge | undefined] {
  if (reply.status !== 401) return [judgeOtherStatus(reply, serverUrl), undefined];
  const { name, value } = findChallenge(reply.headers) ?? {};
  if (value === undefined) {
    const remedy = "Clients do not know where to log in. Does a proxy answer, or drop the header?";
    return [failed("401 without WWW-Authenticate", remedy), undefined];
  }
  if (name !== "www-authenticate") {
    return [
      failed(
        say`401, but WWW-Authenticate arrives as ${foreign(name)}`,
        "Clients read only the real name, so no login begins. Amazon API Gateway does this: restore " +
          "the name in front of it, or do without it.",
      ),
      undefined,
    ];
  }
  const [first] = parseChallenges(value) ?? [];
  if (first === undefined) {
    const remedy = "Clients cannot read it. Let auth.handler write the challenge.";
    return [failed(say`401, but malformed: ${foreign(value)}`, remedy), undefined];
  }
  return judgeBearer(value, first, serverUrl);
}

function judgeBearer(
  value: string,
  { scheme, parameters }: Challenge,
  serverUrl: URL,
): [Outcome, UsableChallenge | undefined] {
  if (scheme !== "bearer") {
    const seen = say`401, but ${foreign(scheme)} comes before Bearer`;
    const remedy = "Clients want Bearer first. Does a proxy in front of the server ask for a " +
      "password?";
    return [failed(seen, remedy), undefined];
  }
  const metadataUrl = parameters.get("resource_metadata");
  if (metadataUrl === undefined || !URL.canParse(metadataUrl)) {
    const seen = metadataUrl === undefined
      ? "401 without resource_metadata"
      : say`resource_metadata is not absolute: ${foreign(metadataUrl)}`;
    const remedy = "Clients have to guess where to log in. Does a gateway in front check tokens " +
      "itself? Let auth.handler write the challenge.";
    return [failed(seen, remedy), undefined];
  }
  for (const name of ["resource_metadata", "scope", "error"]) {
    if (readLoosely(value, name) === parameters.get(name)) continue;
    const seen = say`some clients misread ${name} in ${foreign(value)}`;
    const remedy = "They take the first match wherever it stands: put resource_metadata, scope " +
      "and error before the description.";
    return [failed(seen, remedy), undefined];
  }
  const url = new URL(metadataUrl);
  if (url.origin !== serverUrl.origin) {
    const seen = say`401, but it sends clients to ${foreign(url.origin)}`;
    const remedy =
      `Set the server's SERVER_URL to the address that clients use: ${serverUrl.origin}`;
    return [failed(seen, remedy), undefined];
  }
  const scopes = (parameters.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  const asks = scopes.length === 0 ? "" : say`, asks for ${foreignList(scopes)}`;
  return [ok(say`401, says where to log in${asks}`), { scopes, metadataUrl: url }];
}

/** Judges any other status than 401. */
function judgeOtherStatus({ status, headers, text = "" }: Reply, serverUrl: URL): Outcome {
  if (status >= 200 && status < 300) {
    const remedy = "Anyone can use it. Serve the MCP server through auth.handler(...).";
    return failed(`${status} without a token: the endpoint is not protected`, remedy);
  }
  if (status >= 300 && status < 400) {
    const location = foreign(withoutQuery(headers.get("Location")));
    const remedy = "Clients lose their token on the way. Give them the address that it leads to.";
    return failed(say`${status}: redirects to ${location}`, remedy);
  }
  switch (status) {
    case 403:
      // The gate's own sentence; a proxy has another one.
      return /\bHost is not allowed/.test(text)
        ? failed(
          "403: the server does not serve the host under which the request arrives",
          "Its SERVER_URL is on loopback, so it serves loopback alone: set it to " +
            `${serverUrl.origin}, and have the proxy pass Host on.`,
        )
        : failed(
          "403: refused before any login",
          "A proxy or a firewall in front of the server refuses: look at its rules.",
        );
    case 404:
      return failed(
        say`404: no MCP endpoint at ${foreign(serverUrl.pathname)}`,
        "Give the doctor the URL that clients use; mostly its path is /mcp. If that is it, hand every " +
          "method to auth.handler, in Express by app.all.",
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
      : "Something between changes the request, or auth.handler does not serve this endpoint.",
  );
}
