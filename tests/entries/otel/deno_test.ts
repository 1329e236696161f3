/** Deno's own exporter, a real collector's double on loopback, and a real server in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { command } from "../../support/guides.ts";
import { startCollector } from "./otlp_collector.ts";
import { assertObserved } from "./assert_observed.ts";

test("otelEvents() is exported by Deno itself, started as docs/observe.md says", async () => {
  const collector = await startCollector();
  const variables = command("observe.md", "export OTEL_DENO=") +
    command("observe.md", "export OTEL_EXPORTER_OTLP_ENDPOINT=").slice("export".length);
  // The guide's port may be taken.
  const here = variables.replace("http://127.0.0.1:4318", collector.endpoint);
  assert(here.includes(collector.endpoint), variables);
  const [, ...args] = command("observe.md", "deno run ").split(" ");
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: fileURLToPath(new URL("./", import.meta.url)),
      env: {
        ...Object.fromEntries(
          [...here.matchAll(/(OTEL_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
        ),
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        NO_COLOR: "1",
        DENO_NO_PROMPT: "1",
      },
    }).output();
    const said = new TextDecoder();
    assert.equal(code, 0, said.decode(stderr));
    assertObserved(collector, JSON.parse(said.decode(stdout)));
  } finally {
    await collector.close();
  }
});
