/**
 * Asks the running MCP server as a page in a browser does.
 *
 * @module
 */

import { isAnswer, judgeFault } from "../ask.ts";
import {
  judgeCors,
  judgeMetadataCors,
  judgePreflight,
  MCP_REQUEST_HEADERS,
  METADATA_REQUEST_HEADERS,
} from "../checks/browser.ts";
import { buildPreflight, examine, FIRST_CALL, metadataPlaces, SERVER_ADVICE } from "./requests.ts";
import type { Tools } from "../tools.ts";

/**
 * Makes the checks of what a browser needs.
 *
 * @param tools The settings, the network and the report.
 * @param serverUrl The MCP endpoint.
 * @param origin The origin of the page.
 */
export async function askAsBrowser(tools: Tools, serverUrl: URL, origin: string): Promise<void> {
  const { ask, show, timeoutSeconds } = tools;
  const headers = { ...FIRST_CALL.headers, "Origin": origin };
  await examine(
    tools,
    "cors",
    serverUrl.href,
    { ...FIRST_CALL, headers },
    (answer) => judgeCors(answer, origin, show),
  );
  const mcpPreflight = buildPreflight(origin, "POST", MCP_REQUEST_HEADERS);
  await examine(
    tools,
    "preflight",
    serverUrl.href,
    mcpPreflight,
    (answer) => judgePreflight(answer, origin, MCP_REQUEST_HEADERS, show),
  );
  const [inserted] = metadataPlaces(serverUrl);
  const get = { headers: { "Origin": origin } };
  await examine(tools, "metadata_cors", inserted, get, async (answer) => {
    const second = await ask(inserted, buildPreflight(origin, "GET", METADATA_REQUEST_HEADERS));
    return isAnswer(second)
      ? judgeMetadataCors(answer, second, origin, show)
      : judgeFault(second, inserted, SERVER_ADVICE, timeoutSeconds, show);
  });
}
