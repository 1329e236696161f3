/** `examples/testing/deno_test.ts`, run as a user runs it. `tests/system/packed` runs those for Node and Vitest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("examples/testing/deno_test.ts passes with `deno test`, without a permission", async () => {
  const file = fileURLToPath(new URL("../../examples/testing/deno_test.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-prompt", "--no-check", "--quiet", file],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder();
  assert.equal(code, 0, said.decode(stdout) + said.decode(stderr));
  assert.match(said.decode(stdout), /^ok \| 4 passed \| 0 failed/m);
});
