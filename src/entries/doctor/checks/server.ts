/**
 * Judges what a running MCP server publishes. Pure: no clock, no network.
 *
 * @module
 */

import { canonicalResource } from "../../../oauth/protected_resource.ts";
import { isLoopback } from "../../../lib/url.ts";
import type { Answer } from "../ask.ts";
import { judgeReachable, type Metadata, readObject } from "./propelauth.ts";
import { failed, ok, type Verdict, warning } from "../report.ts";
import type { Show } from "../show.ts";

/**
 * Says how the server answers, and who cannot reach it.
 *
 * @param url The MCP endpoint.
 * @param seconds How long it took.
 * @returns The verdict.
 */
export function judgeServerReachable(url: URL, seconds: number): Verdict {
  const { seen } = judgeReachable(url.href, seconds);
  const alone = ": only clients on this machine reach it, none in a cloud";
  return ok(isLoopback(url.hostname) ? seen + alone : seen);
}

/**
 * Judges whether the protected resource metadata is where clients look first.
 *
 * @param answer What came.
 * @param url Where.
 * @param show Shows what came from outside.
 * @returns The verdict, and the document when it is usable.
 */
export function judgeServerMetadata(
  { status, text }: Answer,
  url: string,
  show: Show,
): [Verdict, Metadata | undefined] {
  const path = show.value(new URL(url).pathname);
  const document = status === 200 ? readObject(text) : undefined;
  if (typeof document?.["resource"] === "string") return [ok(path), document];
  const seen = status === 200 ? `200 at ${path}, but no metadata` : `${status} at ${path}`;
  const remedy = "Hand this path to auth.handler too: routers and proxies often pass /mcp alone.";
  return [failed(seen, remedy), undefined];
}

/**
 * Judges whether it is at the root too, where some clients look alone.
 *
 * @param answer What came.
 * @param url Where.
 * @param known The document from its own path.
 * @param show Shows what came from outside.
 * @returns The verdict, and the document when it is usable.
 */
export function judgeRootMetadata(
  answer: Answer,
  url: string,
  known: Metadata | undefined,
  show: Show,
): [Verdict, Metadata | undefined] {
  const [{ status, seen, remedy = "" }, document] = judgeServerMetadata(answer, url, show);
  if (status !== "ok") {
    return [warning(seen, `Most clients do without, some look only here. ${remedy}`), undefined];
  }
  const other = document?.["resource"];
  if (known === undefined || other === known["resource"]) return [ok(seen), document];
  const advice = "Clients that look only here log in for that one: give each server its own host.";
  return [warning(`that of another server: ${show.value(other)}`, advice), document];
}

/**
 * Judges whether the published resource is the URL in use.
 *
 * @param resource What the metadata says.
 * @param serverUrl The URL in use.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeResource(resource: string, serverUrl: URL, show: Show): Verdict {
  const used = serverUrl.href;
  // A bare origin has no path to end in a slash, but every URL parser writes one.
  const bareOrigin = serverUrl.pathname === "/" && `${resource}/` === used;
  if (resource === used || bareOrigin) return ok(show.value(resource));
  const seen = `${show.value(resource)}, but the URL in use is ${show.value(used)}`;
  const ours = canonicalResource(resource);
  const theirs = canonicalResource(used);
  if (ours !== undefined && ours === theirs) {
    return warning(seen, `Strict clients refuse it. Give them ${show.value(resource)}`);
  }
  if (ours !== undefined && `${theirs}/`.startsWith(`${ours}/`)) {
    return warning(seen, "Strict clients want the two to be equal: leave the option resource out.");
  }
  const path = URL.canParse(resource) ? new URL(resource).pathname : "";
  return failed(
    seen,
    path === serverUrl.pathname
      ? `Clients refuse it. Set the server's SERVER_URL to the address that they use: ` +
        serverUrl.origin
      : "Clients refuse it. Give them the URL that the server publishes, or correct SERVER_URL " +
        "and the option mcpPath.",
  );
}

/**
 * Judges whether the server sends clients to the PropelAuth of this environment.
 *
 * @param document The server's metadata.
 * @param issuer What this environment's settings would publish.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeAuthorizationServer(document: Metadata, issuer: string, show: Show): Verdict {
  const servers = document["authorization_servers"];
  // Clients use the first entry alone.
  const first: unknown = Array.isArray(servers) ? servers[0] : undefined;
  if (first === issuer) return ok(issuer);
  return failed(
    first === undefined ? "none is published" : `${show.value(first)}, not ${issuer}`,
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
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgePublishedScopes(
  document: Metadata,
  asked: readonly string[],
  configured: readonly unknown[] | undefined,
  show: Show,
): Verdict {
  const published = document["scopes_supported"] ?? [];
  if (!Array.isArray(published)) {
    return failed("scopes_supported is no list", "Let auth.handler publish the metadata.");
  }
  if ("scopes_supported" in document && published.length === 0) {
    const remedy = "Some clients loop on it. Leave scopes_supported out.";
    return failed("an empty list is published", remedy);
  }
  const all = [...new Set([...published, ...asked])];
  const missing = configured === undefined ? [] : all.filter((one) => !configured.includes(one));
  if (missing.length > 0) {
    return failed(
      `not configured at PropelAuth: ${show.list(missing)}`,
      "Clients ask for them and the login fails. Add them in MCP > Scopes, or correct the " +
        "server's options.",
    );
  }
  return ok(all.length === 0 ? "none, clients choose" : show.list(all));
}
