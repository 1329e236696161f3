/** The servers of `examples/frameworks/apps`, whose packages take longer to install and to build. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { installProject, NODE, ROOT, run, testFramework, WORKERD } from "./frameworks.ts";

async function prepare(): Promise<string> {
  const folder = await installProject("apps");
  await run(folder, [join(ROOT, ".ci/node_modules/.bin/tsc")]);
  return folder;
}

const BUNDLED = [
  ...["agents_worker.ts", "--bundle", "--format=esm", "--outfile=worker/worker.js"],
  ...["--conditions=workerd,worker,browser", "--external:cloudflare:*", "--external:node:*"],
];
const project = prepare();

for (const [name, file] of [["mcp-use", "mcp_use"], ["VoltAgent", "voltagent"]] as const) {
  testFramework(project, { name, serve: () => [NODE, `dist/${file}.js`] });
}
testFramework(project, {
  name: "Mastra",
  serve: () => [NODE, "dist/mastra.js"],
  clients: "v2",
});

const next = [NODE, "../node_modules/next/dist/bin/next"] as const;
const address = (port: number) => ["--hostname", "127.0.0.1", "--port", String(port)];
testFramework(project, {
  name: "Next.js, next build and next start",
  folder: "next",
  build: [[...next, "build"]],
  serve: (port) => [...next, "start", ...address(port)],
});
testFramework(project, {
  name: "Next.js, next dev",
  folder: "next",
  serve: (port) => [...next, "dev", ...address(port)],
});
testFramework(project, {
  name: "Next.js with a base path",
  folder: "next",
  env: { BASE_PATH: "/app" },
  build: [[...next, "build"]],
  serve: (port) => [...next, "start", ...address(port)],
  path: "/app/mcp",
});

testFramework(project, {
  name: "SvelteKit with adapter-node",
  folder: "sveltekit",
  build: [[NODE, "../node_modules/vite/bin/vite.js", "build"]],
  serve: () => [NODE, "build/index.js"],
});

testFramework(project, {
  name: "Nitro",
  folder: "nitro",
  build: [[NODE, "../node_modules/nitro/dist/cli/index.mjs", "build"]],
  serve: () => [NODE, ".output/server/index.mjs"],
});

testFramework(project, {
  name: "xmcp",
  folder: "xmcp",
  build: [[NODE, "../node_modules/xmcp/dist/cli.js", "build"]],
  serve: () => [NODE, "dist/http.js"],
});

testFramework(
  project.then((folder) => {
    mkdirSync(join(folder, "worker"), { recursive: true });
    const file = "worker/worker.capnp";
    copyFileSync(new URL("worker.capnp", import.meta.url), join(folder, file));
    return folder;
  }),
  {
    name: "Cloudflare's agents on workerd",
    build: [["npx", "esbuild", ...BUNDLED]],
    serve: (
      port,
    ) => [WORKERD, "serve", "worker/worker.capnp", `--socket-addr=http=127.0.0.1:${port}`],
  },
);
