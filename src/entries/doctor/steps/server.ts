/**
 * Asks the running MCP server, as clients do that have no token yet, and with a random one.
 *
 * @module
 */

import { isLoopback } from "../../../lib/url.ts";
import { ask, type Fault, isReply, type Reply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import { judgeArrival } from "../checks/acceptance.ts";
import { judgeChallenge, type UsableChallenge } from "../checks/challenge.ts";
import { judgeClock, type Metadata, readObject } from "../checks/propelauth.ts";
import {
  judgeAuthorizationServer,
  judgePublishedScopes,
  judgeResource,
  judgeRootMetadata,
  judgeServerMetadata,
  judgeServerReachable,
} from "../checks/server.ts";
import { type CheckId, failed, ok, type Outcome, skipped } from "../report.ts";
import { foreign, say } from "../show.ts";
import { askAsBrowser } from "./browser.ts";
import type { PropelAuthSeen } from "./propelauth.ts";
import { randomToken } from "./random_token.ts";
import { examine, FIRST_CALL, metadataPlaces, SERVER_ADVICE, type Tools } from "./requests.ts";

const GET_HEADERS = { "Accept": "application/json, text/event-stream" };

const SERVER_CHECKS: readonly CheckId[] = [
  "challenge_get",
  "challenge_post",
  "token_arrives",
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

/** The server to ask. */
interface AskedServer {
  readonly serverUrl: URL | undefined;
  /** Whether the caller gave the URL; else it comes from the settings. */
  readonly given: boolean;
  /** The origin of the pages that call it, when the caller gave one. */
  readonly origin: string | undefined;
}

/** The findings about the server that later checks need. */
export interface ServerSeen {
  readonly answers: boolean;
  /** The resource identifier that it publishes; absent when clients refuse it. */
  readonly resource?: string;
}

/** Makes the checks of a running server; gives the findings that later checks need. */
export async function askServer(
  tools: Tools,
  { serverUrl, given, origin }: AskedServer,
  propelAuth: PropelAuthSeen,
): Promise<ServerSeen> {
  const { recorder } = tools;
  if (serverUrl === undefined) {
    const why = tools.settings.options.mcpPath.includes("{")
      ? "each organization has its own URL: give one of them"
      : "there is no usable server URL";
    recorder.skip(["server_reachable", ...SERVER_CHECKS], why);
    return { answers: false };
  }
  recorder.start("server_reachable");
  const got = await ask(tools, serverUrl.href, { headers: GET_HEADERS });
  if (!isReply(got)) {
    recorder.record("server_reachable", judgeSilence(got, serverUrl, given));
    recorder.skip(SERVER_CHECKS, "no server answers");
    return { answers: false };
  }
  recorder.record("server_reachable", judgeServerReachable(serverUrl, got.seconds));
  const challenge = await examineChallenges(tools, serverUrl, got);
  await examineArrival(tools, serverUrl, challenge, got.status === 401);
  const document = await examineMetadata(tools, serverUrl);
  const usable = examineDocument(tools, serverUrl, document, challenge, propelAuth);
  await askAsBrowser(tools, serverUrl, origin ?? serverUrl.origin);
  examineClock(tools, got, propelAuth);
  return { answers: true, ...(usable && { resource: String(document?.["resource"]) }) };
}

/** On loopback a server that was not started yet is not a fault, unless its URL was given. */
function judgeSilence(fault: Fault, serverUrl: URL, given: boolean): Outcome {
  if (!given && fault.reason === "refused" && isLoopback(serverUrl.hostname)) {
    return skipped(`no server runs at ${serverUrl.host} yet`);
  }
  return judgeFault(fault, SERVER_ADVICE);
}

async function examineChallenges(
  tools: Tools,
  serverUrl: URL,
  got: Reply,
): Promise<UsableChallenge | undefined> {
  tools.recorder.record("challenge_get", judgeChallenge(got, serverUrl)[0]);
  let challenge: UsableChallenge | undefined;
  await examine(tools, "challenge_post", serverUrl.href, FIRST_CALL, async (reply) => {
    const [outcome, read] = judgeChallenge(reply, serverUrl);
    challenge = read;
    return read === undefined ? outcome : await followChallenge(tools, serverUrl, read, outcome);
  });
  return challenge;
}

/** A challenge may name a third place for the metadata; then it has to be there too. */
async function followChallenge(
  tools: Tools,
  serverUrl: URL,
  { metadataUrl }: UsableChallenge,
  outcome: Outcome,
): Promise<Outcome> {
  if (metadataPlaces(serverUrl).includes(metadataUrl.href)) return outcome;
  const reply = await ask(tools, metadataUrl.href, { wantBody: true });
  if (isReply(reply) && reply.status === 200 && readObject(reply.text) !== undefined) {
    return outcome;
  }
  return failed(
    say`no metadata at ${foreign(metadataUrl.href)}, where it sends clients`,
    "Hand that path to auth.handler too.",
  );
}

/**
 * Sends a random token, by POST and by GET: a proxy may drop `Authorization` for one of them. `getPasses`:
 * whether a GET without a token reaches the gate.
 */
async function examineArrival(
  tools: Tools,
  serverUrl: URL,
  challenge: UsableChallenge | undefined,
  getPasses: boolean,
): Promise<void> {
  const { href } = serverUrl;
  if (challenge === undefined) {
    return tools.recorder.skip(["token_arrives"], "there is no challenge to compare with");
  }
  const credentials = { "Authorization": `Bearer ${randomToken()}` };
  const post = { ...FIRST_CALL, headers: { ...FIRST_CALL.headers, ...credentials } };
  await examine(tools, "token_arrives", href, post, async (reply) => {
    const outcome = judgeArrival(reply, "POST");
    if (outcome.status !== "ok" || !getPasses) return outcome;
    const got = await ask(tools, href, { headers: { ...GET_HEADERS, ...credentials } });
    return isReply(got) ? judgeArrival(got, "GET") : judgeFault(got, SERVER_ADVICE);
  });
}

async function examineMetadata(tools: Tools, serverUrl: URL): Promise<Metadata | undefined> {
  const { recorder } = tools;
  const [inserted, root] = metadataPlaces(serverUrl);
  let document: Metadata | undefined;
  await examine(tools, "server_metadata", inserted, { wantBody: true }, (reply) => {
    const [outcome, read] = judgeServerMetadata(reply, inserted);
    document = read;
    return outcome;
  });
  if (root === inserted) recorder.record("root_metadata", ok("the same address"));
  else {
    await examine(tools, "root_metadata", root, { wantBody: true }, (reply) => {
      const [outcome, read] = judgeRootMetadata(reply, root, document);
      document ??= read;
      return outcome;
    });
  }
  return document;
}

/** Makes the checks of the metadata; true when clients accept the published resource. */
function examineDocument(
  { settings, recorder }: Tools,
  serverUrl: URL,
  document: Metadata | undefined,
  challenge: UsableChallenge | undefined,
  propelAuth: PropelAuthSeen,
): boolean {
  if (document === undefined) {
    const ids: CheckId[] = ["resource", "authorization_server", "published_scopes"];
    recorder.skip(ids, "there is no metadata");
    return false;
  }
  const outcome = judgeResource(String(document["resource"]), serverUrl);
  recorder.record("resource", outcome);
  recorder.record(
    "authorization_server",
    settings.authUrl === undefined
      ? skipped("there is no usable Auth URL")
      : judgeAuthorizationServer(document, settings.options.issuer),
  );
  const asked = challenge?.scopes ?? [];
  const scopes = judgePublishedScopes(document, asked, propelAuth.scopes);
  recorder.record("published_scopes", scopes);
  return outcome.status !== "failed";
}

/** Compares the server's clock with PropelAuth's, whose times tokens carry, or else with ours. */
function examineClock({ recorder }: Tools, got: Reply, propelAuth: PropelAuthSeen): void {
  const { clockAheadSeconds } = got;
  const base = propelAuth.clockAheadSeconds;
  const ahead = clockAheadSeconds === undefined ? undefined : clockAheadSeconds - (base ?? 0);
  const own = base === undefined ? "this machine's" : "PropelAuth's";
  const remedy =
    "Set the server's clock by NTP: with a wrong one it refuses good tokens, or takes " +
    "expired ones.";
  recorder.record("server_clock", judgeClock(ahead, ["the server's", own], remedy));
}
