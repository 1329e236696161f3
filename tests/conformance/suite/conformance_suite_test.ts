/**
 * The server scenarios of `@modelcontextprotocol/conformance`, without the gate, with it, and with a
 * policy for single operations.
 *
 * The suite cannot send credentials. So a reverse proxy of ours stands before the server: it hands
 * on every request as it came and adds the access token. The unprotected server has the same proxy
 * without the token. The suite runs as a program of its own, on Deno, and reaches loopback only.
 *
 * Every scenario that belongs to a version of the specification is run and passes on all sides.
 * The scenarios of extensions (tasks, skills) belong to none and are left out.
 *
 * @module
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request as sendRequest } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  hostHeaderValidationResponse,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from "@modelcontextprotocol/server";
import { createPropelAuth, type PropelAuthOptions } from "@x/propelauth-mcp";
import { createFixtureServer } from "./fixture_server.ts";
import { FULL_TOKEN, HELD, SCOPE_FIXTURE } from "./scope_fixture.ts";

const SUBJECT = "the-suite";

/** The scenarios and checks of 0.2.0-alpha.12, so that a run that skips most cannot pass. */
const RUNS = [
  { specVersion: "2025-11-25", scenarios: 33, passed: 84 },
  { specVersion: "2026-07-28", scenarios: 40, passed: 152 },
];

/** The record that the suite writes about each check. */
interface Check {
  id: string;
  name: string;
  status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  errorMessage?: string;
}

type Results = Map<string, Check[]>;
type Handler = (request: Request) => Response | Promise<Response>;

for (const { specVersion, scenarios, passed } of RUNS) {
  test(`handler() passes the conformance suite for ${specVersion} as the bare server does`, async () => {
    await using unprotected = createFixtureServer();
    await using bare = await startBehindProxy(() => async (request) =>
      // The SDK's handler checks neither Host nor Origin; the gate does, so here the SDK's guard.
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
        originValidationResponse(request, localhostAllowedOrigins()) ??
        await unprotected.fetch(request)
    );

    await using gated = await startGated({});
    // The same with a policy, whose scopes the token holds: every body is read, every list looked at.
    await using scoped = await startGated({ operations: SCOPE_FIXTURE });

    const [expected, actual, withPolicy] = await Promise.all(
      [bare, gated, scoped].map(({ origin }) => runSuite(origin, specVersion)),
    );
    assert(expected !== undefined && actual !== undefined && withPolicy !== undefined);

    assert.deepEqual(failures(expected), [], "without the gate");
    assert.deepEqual(failures(actual), [], "with the gate");
    assert.deepEqual(failures(withPolicy), [], "with a policy");
    assert.deepEqual(statuses(actual), statuses(expected));
    assert.deepEqual(statuses(withPolicy), statuses(expected));
    assert(actual.size >= scenarios, `${actual.size} scenarios were run`);
    const successes = [...actual.values()].flat().filter(({ status }) => status === "SUCCESS");
    assert(successes.length >= passed, `${successes.length} checks passed`);
    for (const { subjects, introspections } of [gated, scoped]) {
      assert.deepEqual([...subjects], [SUBJECT]);
      assert(introspections() > 0);
    }
  });
}

/** Serves the fixture behind the gate, to clients that all present the token. */
async function startGated(options: Partial<PropelAuthOptions>) {
  const fixture = createFixtureServer();
  const subjects = new Set<string | undefined>();
  let introspections = 0;
  const running = await startBehindProxy((origin) => {
    const auth = createPropelAuth({
      authUrl: "https://auth.example.com",
      introspectionClientId: "id",
      introspectionClientSecret: "secret",
      baseUrl: origin,
      tokenIntrospectionOverrides: {
        fetch(_url, { body }) {
          introspections++;
          return Promise.resolve(Response.json({
            active: new URLSearchParams(String(body)).get("token") === FULL_TOKEN,
            sub: SUBJECT,
            client_id: "a-client",
            scope: HELD[FULL_TOKEN]?.join(" "),
            exp: Date.UTC(9999, 0) / 1000,
            aud: `${origin}/mcp`,
          }));
        },
      },
      ...options,
    });
    return auth.handler((request, options) => {
      subjects.add(options.authInfo.subject);
      return fixture.fetch(request, options);
    });
  }, ["Authorization", `Bearer ${FULL_TOKEN}`]);
  return {
    ...running,
    subjects,
    introspections: () => introspections,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

/** Serves `createHandler(origin)`, where `origin` is that of a proxy that adds header fields. */
async function startBehindProxy(
  createHandler: (origin: string) => Handler,
  addedHeaders: string[] = [],
): Promise<AsyncDisposable & { origin: string }> {
  let target = 0;
  const proxy = createServer((incoming, outgoing) => {
    const { method, url: path, rawHeaders } = incoming;
    const headers = [...rawHeaders, ...addedHeaders];
    const forwarded = sendRequest(
      { hostname: "127.0.0.1", port: target, method, path, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
      },
    );
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  await once(proxy.listen(0, "127.0.0.1"), "listening");
  const address = proxy.address();
  assert(address !== null && typeof address === "object");
  const origin = `http://127.0.0.1:${address.port}`;

  const controller = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: controller.signal,
    onListen: ({ port }) => target = port,
  }, createHandler(origin));

  return {
    origin,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      controller.abort();
      await server.finished;
    },
  };
}

/** Runs every scenario of one version of the specification. */
async function runSuite(origin: string, specVersion: string): Promise<Results> {
  const directory = await Deno.makeTempDir();
  try {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-env", "--allow-read"],
        ...["--allow-net=127.0.0.1", `--allow-write=${directory}`],
        ...["--config", fileURLToPath(new URL("../../../deno.json", import.meta.url))],
        ...["@modelcontextprotocol/conformance", "server", "--url", `${origin}/mcp`],
        ...["--suite", "all", "--spec-version", specVersion],
        ...["--output-dir", directory, "--timeout", "10000"],
      ],
    }).output();
    const results: Results = new Map();
    for await (const { name } of Deno.readDir(directory)) {
      // server-<scenario>-<time>; empty when the scenario could not be run to its end.
      const scenario = name.replace(/^server-/, "").replace(/-\d{4}-\d\d-\d\dT[\dZ-]+$/, "");
      const checks = await Deno.readTextFile(`${directory}/${name}/checks.json`).catch(() => "[]");
      results.set(scenario, JSON.parse(checks));
    }
    const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert(success || failures(results).length > 0, output);
    return results;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The checks that did not pass, with the reason. A warning is a SHOULD that was not kept. */
function failures(results: Results): string[] {
  return [...results].flatMap(([scenario, checks]) =>
    checks
      .filter(({ status }) => status === "FAILURE" || status === "WARNING")
      .map(({ id, name, errorMessage }) => `${scenario} ${id} ${name}: ${errorMessage}`)
  );
}

/** Scenario, check and status alone: messages and details hold ports, times and random names. */
function statuses(results: Results): Record<string, string[]> {
  return Object.fromEntries(
    [...results].map(([scenario, checks]) => [
      scenario,
      checks.map(({ id, name, status }) => `${id} ${name} ${status}`),
    ]),
  );
}
