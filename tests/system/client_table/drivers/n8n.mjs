// The node "MCP Client Tool" of n8n, with the parts of a workflow that it asks for.
import { lookup } from "node:dns";
import { createRequire } from "node:module";
import { serve, token, url } from "./host.mjs";

const require = createRequire(import.meta.url);
const nodes = `${import.meta.dirname}/node_modules/@n8n/n8n-nodes-langchain/dist/nodes`;
const { McpClientTool } = require(`${nodes}/mcp/McpClientTool/McpClientTool.node.js`);

const node = {
  id: "1",
  name: "MCP Client",
  type: "@n8n/n8n-nodes-langchain.mcpClientTool",
  typeVersion: 1.2,
  position: [0, 0],
  parameters: {},
};
const parameters = {
  authentication: "bearerAuth",
  serverTransport: "httpStreamable",
  endpointUrl: url.href,
  include: "all",
};
const log = () => {};
/** Where n8n may connect to. */
const anywhere = {
  validateUrl: () => Promise.resolve({ ok: true }),
  createSecureLookup: () => lookup,
};
const context = {
  getNode: () => node,
  getNodeParameter: (name, _item, usual) => parameters[name] ?? usual,
  getCredentials: () => Promise.resolve({ token, allowedHttpRequestDomains: "all" }),
  getExecutionCancelSignal: () => undefined,
  addInputData: () => ({ index: 0 }),
  addOutputData: log,
  logger: { error: log, warn: log, info: log, debug: log },
  helpers: { getSecureEgressFilter: () => anywhere },
};
let opened;

await serve({
  async connect() {
    opened = await new McpClientTool().supplyData.call(context, 0);
  },
  list: () => Promise.resolve(toolsOf(opened).map(({ name }) => name)),
  async call(name) {
    const tool = toolsOf(opened).find((one) => one.name.endsWith(name));
    const text = await tool.invoke({});
    return typeof text === "string" ? text : JSON.stringify(text);
  },
  close: () => opened.closeFunction?.(),
});

function toolsOf({ response }) {
  return response.tools ?? response.getTools();
}
