/** Deno's own exporter, a real collector's double on loopback, and a real server in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startCollector } from "./otlp_collector.ts";
import { assertObserved } from "./otel/assert_observed.ts";

test("otelEvents() is exported by Deno itself when OTEL_DENO is true", async () => {
  const collector = await startCollector();
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "--no-prompt",
        "--allow-net=127.0.0.1",
        fileURLToPath(new URL("otel/server.ts", import.meta.url)),
      ],
      env: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_SERVICE_NAME: "observed",
        NO_COLOR: "1",
      },
    }).output();
    const said = new TextDecoder();
    assert.equal(code, 0, said.decode(stderr));
    assertObserved(collector, JSON.parse(said.decode(stdout)));
  } finally {
    await collector.close();
  }
});
