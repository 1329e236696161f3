// xmcp runs this middleware before each of its routes: only MCP clients get past `requireAuth`.
import { metadataRoutes, requireAuth } from "@x/propelauth-mcp/express";
import { auth } from "./auth";

export default [metadataRoutes(auth), requireAuth(auth)];
