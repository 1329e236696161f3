/** The servers of `examples/frameworks/`, started as a user starts them, on Deno and on Node. */
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { environment, exercise, exerciseProgram, openLocal } from "./frameworks.ts";

await openLocal();

const onDeno = /\.ts$/.test(import.meta.url);
const runtime = onDeno ? ["run", "--quiet", "--allow-all"] : [];

const PROGRAMS: [name: string, root: number][] = [
  ["node_http", 404],
  ["express", 200],
  ["fastify", 200],
  ["hono", 200],
];

for (const [name, root] of PROGRAMS) {
  test(`examples/frameworks/${name}.ts serves callers alone`, async () => {
    const file = `../../examples/frameworks/${name}${onDeno ? ".ts" : ".js"}`;
    const path = fileURLToPath(new URL(file, import.meta.url));
    await exerciseProgram(process.execPath, () => [...runtime, path], root);
  });
}

const ORIGIN = "http://127.0.0.1:8000";

// In a process of its own, since it reads the environment when it is loaded.
test("examples/frameworks/next_route.ts serves callers alone", async () => {
  const file = `next_route_server${onDeno ? ".ts" : ".js"}`;
  const path = fileURLToPath(new URL(file, import.meta.url));
  await exerciseProgram(process.execPath, () => [...runtime, path], 404);
});

test("examples/frameworks/worker.ts serves callers alone", async () => {
  const { default: worker } = await import("../../examples/frameworks/worker.ts");
  const env = environment(ORIGIN);
  const { PROPELAUTH_AUTH_URL = "", SERVER_URL = "" } = env;
  const { PROPELAUTH_INTROSPECTION_CLIENT_ID = "", PROPELAUTH_INTROSPECTION_CLIENT_SECRET = "" } =
    env;
  await exercise(ORIGIN, (input, init) =>
    worker.fetch(new Request(input, init), {
      PROPELAUTH_AUTH_URL,
      PROPELAUTH_INTROSPECTION_CLIENT_ID,
      PROPELAUTH_INTROSPECTION_CLIENT_SECRET,
      SERVER_URL,
    }));
});
