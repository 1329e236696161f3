/**
 * The transport matrix without a network, and over `node:http`.
 *
 * @module
 */
import { serveInProcess, serveOnNodeHttp } from "./networks.ts";
import { testTransports } from "./transport_matrix.ts";

await testTransports("in-process", serveInProcess);
await testTransports("node:http", serveOnNodeHttp);
