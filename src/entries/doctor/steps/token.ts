/**
 * Tries the user's token: at PropelAuth, and at the server.
 *
 * @module
 */

import { type AccessToken, judgeAccessToken } from "../../../oauth/access_token.ts";
import { canonicalResource } from "../../../oauth/protected_resource.ts";
import { ask, isReply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import { judgeAcceptance } from "../checks/acceptance.ts";
import { judgeOperations } from "../checks/operations.ts";
import { judgeToken } from "../checks/token.ts";
import { askCredential } from "./api_key.ts";
import { LISTS } from "../../../operations/lists.ts";
import { readLists } from "../../../operations/read_lists.ts";
import { introspect } from "./ask_source.ts";
import type { PropelAuthSeen } from "./propelauth.ts";
import { FIRST_CALL, type Tools } from "./requests.ts";
import type { CheckId } from "../report.ts";
import type { ServerSeen } from "./server.ts";

/** The longest page of a list that is read: 4 MiB, as long as a request may be. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/**
 * Makes the checks of a token.
 *
 * @param tools The settings, the network and the report.
 * @param token The token, if there is one.
 * @param serverUrl The MCP endpoint, if it is known.
 * @param propelAuth The findings about PropelAuth.
 * @param server The findings about the server.
 */
export async function askToken(
  tools: Tools,
  token: string | undefined,
  serverUrl: URL | undefined,
  propelAuth: PropelAuthSeen,
  server: ServerSeen,
): Promise<void> {
  const { recorder } = tools;
  const { operations } = tools.settings.options;
  const rest: CheckId[] = operations === undefined ? [] : ["operations"];
  if (token === undefined) {
    return recorder.skip(["token", "token_accepted", ...rest], "no token is given");
  }
  let caller: AccessToken | undefined;
  if (!propelAuth.introspects) recorder.skip(["token"], "PropelAuth cannot be asked");
  else {
    const { mcpUrl, options } = tools.settings;
    const ours = mcpUrl === undefined ? serverUrl?.href : options.resource;
    caller = await examineFacts(tools, token, server.resource ?? ours);
  }
  if (serverUrl === undefined || !server.answers) {
    return recorder.skip(["token_accepted", ...rest], "no server answers");
  }
  const isAccepted = await examineAcceptance(tools, token, serverUrl);
  if (operations === undefined) return;
  if (!isAccepted || caller === undefined) {
    return recorder.skip(["operations"], "the token is not accepted");
  }
  recorder.start("operations");
  const lists = await readServerLists(tools, token, serverUrl);
  const outcome = judgeOperations(operations, tools.settings.options, caller, lists);
  recorder.record("operations", outcome);
}

/** Judges the token as PropelAuth describes it; returns the caller when it passes. */
async function examineFacts(
  tools: Tools,
  token: string,
  resource: string | undefined,
): Promise<AccessToken | undefined> {
  const { settings, recorder, world } = tools;
  recorder.start("token");
  const { apiKeys } = settings;
  const known = apiKeys !== undefined && "source" in apiKeys ? apiKeys : undefined;
  const facts = known === undefined
    ? await introspect(tools, token)
    : await askCredential(tools, known.source, token);
  const isKey = "active" in facts && facts.active && facts.apiKey !== undefined;
  const { holdsScope, dangerouslyAllowAnyAudience } = settings.options;
  // The scopes of a key are known only to the code that gives them.
  const requiredScopes = isKey && !known?.isInCode ? [] : settings.options.requiredScopes;
  const policy = {
    resource: resource ?? settings.options.resource,
    audience: canonicalResource(resource ?? ""),
    resourceMetadataUrl: "",
    requiredScopes,
    challengeScopes: [],
    holdsScope,
    // Without a server URL there is no audience to compare with.
    dangerouslyAllowAnyAudience: dangerouslyAllowAnyAudience || resource === undefined,
  };
  if (!("active" in facts)) {
    recorder.record("token", facts);
    return undefined;
  }
  const outcome = judgeToken(facts, policy, world.now(), known?.isInCode === true);
  recorder.record("token", outcome);
  return outcome.status === "ok" ? judgeAccessToken(facts, policy, world.now(), token) : undefined;
}

/** Reads every complete list that the server shows to the token's caller. */
async function readServerLists(tools: Tools, token: string, serverUrl: URL) {
  const credentials = { "Authorization": `Bearer ${token}` };
  const reading = readLists(LISTS, "propelauth-mcp-doctor");
  let step = reading.next();
  while (!step.done) {
    const { headers, body } = step.value;
    const question = { method: "POST", headers: { ...headers, ...credentials }, body };
    const reply = await ask(tools, serverUrl.href, {
      ...question,
      wantBody: true,
      maxBodyBytes: MAX_LIST_BYTES,
    });
    step = reading.next(
      isReply(reply) ? reply : { status: 0, headers: new Headers(), text: undefined },
    );
  }
  await endSession(tools, serverUrl, credentials, step.value.sessionId);
  return step.value.lists;
}

/** A server of the older transport keeps a session for the caller. */
async function endSession(
  tools: Tools,
  serverUrl: URL,
  credentials: Record<string, string>,
  session: string | null | undefined,
): Promise<void> {
  if (typeof session !== "string") return;
  const headers = { ...credentials, "Mcp-Session-Id": session };
  await ask(tools, serverUrl.href, { method: "DELETE", headers });
}

/** Calls the server with the token; true when it is accepted. */
async function examineAcceptance(tools: Tools, token: string, serverUrl: URL): Promise<boolean> {
  const { recorder } = tools;
  const credentials = { "Authorization": `Bearer ${token}` };
  recorder.start("token_accepted");
  const reply = await ask(tools, serverUrl.href, {
    ...FIRST_CALL,
    headers: { ...FIRST_CALL.headers, ...credentials },
  });
  if (!isReply(reply)) {
    recorder.record("token_accepted", judgeFault(reply, "Look at the server's log."));
    return false;
  }
  const outcome = judgeAcceptance(reply);
  recorder.record("token_accepted", outcome);
  await endSession(tools, serverUrl, credentials, reply.headers.get("Mcp-Session-Id"));
  return outcome.status === "ok";
}
