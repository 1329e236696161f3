/**
 * The scope-challenge fixture of the MCP conformance work: which operation of the fixture server
 * needs which scopes, and the two tokens that have none and all of them.
 *
 * @see {@link https://github.com/modelcontextprotocol/conformance/issues/480 | conformance 480}
 *
 * @module
 */
import type { PropelAuthOptions } from "@x/propelauth-mcp";

/** A valid token without any of the scopes. */
export const LOW_TOKEN = "mcp-conformance-scope-low";
/** A valid token with all of them. */
export const FULL_TOKEN = "mcp-conformance-scope-full";

const scope = (name: string) => `mcp:conformance:${name}`;

/** Two scopes each: one for the method and one for what is named. */
export const REQUIRED = {
  tool: [scope("tools:call"), scope("tools:test_simple_text")],
  resource: [scope("resources:read"), scope("resources:static")],
  template: [scope("resources:read"), scope("resources:template:123")],
  prompt: [scope("prompts:get"), scope("prompts:test_simple_prompt")],
};

/** The scopes of each token. */
export const HELD: Record<string, readonly string[]> = {
  [LOW_TOKEN]: [scope("baseline")],
  [FULL_TOKEN]: [...new Set(Object.values(REQUIRED).flat())],
};

/** The same as a policy. */
export const SCOPE_FIXTURE = {
  tools: { test_simple_text: REQUIRED.tool },
  resources: {
    "test://static-text": REQUIRED.resource,
    "test://template/{id}/data": ({ arguments: { id } }) => [
      scope("resources:read"),
      scope(`resources:template:${id}`),
    ],
  },
  prompts: { test_simple_prompt: REQUIRED.prompt },
} satisfies PropelAuthOptions["operations"];
