// VoltAgent's MCP client, which has no OAuth.
import { MCPConfiguration } from "@voltagent/core";
import { serve, token, url } from "./host.mjs";

let configuration, tools;

await serve({
  async connect() {
    const requestInit = { headers: { Authorization: `Bearer ${token}` } };
    const servers = { reports: { type: "streamable-http", url: url.href, requestInit } };
    configuration = new MCPConfiguration({ servers });
    tools = await configuration.getTools();
    // It reports no error: without a tool nothing can be called.
    if (tools.length === 0) throw new Error("getTools() resolves to []");
  },
  list: () => Promise.resolve(tools.map(({ name }) => name)),
  async call(wanted, input) {
    const tool = tools.find(({ name }) => name === `reports_${wanted}`);
    return JSON.stringify(await tool.execute(input));
  },
  close: () => configuration.disconnect(),
});
