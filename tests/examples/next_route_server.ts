/** Serves the route handlers of Next.js from a process of their own, as Next.js does. */
import { createServer } from "node:http";
import process from "node:process";
import { getRequestListener } from "@hono/node-server";
import * as route from "../../examples/frameworks/next_route.ts";

const methods: Record<string, (request: Request) => Promise<Response>> = { ...route };

// Next.js itself answers the methods that a route does not export.
const none = () => Promise.resolve(new Response(null, { status: 405 }));

createServer(getRequestListener((request) => (methods[request.method] ?? none)(request)))
  .listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("Listening on loopback"));
