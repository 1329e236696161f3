/** `examples/machines.ts`, and `deno task dev --machines`, with keys and people of a local PropelAuth. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { startLocalPropelAuth } from "@x/propelauth-local";
import { freePort } from "../support/ports.ts";
import { run, start, variablesOf } from "../support/programs.ts";

const EXAMPLE = "examples/machines.ts";
const OWNER = "owner@acme.example";
const MEMBER = "member@acme.example";

async function connect(url: string, credential: string) {
  const client = new Client({ name: "test", version: "1.0.0" });
  const headers = { Authorization: `Bearer ${credential}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  );
  const { tools } = await client.listTools();
  return {
    names: tools.map(({ name }) => name).join(" "),
    call: async (name: string, given: Record<string, unknown> = {}) => {
      const { content } = await client.callTool({ name, arguments: given });
      const [first] = content;
      return first?.type === "text" ? first.text : "";
    },
    close: () => client.close(),
  };
}

test("examples/machines.ts says which variable is missing", async () => {
  const { code, stderr } = await run("serve", [], { example: EXAMPLE });
  assert.equal(code, 1);
  assert.match(stderr, /PROPELAUTH_API_KEY\n/);
  assert.match(stderr, /Without an account: deno task dev --machines\n$/);
});

test("examples/machines.ts admits people and API keys, each to its own operations", async () => {
  await using local = await startLocalPropelAuth({ log: () => {} });
  const [owner] = local.users;
  const orgId = owner?.orgId ?? assert.fail();
  const origin = `http://127.0.0.1:${await freePort()}`;
  const resource = `${origin}/mcp`;
  await using server = start("serve", [], {
    example: EXAMPLE,
    env: { ...variablesOf(local, origin), PROPELAUTH_API_KEY: local.backendApiKey },
  });
  await server.until(/MCP endpoint: .+\n/);
  const add = { title: "Nightly build" };

  const machine = await connect(resource, await local.mintApiKey({ subject: OWNER, orgId }));
  assert.equal(await machine.call("add_report", add), "Added Nightly build");
  assert.deepEqual(JSON.parse(await machine.call("whoami")), {
    user: owner?.id,
    email: OWNER,
    orgId,
    scopes: ["read:reports", "write:reports"],
    key: "organization",
  });

  // A person of the same organization sees the report.
  const resourceScopes = { resource, scopes: ["read:reports"] };
  const person = await connect(
    resource,
    await local.mintToken({ subject: MEMBER, ...resourceScopes }),
  );
  assert.equal(await person.call("list_reports"), "Nightly build");
  assert.equal(JSON.parse(await person.call("whoami")).key, undefined);

  // The role of a key's maker decides, and a personal key has no organization.
  const reader = await connect(resource, await local.mintApiKey({ subject: MEMBER, orgId }));
  assert.equal(await reader.call("list_reports"), "Nightly build");
  await assert.rejects(reader.call("add_report", add), /API key lacks a scope.+write:reports/);
  const personal = await connect(resource, await local.mintApiKey({ subject: OWNER }));
  assert.equal(await personal.call("list_reports"), "none");
  await assert.rejects(personal.call("add_report", add), /API key lacks a scope.+write:reports/);

  for (const credential of [await local.mintApiKey(), "unknown"]) {
    await assert.rejects(connect(resource, credential), /invalid_token/);
  }
  for (const { close } of [machine, person, reader, personal]) await close();
});

test("`deno task dev --machines` takes an API key that a user makes on the page", async () => {
  const cwd = await Deno.makeTempDir();
  try {
    await using dev = start("dev", ["--machines", "--port", "0", "--auth-port", "0"], { cwd });
    const banner = await dev.until(/[^]+doctor --env \S+\n/);
    for (const line of banner.split("\n")) assert(line.length <= 80, line);
    const [, page = ""] = /^ {2}(http\S+\/api_keys)$/m.exec(banner) ?? [];
    const [, url = ""] = /--transport http machine (\S+) \\$/m.exec(banner) ?? [];
    assert.match(
      Deno.readTextFileSync(`${cwd}/.local-propelauth.env`),
      /^PROPELAUTH_API_KEY=\w+$/m,
    );

    const signIn = await (await fetch(page)).text();
    const [, user = ""] = /value="([^"]+)" data-email="owner@acme/.exec(signIn) ?? [];
    const cookie = `local_propelauth_user=${user}`;
    const response = await fetch(page, {
      method: "POST",
      headers: { Cookie: cookie },
      body: new URLSearchParams({ action: "make", kind: "organization" }),
    });
    const [, key = ""] = /<code>([0-9a-f]{64})</.exec(await response.text()) ?? [];
    const client = await connect(url, key);
    assert.equal(client.names, "list_reports add_report whoami");
    assert.equal(await client.call("add_report", { title: "Q4" }), "Added Q4");
    await client.close();
    dev.kill("SIGTERM");
    const { stderr } = await dev.outcome;
    assert(!stderr.includes(key));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

test("`deno task dev` says so when it is given both --scopes and --machines", async () => {
  const { code, stderr } = await run("dev", ["--scopes", "--machines"]);
  assert.deepEqual([code, stderr], [1, "Choose one of --scopes and --machines\n"]);
});
