/**
 * The transport matrix with the option `audit`: each call that reaches an MCP server of either SDK
 * is recorded once.
 *
 * @module
 */
import { serveInProcess, serveOnNodeHttp } from "./networks.ts";
import { testTransports } from "./transport_matrix.ts";

await testTransports("in-process, audited", serveInProcess, { isAudited: true });
await testTransports("node:http, audited", serveOnNodeHttp, { isAudited: true });
