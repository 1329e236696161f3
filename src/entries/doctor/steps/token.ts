/**
 * Asks PropelAuth about a token, and the server with it.
 *
 * @module
 */

import { canonicalResource } from "../../../oauth/protected_resource.ts";
import { isAnswer, judgeFault } from "../ask.ts";
import { introspect, type PropelAuthSeen } from "./propelauth.ts";
import type { ServerSeen } from "./server.ts";
import { FIRST_CALL } from "./requests.ts";
import { judgeAcceptance, judgeToken } from "../checks/token.ts";
import type { Tools } from "../tools.ts";

/**
 * Makes the checks of a token.
 *
 * @param tools The settings, the network and the report.
 * @param token The token, if there is one.
 * @param serverUrl The MCP endpoint, if it is known.
 * @param propelAuth What is known of PropelAuth.
 * @param server What is known of the server.
 */
export async function askToken(
  tools: Tools,
  token: string | undefined,
  serverUrl: URL | undefined,
  propelAuth: PropelAuthSeen,
  server: ServerSeen,
): Promise<void> {
  const { recorder } = tools;
  if (token === undefined) return recorder.skip(["token", "token_accepted"], "no token is given");
  if (!propelAuth.answersQuestions) recorder.skip(["token"], "PropelAuth cannot be asked");
  else {
    const { mcpUrl, options } = tools.settings;
    const ours = mcpUrl === undefined ? serverUrl?.href : options.resource;
    await examineFacts(tools, token, server.resource ?? ours);
  }
  if (serverUrl === undefined || !server.answers) {
    recorder.skip(["token_accepted"], "no server answers");
  } else await examineAcceptance(tools, token, serverUrl);
}

async function examineFacts(tools: Tools, token: string, resource: string | undefined) {
  const { settings, recorder, world, show } = tools;
  recorder.start("token");
  const facts = await introspect(tools, token);
  const { requiredScopes, holdsScope, dangerouslyAllowAnyAudience } = settings.options;
  const policy = {
    resource: resource ?? settings.options.resource,
    audience: canonicalResource(resource ?? ""),
    resourceMetadataUrl: "",
    requiredScopes,
    challengeScopes: [],
    holdsScope,
    // Where nothing is known of the server, nothing can be said of the audience.
    dangerouslyAllowAnyAudience: dangerouslyAllowAnyAudience || resource === undefined,
  };
  recorder.record(
    "token",
    "active" in facts ? judgeToken(facts, policy, world.now(), show) : facts,
  );
}

async function examineAcceptance(tools: Tools, token: string, serverUrl: URL): Promise<void> {
  const { recorder, ask, show, timeoutSeconds } = tools;
  const credentials = { "Authorization": `Bearer ${token}` };
  recorder.start("token_accepted");
  const answer = await ask(serverUrl.href, {
    ...FIRST_CALL,
    headers: { ...FIRST_CALL.headers, ...credentials },
  });
  if (!isAnswer(answer)) {
    const advice = "Look at the server's log.";
    const verdict = judgeFault(answer, serverUrl.href, advice, timeoutSeconds, show);
    return recorder.record("token_accepted", verdict);
  }
  recorder.record("token_accepted", judgeAcceptance(answer, show));
  // A server of the older transport keeps a session for whoever asked: it is given back.
  const session = answer.headers.get("Mcp-Session-Id");
  if (session !== null) {
    const headers = { ...credentials, "Mcp-Session-Id": session };
    await ask(serverUrl.href, { method: "DELETE", headers });
  }
}
