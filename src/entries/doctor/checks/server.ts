/**
 * Judges the metadata that a running MCP server publishes. Pure: no clock, no network.
 *
 * @module
 */

import { canonicalResource } from "../../../oauth/protected_resource.ts";
import { isLoopback } from "../../../lib/url.ts";
import type { Reply } from "../ask.ts";
import { judgeReachable, type Metadata, readObject } from "./propelauth.ts";
import { failed, ok, type Outcome, warning } from "../report.ts";
import { foreign, foreignList, say } from "../show.ts";

/** Says that the server answers, after how many seconds, and which clients cannot reach it. */
export function judgeServerReachable(url: URL, seconds: number): Outcome {
  const { seen } = judgeReachable(url.href, seconds);
  const alone = ": only clients on this machine reach it, none in a cloud";
  return ok(isLoopback(url.hostname) ? seen + alone : seen);
}

/**
 * Judges whether the protected resource metadata is where clients look first.
 *
 * @param reply The answer.
 * @param url The address.
 * @returns The outcome, and the document when it is usable.
 */
export function judgeServerMetadata(reply: Reply, url: string): [Outcome, Metadata | undefined] {
  const { status, text } = reply;
  const path = foreign(new URL(url).pathname);
  const document = status === 200 ? readObject(text) : undefined;
  if (typeof document?.["resource"] === "string") return [ok(path), document];
  if (status === 200 && isWebPage(reply)) {
    const remedy = "A web server answers unknown paths with its index page: hand this path to " +
      "auth.handler before that.";
    return [failed(say`a web page at ${path}, no metadata`, remedy), undefined];
  }
  const seen = status === 200 ? say`200 at ${path}, but no metadata` : say`${status} at ${path}`;
  const remedy =
    "Hand this path to auth.handler too, in Express by metadataRoutes(auth): routers and " +
    "proxies often pass /mcp alone.";
  return [failed(seen, remedy), undefined];
}

function isWebPage({ headers, text = "" }: Reply): boolean {
  return /^text\/html\b/i.test(headers.get("Content-Type") ?? "") || /^\s*</.test(text);
}

/**
 * Judges whether the metadata is at the root too, the only place where some clients look.
 *
 * @param reply The answer.
 * @param url The address.
 * @param known The document at its own path, when there is one.
 * @returns The outcome, and the document when it is usable.
 */
export function judgeRootMetadata(
  reply: Reply,
  url: string,
  known: Metadata | undefined,
): [Outcome, Metadata | undefined] {
  const [{ status, seen, remedy = "" }, document] = judgeServerMetadata(reply, url);
  if (status !== "ok") {
    const more = say`Most clients do without, some look only here. ${remedy}`;
    return [warning(seen, more), undefined];
  }
  const other = document?.["resource"];
  if (known === undefined || other === known["resource"]) return [ok(seen), document];
  const advice = "Clients that look only here log in for that one: give each server its own host.";
  return [warning(say`that of another server: ${foreign(other)}`, advice), document];
}

/**
 * Judges whether the published resource is the URL in use. Clients compare the two, and most end the
 * login when they differ.
 *
 * @param resource The `resource` of the metadata.
 * @param serverUrl The URL in use.
 * @returns The outcome; it names the difference.
 */
export function judgeResource(resource: string, serverUrl: URL): Outcome {
  const used = serverUrl.href;
  // A bare origin has no path to end in a slash, but every URL parser writes one.
  const bareOrigin = serverUrl.pathname === "/" && `${resource}/` === used;
  if (resource === used || bareOrigin) return ok(foreign(resource));
  const difference = differenceOf(resource, serverUrl);
  const seen = say`${foreign(resource)}, but the URL in use is ${foreign(used)}: ${difference}`;
  if (difference === ADDED_SLASH) {
    return failed(
      seen,
      'Nearly every client refuses it. Most say "... does not match expected ..." (Claude Code ' +
        "leaves out the paths); Codex, Genkit and Mastra say nothing and have no tools. Take the " +
        "slash out of the server's option mcpPath or resource, or give clients the URL with it.",
    );
  }
  const ours = canonicalResource(resource);
  const theirs = canonicalResource(used);
  if (ours !== undefined && ours === theirs) {
    return warning(seen, say`Strict clients refuse it. Give them ${foreign(resource)}`);
  }
  if (ours !== undefined && `${theirs}/`.startsWith(`${ours}/`)) {
    return warning(
      seen,
      "Strict clients refuse it. Claude Code, Codex, mcporter, mcp-remote and SDKs for TypeScript " +
        "log in for it, and ask for a login again and again if the server refuses their tokens. " +
        "Leave the option resource out.",
    );
  }
  const path = URL.canParse(resource) ? new URL(resource).pathname : "";
  return failed(
    seen,
    path === serverUrl.pathname
      ? `${REFUSAL} Set the server's SERVER_URL to the address that they use: ${serverUrl.origin}`
      : `${REFUSAL} Give them the URL that the server publishes, or correct SERVER_URL and the ` +
        "option mcpPath.",
  );
}

