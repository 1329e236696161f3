/**
 * Judges what PropelAuth says of itself. Pure: no clock, no network.
 *
 * @module
 */

import { isObject, parseJson } from "../../../lib/json.ts";
import type { Answer } from "../ask.ts";
import { failed, ok, skipped, type Verdict, warning } from "../report.ts";
import { type Show, withoutQuery } from "../show.ts";

/** Members of the authorization server metadata (RFC 8414 §2) that are looked at, of any type. */
export type Metadata = Readonly<Record<string, unknown>>;

/** What to do when something else than PropelAuth answers. */
export const AUTH_URL_ADVICE =
  "Compare PROPELAUTH_AUTH_URL with the Auth URL in PropelAuth's dashboard (Frontend Integration).";
const NO_MCP_ADVICE =
  "In PropelAuth's dashboard choose the environment of this Auth URL, then MCP > Enable MCP. " +
  "Each environment has a switch of its own.";
const MAX_CLOCK_FAULT_SECONDS = 60;
const MAX_CLOCK_DIFFERENCE_SECONDS = 5;

/**
 * Reads JSON that has to be an object.
 *
 * @param text A body.
 * @returns Its members, or `undefined`.
 */
export function readObject(text: string | undefined): Metadata | undefined {
  const value = parseJson(text ?? "");
  return isObject(value) ? value : undefined;
}

/**
 * Says how an address answers.
 *
 * @param url The address.
 * @param seconds How long it took.
 * @returns The verdict.
 */
export function judgeReachable(url: string, seconds: number): Verdict {
  const tls = url.startsWith("https:") ? "TLS" : "loopback";
  return ok(`${url} (${tls}, ${Math.max(1, Math.round(seconds * 1000))} ms)`);
}

/**
 * Judges whether the metadata is there and complete.
 *
 * @param answer What came for the metadata.
 * @param show Shows what came from outside.
 * @returns The verdict, and the metadata when it is usable.
 */
export function judgeMetadata(
  { status, headers, text }: Answer,
  show: Show,
): [Verdict, Metadata | undefined] {
  if (status === 404) {
    return [failed("404: MCP is not enabled in this environment", NO_MCP_ADVICE), undefined];
  }
  if (status >= 300 && status < 400) {
    const seen = `${status}: redirects to ${show.value(withoutQuery(headers.get("Location")))}`;
    return [failed(seen, `Clients do not follow it. ${AUTH_URL_ADVICE}`), undefined];
  }
  if (status === 429 || status >= 500) {
    const remedy = "Try again in a minute; then look at PropelAuth's status page.";
    return [failed(`${status}: PropelAuth is not available`, remedy), undefined];
  }
  const metadata = status === 200 ? readObject(text) : undefined;
  if (metadata === undefined) {
    const what = status === 200 ? "200, but no JSON object" : `${status}, not 200`;
    return [failed(what, `Something else answers there. ${AUTH_URL_ADVICE}`), undefined];
  }
  const missing = ["issuer", "authorization_endpoint", "token_endpoint"].filter((name) =>
    typeof metadata[name] !== "string" || !URL.canParse(metadata[name])
  );
  if (missing.length > 0) {
    const seen = `without a usable ${missing.join(" and ")}`;
    return [failed(seen, `Is this PropelAuth's own metadata? ${AUTH_URL_ADVICE}`), undefined];
  }
  return [ok("there, and complete"), metadata];
}

