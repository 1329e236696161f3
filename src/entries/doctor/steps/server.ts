/**
 * Asks the running MCP server, as clients do that have no token yet.
 *
 * @module
 */

import { isLoopback } from "../../../lib/url.ts";
import { type Answer, type Fault, isAnswer, judgeFault } from "../ask.ts";
import { askAsBrowser } from "./browser.ts";
import type { PropelAuthSeen } from "./propelauth.ts";
import { judgeChallenge, type ReadChallenge } from "../checks/challenge.ts";
import { judgeClock, type Metadata, readObject } from "../checks/propelauth.ts";
import { type CheckId, failed, ok, skipped, type Verdict } from "../report.ts";
import {
  judgeAuthorizationServer,
  judgePublishedScopes,
  judgeResource,
  judgeRootMetadata,
  judgeServerMetadata,
  judgeServerReachable,
} from "../checks/server.ts";
import { examine, FIRST_CALL, metadataPlaces, SERVER_ADVICE } from "./requests.ts";
import type { Tools } from "../tools.ts";

const SERVER_CHECKS: readonly CheckId[] = [
  "challenge_get",
  "challenge_post",
  "server_metadata",
  "root_metadata",
  "resource",
  "authorization_server",
  "published_scopes",
  "cors",
  "preflight",
  "metadata_cors",
  "server_clock",
];

/** Which server, and how it is known. */
export interface AskedServer {
  readonly serverUrl: URL | undefined;
  /** Whether the caller gave the URL; else it comes from the settings. */
  readonly given: boolean;
  readonly origin: string | undefined;
}

/** What later checks need to know of the server. */
export interface ServerSeen {
  readonly answers: boolean;
  /** The resource identifier that it publishes, when clients can use it. */
  readonly resource?: string;
}

/**
 * Makes the checks of a running server.
 *
 * @param tools The settings, the network and the report.
 * @param asked Which server.
 * @param propelAuth What is known of PropelAuth.
 * @returns What later checks need.
 */
export async function askServer(
  tools: Tools,
  { serverUrl, given, origin }: AskedServer,
  propelAuth: PropelAuthSeen,
): Promise<ServerSeen> {
  const { recorder, ask } = tools;
  if (serverUrl === undefined) {
    const why = tools.settings.options.mcpPath.includes("{")
      ? "each organization has its own URL: give one of them"
      : "there is no usable server URL";
    recorder.skip(["server_reachable", ...SERVER_CHECKS], why);
    return { answers: false };
  }
  recorder.start("server_reachable");
  const got = await ask(serverUrl.href, {
    headers: { "Accept": "application/json, text/event-stream" },
  });
  if (!isAnswer(got)) {
    recorder.record("server_reachable", judgeSilence(tools, got, serverUrl, given));
    recorder.skip(SERVER_CHECKS, "no server answers");
    return { answers: false };
  }
  recorder.record("server_reachable", judgeServerReachable(serverUrl, got.seconds));
  const challenge = await examineChallenges(tools, serverUrl, got);
  const document = await examineMetadata(tools, serverUrl);
  const usable = examineDocument(tools, serverUrl, document, challenge, propelAuth);
  await askAsBrowser(tools, serverUrl, origin ?? serverUrl.origin);
  examineClock(tools, got, propelAuth);
  return { answers: true, ...(usable && { resource: String(document?.["resource"]) }) };
}

/** A server of one's own that was not started yet is no fault. */
function judgeSilence(tools: Tools, fault: Fault, serverUrl: URL, given: boolean): Verdict {
  const { timeoutSeconds, show } = tools;
  if (!given && fault.reason === "refused" && isLoopback(serverUrl.hostname)) {
    return skipped(`no server runs at ${serverUrl.host} yet`);
  }
  return judgeFault(fault, serverUrl.href, SERVER_ADVICE, timeoutSeconds, show);
}

async function examineChallenges(
  tools: Tools,
  serverUrl: URL,
  got: Answer,
): Promise<ReadChallenge | undefined> {
  const { recorder, show } = tools;
  recorder.record("challenge_get", judgeChallenge(got, serverUrl, show)[0]);
  let challenge: ReadChallenge | undefined;
  await examine(tools, "challenge_post", serverUrl.href, FIRST_CALL, async (answer) => {
    const [verdict, read] = judgeChallenge(answer, serverUrl, show);
    challenge = read;
    return read === undefined ? verdict : await followChallenge(tools, serverUrl, read, verdict);
  });
  return challenge;
}

/** A challenge may name a third place for the metadata; it has to be there too. */
async function followChallenge(
  { ask, show }: Tools,
  serverUrl: URL,
  { metadataUrl }: ReadChallenge,
  verdict: Verdict,
): Promise<Verdict> {
  if (metadataPlaces(serverUrl).includes(metadataUrl.href)) return verdict;
  const answer = await ask(metadataUrl.href, { wantBody: true });
  if (isAnswer(answer) && answer.status === 200 && readObject(answer.text) !== undefined) {
    return verdict;
  }
  return failed(
    `no metadata at ${show.value(metadataUrl.href)}, where it sends clients`,
    "Hand that path to auth.handler too.",
  );
}

async function examineMetadata(tools: Tools, serverUrl: URL): Promise<Metadata | undefined> {
  const { recorder, show } = tools;
  const [inserted, root] = metadataPlaces(serverUrl);
  let document: Metadata | undefined;
  await examine(tools, "server_metadata", inserted, { wantBody: true }, (answer) => {
    const [verdict, read] = judgeServerMetadata(answer, inserted, show);
    document = read;
    return verdict;
  });
  if (root === inserted) recorder.record("root_metadata", ok("the same address"));
  else {
    await examine(tools, "root_metadata", root, { wantBody: true }, (answer) => {
      const [verdict, read] = judgeRootMetadata(answer, root, document, show);
      document ??= read;
      return verdict;
    });
  }
  return document;
}

/** True when the published resource can be used. */
function examineDocument(
  { settings, recorder, show }: Tools,
  serverUrl: URL,
  document: Metadata | undefined,
  challenge: ReadChallenge | undefined,
  propelAuth: PropelAuthSeen,
): boolean {
  if (document === undefined) {
    const ids: CheckId[] = ["resource", "authorization_server", "published_scopes"];
    recorder.skip(ids, "there is no metadata");
    return false;
  }
  const verdict = judgeResource(String(document["resource"]), serverUrl, show);
  recorder.record("resource", verdict);
  recorder.record(
    "authorization_server",
    settings.authUrl === undefined
      ? skipped("there is no usable Auth URL")
      : judgeAuthorizationServer(document, settings.options.issuer, show),
  );
  const asked = challenge?.scopes ?? [];
  const scopes = judgePublishedScopes(document, asked, propelAuth.scopes, show);
  recorder.record("published_scopes", scopes);
  return verdict.status !== "failed";
}

/** Compared with PropelAuth's where that is known: tokens carry its times. */
function examineClock({ recorder }: Tools, got: Answer, propelAuth: PropelAuthSeen): void {
  const { clockAheadSeconds } = got;
  const base = propelAuth.clockAheadSeconds;
  const ahead = clockAheadSeconds === undefined ? undefined : clockAheadSeconds - (base ?? 0);
  const own = base === undefined ? "this machine's" : "PropelAuth's";
  const remedy =
    "Set the server's clock by NTP: with a wrong one it refuses good tokens, or takes " +
    "expired ones.";
  recorder.record("server_clock", judgeClock(ahead, ["the server's", own], remedy));
}
