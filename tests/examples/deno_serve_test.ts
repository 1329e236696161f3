import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { exerciseProgram, openLocal } from "./frameworks.ts";

await openLocal();

// Only Deno has `deno serve`; examples/server.ts shows `Deno.serve` and has tests elsewhere.
test("`deno serve` serves callers, and nobody else", async () => {
  const example = new URL("../../examples/frameworks/deno_serve.ts", import.meta.url);
  const permissions = ["--allow-net=127.0.0.1", "--allow-env"];
  await exerciseProgram(Deno.execPath(), (port) => {
    const address = ["--host", "127.0.0.1", "--port", String(port)];
    return ["serve", ...address, ...permissions, fileURLToPath(example)];
  }, 404);
});
