import type { RequestListener } from "node:http";
import process from "node:process";
import { toNodeHandler } from "@modelcontextprotocol/node";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/auth/middleware/bearerAuth"
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
// @ts-types="npm:@modelcontextprotocol/sdk@1.32.2/server/streamableHttp"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { requireAuth } from "@x/propelauth-mcp/express";
// @ts-types="@types/express"
import express, { type RequestHandler } from "express";
import { createGate, createMcpServer } from "../fixture.ts";
import { createCachingVerifier } from "./peers.mjs";
import { createV1Server } from "./sdk_v1.ts";

/** Creates an app of Express 5, as the guides have it. */
export function createApp(origin: string, kind: string, gate: string): RequestListener {
  process.env["NODE_ENV"] = "production";
  const app = express();
  const guards: RequestHandler[] = [];
  if (gate === "guarded") guards.push(requireAuth(createGate(origin)));
  if (gate === "sdk") guards.push(requireBearerAuth({ verifier: createCachingVerifier(origin) }));
  app.all("/mcp", ...guards, express.json(), kind === "v1" ? serveV1 : createV2());
  return app;
}

const serveV1: RequestHandler = async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => transport.close());
  await createV1Server().connect(transport as Parameters<typeof connect>[0]);
  await transport.handleRequest(request, response, request.body);
};

const { connect } = createV1Server();

function createV2(): RequestHandler {
  const serve = toNodeHandler(createMcpServer());
  return (request, response) => serve(request, response, request.body);
}
