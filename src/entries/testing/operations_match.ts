/**
 * The check that each rule of `operations` matches something that the MCP server offers.
 *
 * @module
 */

import { refuseAs } from "../../lib/broken_rule.ts";
import { requireMembers, requireText } from "../../lib/check_option.ts";
import { LISTS } from "../../operations/lists.ts";
import { type ListReply, type ListRequest, readLists } from "../../operations/read_lists.ts";
import { type RuleWatch, watchTest } from "../../operations/rule_watch.ts";
import type { TestedHandler } from "./connect.ts";

/** How the lists are asked for. */
export interface MatchOptions {
  /**
   * The access token.
   *
   * @default {one with every scope that the options of this PropelAuth name}
   */
  readonly token?: string;
  /**
   * The URL of the MCP endpoint; needed where each organization has its own.
   *
   * @default {the MCP URL in the options of this PropelAuth}
   */
  readonly url?: string | URL;
}

const OPTION_NAMES = ["token", "url"] as const;

/**
 * Asks for every complete list, and fails when a rule matches nothing in them.
 *
 * @param handler The handler that answers.
 * @param issueToken Issues the default token.
 * @param mcpUrl The default URL.
 * @param options How the lists are asked for.
 * @throws {TypeError} An option is unknown.
 * @throws {Error} A rule matches nothing, a list cannot be read, or the handler has no `operations`.
 */
export async function assertMatch(
  handler: TestedHandler,
  issueToken: () => string,
  mcpUrl: string,
  options: MatchOptions,
): Promise<void> {
  refuseAs("Cannot compare operations", () => {
    requireMembers("options", options, OPTION_NAMES);
    if (options.token !== undefined) requireText("token", options.token, () => "another value");
  });
  const { token = issueToken(), url = mcpUrl } = options;
  const watches = new Set<RuleWatch>();
  const send = async (request: ListRequest): Promise<ListReply> => {
    const headers = { ...request.headers, "Authorization": `Bearer ${token}` };
    const init = { method: "POST", headers, body: request.body };
    const response = await watchTest.run(
      (watch) => void watches.add(watch),
      async () => await handler(new Request(url, init)),
    );
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  const reading = readLists(LISTS, "propelauth-mcp-test");
  let step = reading.next();
  while (!step.done) step = reading.next(await send(step.value));
  const { lists, sessionId } = step.value;
  if (sessionId !== undefined) {
    const headers = { "Authorization": `Bearer ${token}`, "Mcp-Session-Id": sessionId };
    const ended = await handler(new Request(url, { method: "DELETE", headers }));
    await ended.body?.cancel();
  }
  for (const [method, list] of lists) {
    if ("fault" in list) throw new Error(`Cannot compare operations: ${method}: ${list.fault}`);
  }
  if (watches.size === 0) {
    throw new Error(
      "Cannot compare operations: the lists did not pass through a handler with the option " +
        "operations in this process",
    );
  }
  const faults = [...watches].flatMap((watch) => watch.listUnmatched()).map(
    ({ kind, name, nearest }) =>
      `operations.${kind}[${JSON.stringify(name)}] matches nothing that the server lists` +
      (nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`),
  );
  if (faults.length > 0) throw new Error(faults.join("\n"));
}
