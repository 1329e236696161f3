/** The servers of `examples/frameworks/npm`: those that `.ci/run` has the time for. */
import { join } from "node:path";
import {
  BUN,
  type Framework,
  installProject,
  NODE,
  ROOT,
  run,
  testFramework,
  testOutage,
} from "./frameworks.ts";

/** Installs the packages, checks the types of all files against them, and compiles the files. */
async function prepare(): Promise<string> {
  const folder = await installProject("npm");
  await run(folder, [join(ROOT, ".ci/node_modules/.bin/tsc")]);
  return folder;
}

const ON_NODE: readonly (Omit<Framework, "serve"> & { file: string; outage?: number })[] = [
  { name: "FastMCP, the variant for edge runtimes", file: "fastmcp_edge" },
  {
    name: "FastMCP with its hook authenticate",
    file: "fastmcp_hook",
    hook: "finds the login",
    outage: 503,
  },
  { name: "mcp-framework", file: "mcp_framework" },
  {
    name: "mcp-framework with its hook AuthProvider",
    file: "mcp_framework_hook",
    hook: "takes tokens alone",
    outage: 500,
  },
  { name: "tmcp", file: "tmcp" },
  { name: "@hono/mcp", file: "hono_mcp" },
  { name: "h3", file: "h3" },
  { name: "NestJS with @rekog/mcp-nest", file: "nest" },
];

const project = prepare();
for (const { file, outage, ...row } of ON_NODE) {
  const framework: Framework = { ...row, serve: () => [NODE, `dist/${file}.js`] };
  testFramework(project, framework);
  if (outage !== undefined) testOutage(project, framework, outage);
}
testFramework(project, { name: "Elysia on Bun", serve: () => [BUN, "elysia.ts"] });
