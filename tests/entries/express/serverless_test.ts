/** `requireAuth()` behind adapters that make their own requests, without a socket and raw fields. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import codegenie from "@codegenie/serverless-express";
// @ts-types="@types/express"
import express from "express";
import { inject } from "light-my-request";
import mocks from "node-mocks-http";
import serverlessHttp from "serverless-http";
import vendia from "@vendia/serverless-express";
import { EventEmitter } from "node:events";
import { requireAuth } from "../../../src/entries/express/mod.ts";
import { ACTIVE, createHarness, json } from "../../support/harness.ts";

type Headers = Record<string, string>;
interface Answer {
  readonly status: number;
  readonly challenge: unknown;
  readonly seen: unknown;
}

const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

function createApp(): express.Express {
  const { auth } = createHarness(
    {},
    (token) => json({ ...ACTIVE, sub: token.replace("token", "user") }),
  );
  const app = express();
  app.all("/mcp", requireAuth(auth), express.json(), (request, response) => {
    const { authorization = "no credentials" } = request.headers;
    response.set("Mcp-Session-Id", "session-1");
    response.set("X-Seen", `${auth.getAccessToken()?.subject}, ${authorization}`).end();
  });
  return app;
}

/** The event of an HTTP API of AWS API Gateway, version 2.0. */
const buildEvent = (headers: Headers) => ({
  version: "2.0",
  routeKey: "$default",
  rawPath: "/mcp",
  rawQueryString: "",
  isBase64Encoded: false,
  requestContext: {
    http: { method: "POST", path: "/mcp", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
    stage: "$default",
  },
  headers: { "host": "mcp.example.com", "content-type": "application/json", ...headers },
  body: BODY,
});

interface Result {
  readonly statusCode: number;
  readonly headers?: Record<string, unknown>;
}

const fromResult = ({ statusCode, headers }: Result): Answer => ({
  status: statusCode,
  challenge: headers?.["www-authenticate"],
  seen: headers?.["x-seen"],
});

// Their types describe each event and context of AWS in full.
type Lambda = (event: unknown, context: unknown) => Promise<Result>;

const createLambda = (create: unknown, app: express.Express): Lambda =>
  (create as (options: { app: express.Express }) => Lambda)({ app });

const ADAPTERS: Record<string, (app: express.Express, headers: Headers) => Promise<Answer>> = {
  "serverless-http": async (app, headers) => {
    const lambda: unknown = serverlessHttp(app);
    return fromResult(await (lambda as Lambda)(buildEvent(headers), {}));
  },
  "@vendia/serverless-express": async (app, headers) => {
    return fromResult(await createLambda(vendia, app)(buildEvent(headers), {}));
  },
  "@codegenie/serverless-express": async (app, headers) => {
    return fromResult(await createLambda(codegenie, app)(buildEvent(headers), {}));
  },
  "light-my-request": async (app, headers) => {
    const dispatch = (request: unknown, response: unknown) =>
      app(request as express.Request, response as express.Response);
    const payload = { "content-type": "application/json", ...headers };
    return fromResult(
      await inject(dispatch, { method: "POST", url: "/mcp", headers: payload, payload: BODY }),
    );
  },
  "node-mocks-http": async (app, headers) => {
    const request = mocks.createRequest({
      method: "POST",
      url: "/mcp",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.parse(BODY),
    });
    const response = mocks.createResponse({ eventEmitter: EventEmitter });
    const ended = new Promise((resolve) => response.on("end", resolve));
    app(
      request as IncomingMessage as express.Request,
      response as ServerResponse as express.Response,
    );
    await ended;
    return {
      status: response.statusCode,
      challenge: response.getHeader("www-authenticate"),
      seen: response.getHeader("x-seen"),
    };
  },
};

for (const [name, send] of Object.entries(ADAPTERS)) {
  // On Bun the adapters for AWS Lambda throw without us: they write private fields of Node's response.
  if ("Bun" in globalThis && name.includes("serverless")) continue;

  test(`requireAuth() finds the caller behind ${name}, and hides the credentials`, async () => {
    const { status, seen } = await send(createApp(), { "authorization": "Bearer token-1" });
    assert.deepEqual([status, seen], [200, "user-1, no credentials"]);
  });

  test(`requireAuth() keeps a session to the caller that got it behind ${name}`, async () => {
    const app = createApp();
    const statuses = [];
    for (const token of ["token-1", "token-1", "token-2"]) {
      const headers = { "authorization": `Bearer ${token}`, "mcp-session-id": "session-1" };
      statuses.push((await send(app, headers)).status);
    }
    assert.deepEqual(statuses, [200, 200, 404]);
  });

  test(`requireAuth() sends a request without a token to log in behind ${name}`, async () => {
    const { status, challenge } = await send(createApp(), {});
    assert.equal(status, 401);
    assert.match(String(challenge), /^Bearer resource_metadata="https:/);
  });

  test(`requireAuth() refuses two tokens in one field behind ${name}`, async () => {
    const { status } = await send(createApp(), {
      "authorization": "Bearer token-1, Bearer token-2",
    });
    assert.equal(status, 400);
  });
}
