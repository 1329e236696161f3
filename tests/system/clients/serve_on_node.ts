/**
 * Serves an example on Node, as a Node project would: the example's own function behind `node:http`.
 *
 * Usage, beside the compiled examples: node serve_on_node.js EXAMPLE, with the four variables set.
 *
 * @module
 */
import { createServer } from "node:http";
import process from "node:process";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createPropelAuth, type PropelAuth, type RequestHandler } from "@x/propelauth-mcp";

interface Example {
  createServer(auth: PropelAuth): RequestHandler;
}

const auth = createPropelAuth.fromEnv();
const [example = ""] = process.argv.slice(2);
const module: Example = await import(new URL(`../../../examples/${example}`, import.meta.url).href);
const listener = toNodeHandler({ fetch: module.createServer(auth) });
const { hostname, port } = new URL(auth.resourceMetadata.resource);
createServer((incoming, outgoing) => {
  // The adapter's type knows no `undefined`, which a server's request never has.
  void listener(incoming as Parameters<typeof listener>[0], outgoing);
}).listen(Number(port), hostname, () => {
  process.stdout.write(`MCP endpoint: ${auth.resourceMetadata.resource}\n`);
});
