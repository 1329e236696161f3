/**
 * Tries the user's token: at PropelAuth, and at the server.
 *
 * @module
 */

import { canonicalResource } from "../../../oauth/protected_resource.ts";
import { ask, isReply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import { judgeAcceptance } from "../checks/acceptance.ts";
import { judgeToken } from "../checks/token.ts";
import { askCredential } from "./api_key.ts";
import { introspect, type PropelAuthSeen } from "./propelauth.ts";
import { FIRST_CALL, type Tools } from "./requests.ts";
import type { ServerSeen } from "./server.ts";

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
  if (token === undefined) return recorder.skip(["token", "token_accepted"], "no token is given");
  if (!propelAuth.introspects) recorder.skip(["token"], "PropelAuth cannot be asked");
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
  recorder.record(
    "token",
    "active" in facts ? judgeToken(facts, policy, world.now(), known?.isInCode === true) : facts,
  );
}

async function examineAcceptance(tools: Tools, token: string, serverUrl: URL): Promise<void> {
  const { recorder } = tools;
  const credentials = { "Authorization": `Bearer ${token}` };
  recorder.start("token_accepted");
  const reply = await ask(tools, serverUrl.href, {
    ...FIRST_CALL,
    headers: { ...FIRST_CALL.headers, ...credentials },
  });
  if (!isReply(reply)) {
    return recorder.record("token_accepted", judgeFault(reply, "Look at the server's log."));
  }
  recorder.record("token_accepted", judgeAcceptance(reply));
  // A server of the older transport keeps a session for the caller: end it.
  const session = reply.headers.get("Mcp-Session-Id");
  if (session !== null) {
    const headers = { ...credentials, "Mcp-Session-Id": session };
    await ask(tools, serverUrl.href, { method: "DELETE", headers });
  }
}
