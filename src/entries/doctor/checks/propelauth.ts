/**
 * Judges PropelAuth's own metadata. Pure: no clock, no network.
 *
 * @module
 */

import { isObject, parseJson } from "../../../lib/json.ts";
import type { Reply } from "../ask.ts";
import { failed, ok, type Outcome, skipped, warning } from "../report.ts";
import { foreign, foreignList, say, withoutQuery } from "../show.ts";

/** A metadata document (RFC 8414 §2, RFC 9728 §2); its members may have any type. */
export type Metadata = Readonly<Record<string, unknown>>;

/** The remedy when another server than PropelAuth answers. */
export const AUTH_URL_ADVICE =
  "Compare PROPELAUTH_AUTH_URL with the Auth URL in PropelAuth's dashboard (Frontend Integration).";
const NO_MCP_ADVICE =
  "In PropelAuth's dashboard choose the environment of this Auth URL, then MCP > Enable MCP. " +
  "Each environment has a switch of its own.";
const MAX_CLOCK_FAULT_SECONDS = 60;
const MAX_CLOCK_DIFFERENCE_SECONDS = 5;

/** Parses a body that has to be a JSON object; gives its members, or `undefined`. */
export function readObject(text: string | undefined): Metadata | undefined {
  const value = parseJson(text ?? "");
  return isObject(value) ? value : undefined;
}

/**
 * Warns when the Auth URL may be the address of the user's own server; else gives `undefined`. A proxy
 * may serve both under one origin, so this is no failure.
 */
export function judgeOrigin(authUrl: string, resource: string): Outcome | undefined {
  const { origin } = new URL(authUrl);
  if (origin !== new URL(resource).origin) return undefined;
  return warning(
    `${origin} is the origin of the server URL too`,
    "Unless a proxy there passes /oauth/2.1 on to PropelAuth, this is the address of your own " +
      "server, which then asks itself about tokens. Take the Auth URL of PropelAuth's dashboard " +
      "(Frontend or Backend Integration).",
  );
}

/** Says that an address answers, and after how many seconds. */
export function judgeReachable(url: string, seconds: number): Outcome {
  const tls = url.startsWith("https:") ? "TLS" : "loopback";
  return ok(`${url} (${tls}, ${Math.max(1, Math.round(seconds * 1000))} ms)`);
}

/**
 * Judges whether the metadata is there and complete.
 *
 * @param reply The answer to the request for it.
 * @returns The outcome, and the metadata when it is usable.
 */
export function judgeMetadata(
  { status, headers, text }: Reply,
): [Outcome, Metadata | undefined] {
  if (status === 404) {
    return [failed("404: MCP is not enabled in this environment", NO_MCP_ADVICE), undefined];
  }
  if (status >= 300 && status < 400) {
    const seen = say`${status}: redirects to ${foreign(withoutQuery(headers.get("Location")))}`;
    return [failed(seen, `Clients do not follow it. ${AUTH_URL_ADVICE}`), undefined];
  }
  if (status === 421) {
    const remedy = "Write PROPELAUTH_AUTH_URL as the local PropelAuth prints it: localhost and " +
      "127.0.0.1 are two names. Elsewhere take the Auth URL in PropelAuth's dashboard.";
    return [failed("421: the server there has another name", remedy), undefined];
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
 * Judges the issuer, which many clients compare with the one that this server publishes.
 *
 * @param metadata PropelAuth's metadata.
 * @param issuer The issuer that this server publishes.
 * @param authUrl The Auth URL.
 * @param servedBare Whether the metadata is served for the bare Auth URL too.
 * @returns The outcome.
 */
export function judgeIssuer(
  metadata: Metadata,
  issuer: string,
  authUrl: string,
  servedBare: boolean,
): Outcome {
  const theirs = metadata["issuer"];
  if (theirs === issuer) return ok(issuer);
  const seen = say`${foreign(theirs)}, but this server publishes ${issuer}`;
  if (theirs !== authUrl) {
    return failed(
      seen,
      "Clients refuse the login. Set PROPELAUTH_AUTH_URL to the address that PropelAuth gives " +
        "itself, without /oauth/2.1; an own domain counts, not the older address.",
    );
  }
  return failed(
    say`${seen}: the older form has no path`,
    REFUSED_BY +
      (servedBare
        ? `Set the option issuer to "${authUrl}": the metadata is served for that too.`
        : "Ask PropelAuth's support to update this environment."),
  );
}

/** The clients that refuse an issuer without a path, as docs/clients.md has them. */
const REFUSED_BY =
  "These clients refuse it: Codex, Copilot, Gemini CLI, mcp-remote, MCP Inspector, MCP SDK v2, AI " +
  "SDK, OpenAI Agents, Mastra, and the SDKs for Python (FastMCP and all others on them), Go and " +
  "Rust. These log in: Claude Code, OpenCode, Cline, mcporter, and SDK v1 with LangChain, Strands, " +
  "ADK, Genkit and LlamaIndex on it. ";

/** Judges whether PropelAuth takes proof keys, which every MCP client sends (RFC 7636). */
export function judgePkce(metadata: Metadata): Outcome {
  const methods = metadata["code_challenge_methods_supported"];
  if (Array.isArray(methods) && methods.includes("S256")) return ok("S256 is supported");
  return failed(
    say`S256 is not among ${foreignList(Array.isArray(methods) ? methods : [])}`,
    "MCP clients refuse to log in without it. Is this PropelAuth's own metadata, or does " +
      "something between change it?",
  );
}

/** Says how clients get a client id. */
export function judgeRegistration(metadata: Metadata): Outcome {
  const endpoint = metadata["registration_endpoint"];
  if (typeof endpoint === "string" && URL.canParse(endpoint)) {
    // PropelAuth does not publish which redirect addresses are allowed.
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

/** Judges whether PropelAuth knows the scopes that this server requires or publishes. */
export function judgeScopes(metadata: Metadata, wanted: readonly string[]): Outcome {
  const configured = metadata["scopes_supported"];
  const names = Array.isArray(configured) ? configured : [];
  const missing = wanted.filter((scope) => !names.includes(scope));
  if (missing.length > 0) {
    return failed(
      say`not configured there: ${foreignList(missing)}`,
      "No user can be granted them. Add them in MCP > Scopes, spelled exactly so, or correct " +
        "PROPELAUTH_REQUIRED_SCOPES and the option scopesSupported.",
    );
  }
  if (wanted.length > 0) return ok(say`all configured there: ${foreignList(wanted)}`);
  return ok(names.length === 0 ? "none needed" : say`none needed; there are ${foreignList(names)}`);
}

/**
 * Judges the difference between two clocks.
 *
 * @param aheadSeconds How far the other clock is ahead; `undefined` without a `Date` header.
 * @param whose Whose clock it is, and with whose it is compared.
 * @param remedy What to do about it.
 * @returns The outcome.
 */
export function judgeClock(
  aheadSeconds: number | undefined,
  whose: readonly [other: string, own: string],
  remedy: string,
): Outcome {
  const [other, own] = whose;
  if (aheadSeconds === undefined) return skipped("no Date header came");
  const difference = Math.round(Math.abs(aheadSeconds));
  if (difference <= MAX_CLOCK_DIFFERENCE_SECONDS) {
    return ok(`${other} and ${own} agree within ${MAX_CLOCK_DIFFERENCE_SECONDS} s`);
  }
  const seen = `${other} is ${difference} s ${aheadSeconds > 0 ? "ahead of" : "behind"} ${own}`;
  return difference > MAX_CLOCK_FAULT_SECONDS ? failed(seen, remedy) : warning(seen, remedy);
}
