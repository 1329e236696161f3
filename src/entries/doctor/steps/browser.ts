/**
 * Asks the running MCP server as a web page does.
 *
 * @module
 */

import { ask, isReply } from "../ask.ts";
import { judgeFault } from "../checks/fault.ts";
import { judgeCors, judgeMetadataCors, judgePreflight } from "../checks/browser.ts";
import { examine, FIRST_CALL, metadataPlaces, SERVER_ADVICE, type Tools } from "./requests.ts";

/** The headers that the SDK's clients send from a page, as a browser lists them. */
const MCP_REQUEST_HEADERS =
  "authorization,content-type,last-event-id,mcp-method,mcp-protocol-version,mcp-session-id";
/** The SDK's clients send this one with the request for the metadata, so it is preflighted too. */
const METADATA_REQUEST_HEADERS = "mcp-protocol-version";

/** Makes the checks of what a browser needs, for a page of an origin. */
export async function askAsBrowser(tools: Tools, serverUrl: URL, origin: string): Promise<void> {
  const { href } = serverUrl;
  const headers = { ...FIRST_CALL.headers, "Origin": origin };
  await examine(
    tools,
    "cors",
    href,
    { ...FIRST_CALL, headers },
    (reply) => judgeCors(reply, origin),
  );
  const mcpPreflight = buildPreflight(origin, "POST", MCP_REQUEST_HEADERS);
  await examine(
    tools,
    "preflight",
    href,
    mcpPreflight,
    (reply) => judgePreflight(reply, origin, MCP_REQUEST_HEADERS),
  );
  const [inserted] = metadataPlaces(serverUrl);
  const get = { headers: { "Origin": origin } };
  await examine(tools, "metadata_cors", inserted, get, async (reply) => {
    const preflight = buildPreflight(origin, "GET", METADATA_REQUEST_HEADERS);
    const second = await ask(tools, inserted, preflight);
    return isReply(second)
      ? judgeMetadataCors(reply, second, origin, METADATA_REQUEST_HEADERS)
      : judgeFault(second, SERVER_ADVICE);
  });
}

/** Builds the request that a browser sends before that of a page. */
function buildPreflight(origin: string, method: string, requested: string): RequestInit {
  return {
    method: "OPTIONS",
    headers: {
      "Origin": origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": requested,
    },
  };
}
