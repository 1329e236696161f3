// @ts-types="@types/express"
import express5 from "express";
// @ts-types="@types/express"
import express4 from "express4";
import { metadataRoutes, requireAuth } from "../../src/entries/express/mod.ts";
import { testConformance } from "./rows.ts";
import { sendTo } from "../support/node_server.ts";

for (
  const [way, express] of [[", in Express 5", express5], [", in Express 4", express4]] as const
) {
  testConformance(way, (auth, mcp) => {
    const app = express();
    app.use(metadataRoutes(auth));
    app.all("/mcp", requireAuth(auth), (_request, response) => {
      response.send(mcp(auth.getAccessToken()?.subject));
    });
    return (request) => sendTo(app, request);
  });
}