/** How clients refuse another URL than theirs, as docs/clients.md has it. */
const REFUSAL =
  'Clients refuse it. Most say "... does not match expected ...", AI SDK says "must have the same ' +
  'origin", the SDK for Go "failed to register client", smolagents and CrewAI "Couldn\'t ' +
  'connect", BeeAI "Session has been destroyed". Codex, OpenCode, Genkit and Mastra say nothing ' +
  "and have no tools; Semantic Kernel waits.";

const ADDED_SLASH = "a slash more at its end";

/** Names what a published resource has otherwise than the URL in use. */
function differenceOf(resource: string, used: URL): string {
  if (!URL.canParse(resource)) return "it is not a URL";
  const published = new URL(resource);
  const parts = [["protocol", "scheme"], ["hostname", "host"], ["port", "port"]] as const;
  const others = parts.filter(([part]) => published[part] !== used[part]);
  if (others.length > 0) return `another ${others.map(([, name]) => name).join(" and ")}`;
  if (published.search + published.hash !== used.search) return "a query or a fragment more";
  const { pathname } = published;
  if (pathname === used.pathname) return "the same, spelled otherwise";
  if (pathname === `${used.pathname}/`) return ADDED_SLASH;
  if (`${pathname}/` === used.pathname) return "a slash less at its end";
  if (pathname === "/") return "the origin alone, without a path";
  return used.pathname.startsWith(`${pathname.replace(/\/$/, "")}/`)
    ? "only the beginning of the path"
    : "another path";
}

/**
 * Judges whether the server sends clients to the PropelAuth of this environment.
 *
 * @param document The server's metadata.
 * @param issuer The issuer that a server with this environment's settings publishes.
 * @returns The outcome.
 */
export function judgeAuthorizationServer(document: Metadata, issuer: string): Outcome {
  const servers = document["authorization_servers"];
  // Clients use the first entry alone.
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined;
  if (first === issuer) return ok(issuer);
  return failed(
    first === undefined ? "none is published" : say`${foreign(first)}, not ${issuer}`,
    "The running server has another Auth URL than this environment: compare its variables with " +
      "these.",
  );
}

/**
 * Judges the scopes that the running server publishes and asks for.
 *
 * @param document The server's metadata.
 * @param asked The scopes in its challenge.
 * @param configured PropelAuth's own `scopes_supported`, when it is known.
 * @returns The outcome.
 */
export function judgePublishedScopes(
  document: Metadata,
  asked: readonly string[],
  configured: readonly unknown[] | undefined,
): Outcome {
  const published = document["scopes_supported"] ?? [];
  if (!Array.isArray(published)) {
    return failed("scopes_supported is not a list", "Let auth.handler publish the metadata.");
  }
  if ("scopes_supported" in document && published.length === 0) {
    const remedy = "Some clients loop on it. Leave scopes_supported out.";
    return failed("an empty list is published", remedy);
  }
  const all = [...new Set([...published, ...asked])];
  const missing = configured === undefined ? [] : all.filter((one) => !configured.includes(one));
  if (missing.length > 0) {
    return failed(
      say`not configured at PropelAuth: ${foreignList(missing)}`,
      "Clients ask for them and the login fails. Add them in MCP > Scopes, or correct the " +
        "server's options.",
    );
  }
  return ok(all.length === 0 ? "none, clients choose" : foreignList(all));
}
