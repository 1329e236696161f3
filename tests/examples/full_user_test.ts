/** `examples/full_user.ts`, with PropelAuth's real SDK and a loopback double of its backend. */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  API_KEY,
  type BackendDouble,
  createPublicKey,
  startBackendDouble,
} from "./backend_double.ts";
import { listUserIds, mintToken, openLocal, startProgram } from "./frameworks.ts";

const own = /\.ts$/.test(import.meta.url) ? ".ts" : ".js";
const path = (file: string) => fileURLToPath(new URL(file + own, import.meta.url));
const preload = path("redirect_backend");
const args = own === ".ts"
  ? ["run", "--quiet", "--allow-all", "--preload", preload, path("../../examples/full_user")]
  : ["--import", preload, path("../../examples/full_user")];

await openLocal();
const [ANN = "", STRANGER = ""] = listUserIds();

/** Starts the example beside a backend, for the length of a function. */
async function withExample(
  env: Record<string, string>,
  run: (ask: (subject?: string) => Promise<string>, backend: BackendDouble) => Promise<void>,
): Promise<string> {
  const backend = await startBackendDouble(ANN);
  const program = await startProgram(process.execPath, () => args, {
    BACKEND_URL: backend.url,
    ...env,
  }).catch(async (error) => {
    await backend.close();
    throw error;
  });
  try {
    const url = `${program.origin}/mcp`;
    await run(async (subject = ANN) => {
      const headers = { Authorization: `Bearer ${await mintToken(url, subject)}` };
      const client = new Client({ name: "test", version: "1.0.0" });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
      );
      const { content, isError } = await client.callTool({ name: "profile" });
      await client.close();
      const [first] = content;
      assert(first?.type === "text");
      return isError ? `error: ${first.text}` : first.text;
    }, backend);
  } finally {
    await program.end();
    await backend.close();
  }
  return program.printed();
}

test("examples/full_user.ts tells who calls, with organizations and roles as they are now", async () => {
  await withExample({ PROPELAUTH_API_KEY: API_KEY }, async (ask, backend) => {
    assert.deepEqual(JSON.parse(await ask()), {
      email: "ann@acme.example",
      firstName: "Ann",
      organizations: [{ name: "Acme", role: "Owner", mayInvite: true }],
    });
    assert.deepEqual(backend.asked, [
      "/api/v1/token_verification_metadata for 127.0.0.1",
      `/api/backend/v1/user/${ANN}?include_orgs=true for 127.0.0.1`,
    ]);
    const answers: [BackendDouble["answer"], said: RegExp][] = [
      [{ email: "ann@new.example" }, /^\{.*ann@new.example/],
      [{ enabled: false }, /^error: .*may not act any more$/],
      [{ locked: true }, /^error: .*may not act any more$/],
      [404, /^error: .*may not act any more$/],
      [429, /^error: PropelAuth is asked too often; try again later$/],
      [500, /^error: PropelAuth cannot tell who this is now; try again later$/],
      [401, /^error: PropelAuth refuses the API key of this server; its operator has to act$/],
    ];
    for (const [answer, said] of answers) {
      backend.answer = answer;
      assert.match(await ask(), said);
    }
    backend.answer = {};
    assert.match(await ask(STRANGER), /^error: .*may not act any more$/);
    await backend.close();
    assert.match(await ask(), /^error: PropelAuth cannot tell who this is now/);
  });
});

test("examples/full_user.ts says to client and operator that the API key is bad, never which", async () => {
  const wrong = { PROPELAUTH_API_KEY: "a-wrong-key", PROPELAUTH_VERIFIER_KEY: createPublicKey() };
  const printed = await withExample(wrong, async (ask, { asked }) => {
    const said = await ask();
    assert.match(
      said,
      /^error: PropelAuth refuses the API key of this server; its operator has to/,
    );
    assert.equal(asked.length, 1);
  });
  assert.match(printed, /PropelAuth refuses PROPELAUTH_API_KEY: is it of the environment of/);
  assert.doesNotMatch(printed, /a-wrong-key/);
});

test("examples/full_user.ts ends with a word when the API key is bad and no public key given", async () => {
  const backend = await startBackendDouble(ANN);
  const env = { BACKEND_URL: backend.url, PROPELAUTH_API_KEY: "a-wrong-key" };
  // Before it listens or after, as it happens.
  const said = await startProgram(process.execPath, () => args, env).then(
    ({ ended, printed }) => ended.then(printed),
    (error) => error.message,
  );
  assert.match(said, /Your API key is incorrect/);
  await backend.close();
});

test("examples/full_user.ts says that the API key is missing, and where to find it", async () => {
  await assert.rejects(
    withExample({ PROPELAUTH_API_KEY: "" }, async () => {}),
    /PROPELAUTH_API_KEY is missing \(PropelAuth dashboard > Backend Integration\)/,
  );
});
