/**
 * One set of rules, and a way to send a body to a server that has them.
 *
 * @module
 */

import type { McpFunction } from "../../../src/http/mcp_server.ts";
import type { PropelAuthOptions } from "../../../src/options/propel_auth_options.ts";
import { ACTIVE, createHarness, json, mcpRequest } from "../../support/harness.ts";

/** Rules of each kind. */
export const POLICY: Partial<PropelAuthOptions> = {
  requiredScopes: ["mcp"],
  scopesSupported: ["mcp", "notes:read", "notes:write", "notes:admin", "search"],
  scopeHierarchy: { "notes:admin": ["notes:write"], "notes:write": ["notes:read"] },
  operations: {
    tools: {
      list_notes: ["notes:read"],
      add_note: ["notes:write"],
      search: { anyOf: ["notes:admin", ["notes:read", "search"]] },
      purge: { scopes: ["notes:admin"], fresh: true, listed: "never" },
      export: ({ arguments: { all } }, { subject }) =>
        all === true && subject !== "user-0" ? ["notes:admin"] : ["notes:read"],
      about: [],
    },
    resources: {
      "notes://{id}": ["notes:read"],
      "notes://secret": ["notes:admin"],
      "https://example.com/{id}": ["notes:read"],
    },
    prompts: { summarize: ["notes:read"] },
    methods: { "tasks/list": ["notes:admin"] },
  },
};

/** An exchange with a server that has {@linkcode POLICY}. */
export interface Tried {
  readonly response: Response;
  /** The body that the MCP server received; `undefined` when it was not called. */
  readonly reached: { text: string; parsedBody: unknown; scopes: string[] } | undefined;
}

/** Sends a body as a caller with the given scopes. */
export async function send(
  body: BodyInit | null,
  scope: string,
  options: Partial<PropelAuthOptions> = POLICY,
  init: RequestInit = {},
): Promise<Tried> {
  const harness = createHarness(options, () => json({ ...ACTIVE, scope }));
  let reached: Tried["reached"];
  const mcp: McpFunction = async (request, { authInfo, parsedBody }) => {
    reached = { text: await request.text(), parsedBody, scopes: authInfo.scopes };
    return json({ jsonrpc: "2.0", id: 1, result: {} });
  };
  const headers = { "Content-Type": "application/json", ...init.headers };
  const response = await harness.auth.handler(mcp)(
    mcpRequest("token-1", { ...init, headers, ...(body !== null && { body }) }),
  );
  return { response, reached };
}

/** Messages of a client. */
export const message = (method: string, params?: unknown) => ({
  jsonrpc: "2.0",
  id: 1,
  method,
  params,
});
export const call = (name: string, args?: unknown) =>
  message("tools/call", { name, arguments: args });
export const read = (uri: string) => message("resources/read", { uri });

export const DENY: Partial<PropelAuthOptions> = { ...POLICY, defaultOperation: "deny" };