/**
 * Judges the issuer, which clients compare with what this server publishes.
 *
 * @param metadata PropelAuth's metadata.
 * @param issuer What this server publishes.
 * @param authUrl The Auth URL.
 * @param servedBare Whether the metadata is served for the bare Auth URL too.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeIssuer(
  metadata: Metadata,
  issuer: string,
  authUrl: string,
  servedBare: boolean,
  show: Show,
): Verdict {
  const theirs = metadata["issuer"];
  if (theirs === issuer) return ok(issuer);
  const seen = `${show.value(theirs)}, but this server publishes ${issuer}`;
  if (theirs !== authUrl) {
    return failed(
      seen,
      "Clients refuse the login. Set PROPELAUTH_AUTH_URL to the address that PropelAuth gives " +
        "itself, without /oauth/2.1; an own domain counts, not the older address.",
    );
  }
  return failed(
    seen,
    servedBare
      ? `Clients refuse the login. Set the option issuer to "${authUrl}": the metadata is served ` +
        "for that too."
      : "This environment has the older form of issuer, which newer clients refuse. Ask PropelAuth's " +
        "support to update it. The option issuer does not help: nothing is served for that form.",
  );
}

/**
 * Judges proof keys, which every MCP client wants (RFC 7636).
 *
 * @param metadata PropelAuth's metadata.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgePkce(metadata: Metadata, show: Show): Verdict {
  const methods = metadata["code_challenge_methods_supported"];
  if (Array.isArray(methods) && methods.includes("S256")) return ok("S256 is supported");
  return failed(
    `S256 is not among ${Array.isArray(methods) ? show.list(methods) || "none" : "none"}`,
    "MCP clients refuse to log in without it. Is this PropelAuth's own metadata, or does " +
      "something between change it?",
  );
}

/**
 * Says how clients get a client id.
 *
 * @param metadata PropelAuth's metadata.
 * @returns The verdict.
 */
export function judgeRegistration(metadata: Metadata): Verdict {
  const endpoint = metadata["registration_endpoint"];
  if (typeof endpoint === "string" && URL.canParse(endpoint)) {
    // Which addresses are allowed is nowhere published.
    return ok(
      "enabled: Claude, Cursor and ChatGPT register themselves, if MCP > Allowed MCP Clients has " +
        "their redirect addresses",
    );
  }
  return warning(
    "not enabled: each client needs a client id made by hand",
    "Claude: in the connector's advanced settings. Cursor: auth.CLIENT_ID in mcp.json. ChatGPT: " +
      "in the connector's OAuth settings, where it has them; else it cannot connect. Or enable " +
      "it: MCP > Settings, How Do Users Create OAuth Clients.",
  );
}

/**
 * Judges whether PropelAuth knows the scopes that are needed.
 *
 * @param metadata PropelAuth's metadata.
 * @param wanted The scopes that this server requires or publishes.
 * @param show Shows what came from outside.
 * @returns The verdict.
 */
export function judgeScopes(metadata: Metadata, wanted: readonly string[], show: Show): Verdict {
  const configured = metadata["scopes_supported"];
  const names = Array.isArray(configured) ? configured : [];
  const missing = wanted.filter((scope) => !names.includes(scope));
  if (missing.length > 0) {
    return failed(
      `not configured there: ${show.list(missing)}`,
      "Nobody can be granted them. Add them in MCP > Scopes, spelled exactly so, or correct " +
        "PROPELAUTH_REQUIRED_SCOPES and the option scopesSupported.",
    );
  }
  if (wanted.length > 0) return ok(`all configured there: ${show.list(wanted)}`);
  return ok(names.length === 0 ? "none needed" : `none needed; there are ${show.list(names)}`);
}

/**
 * Judges how two clocks differ.
 *
 * @param aheadSeconds How far the other clock is ahead; `undefined` when it did not tell.
 * @param whose Whose clock it is, and with whose it is compared.
 * @param remedy What to do about it.
 * @returns The verdict.
 */
export function judgeClock(
  aheadSeconds: number | undefined,
  whose: readonly [other: string, own: string],
  remedy: string,
): Verdict {
  const [other, own] = whose;
  if (aheadSeconds === undefined) return skipped("no Date header came");
  const difference = Math.round(Math.abs(aheadSeconds));
  if (difference <= MAX_CLOCK_DIFFERENCE_SECONDS) {
    return ok(`${other} and ${own} agree within ${MAX_CLOCK_DIFFERENCE_SECONDS} s`);
  }
  const seen = `${other} is ${difference} s ${aheadSeconds > 0 ? "ahead of" : "behind"} ${own}`;
  return difference > MAX_CLOCK_FAULT_SECONDS ? failed(seen, remedy) : warning(seen, remedy);
}
