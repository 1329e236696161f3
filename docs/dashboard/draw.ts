/**
 * Draws `docs/dashboard.png` from metrics that a real server exports over OTLP while it is called:
 * `deno task docs:dashboard`. Needs an installed Chromium.
 *
 * @module
 */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { buildDashboard } from "./page.ts";
import type { Sample } from "./samples.ts";

const INTERVAL_MS = 500;

/** Starts a server that takes OTLP exports and collects their metrics. */
async function collect(): Promise<{ endpoint: string; samples: Sample[]; close(): void }> {
  const samples: Sample[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    const { resourceMetrics = [] } = JSON.parse(text);
    for (const { scopeMetrics } of resourceMetrics) {
      for (const { scope, metrics } of scopeMetrics) {
        if (scope.name === "@x/propelauth-mcp") samples.push({ at: Date.now(), metrics });
      }
    }
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { endpoint: `http://127.0.0.1:${port}`, samples, close: () => server.close() };
}

const collector = await collect();
const { success } = await new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "-q",
    "-A",
    "--unstable-no-legacy-abort",
    fileURLToPath(new URL("traffic.ts", import.meta.url)),
  ],
  env: {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_METRIC_EXPORT_INTERVAL: String(INTERVAL_MS),
    OTEL_SERVICE_NAME: "notes-mcp",
  },
}).spawn().status;
collector.close();
if (!success) throw new Error("traffic.ts failed");

const browser = await chromium.launch({
  executablePath: Deno.args[0] ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await browser.newPage({ viewport: { width: 1120, height: 670 } });
await page.setContent(buildDashboard(collector.samples));
const path = fileURLToPath(new URL("../dashboard.png", import.meta.url));
await page.screenshot({ path, fullPage: true });
await browser.close();
