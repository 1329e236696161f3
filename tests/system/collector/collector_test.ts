/**
 * `otelEvents()` before a real OpenTelemetry Collector and a real Prometheus: what Deno's exporter and
 * the Node SDK send arrives whole. Needs go, npm, Node and prometheus.
 *
 * @module
 */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as sdk from "@modelcontextprotocol/client";
import { createTestPropelAuth } from "@x/propelauth-mcp/testing";
import { mcp } from "../../../examples/audit/mcp_server.ts";
import { createOtelLog } from "../../../examples/audit/otel_logs.ts";
import { block, command, GUIDES } from "../../support/guides.ts";
import { root } from "../../support/root.ts";
import { assertObserved } from "../../entries/otel/assert_observed.ts";
import { buildCollector, startRealCollector } from "./real_collector.ts";
import { startPrometheus } from "./prometheus.ts";

const ROOT = fileURLToPath(root);
const folder = await Deno.makeTempDir();
after(() => Deno.remove(folder, { recursive: true }));

/** Runs a program; fails with all that it wrote. */
async function run(program: string, args: string[], options: Deno.CommandOptions = {}) {
  const { code, signal, stdout, stderr } = await new Deno.Command(program, { args, ...options })
    .output();
  const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(code === 0 || signal === "SIGTERM", `${program} ${args.join(" ")}\n${out}\n${err}`);
  return out;
}

const program = await buildCollector(folder);

test("a collector receives what Deno's own exporter sends", async () => {
  const collector = await startRealCollector(program, folder);
  const statuses = await run(Deno.execPath(), ["run", "-q", "-A", "tests/entries/otel/server.ts"], {
    cwd: ROOT,
    env: {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "my-mcp-server",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    },
  });
  const log = await collector.stop();
  assertObserved(collector.received, JSON.parse(statuses));
  assert.match(log, /Name +: tools\/call search_notes/);
});

test("a collector receives what the Node SDK sends", async () => {
  const tarball = `${folder}/package.tgz`;
  const pack = ["pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", tarball];
  await run(Deno.execPath(), pack, { cwd: ROOT });
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
  const install = command("observe.md", "npm install ");
  await run("sh", ["-c", `${install} ${tarball} --no-audit --no-fund --loglevel error`], {
    cwd: folder,
  });
  await copyFile(`${ROOT}/tests/system/packed/observed_server.mjs`, `${folder}/server.js`);
  const telemetry = block("observe.md", "js ignore", "telemetry.mjs");
  await Deno.writeTextFile(`${folder}/telemetry.mjs`, telemetry);
  const collector = await startRealCollector(program, folder);
  const statuses = await run("node", ["--import", "./telemetry.mjs", "server.js"], {
    cwd: folder,
    env: {
      OTEL_SERVICE_NAME: "my-mcp-server",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    },
  });
  await collector.stop();
  assertObserved(collector.received, JSON.parse(statuses));
});

test("a collector receives what examples/audit/otel_logs.ts sends", async () => {
  const collector = await startRealCollector(program, folder);
  Deno.env.set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint);
  const audit = createOtelLog();
  Deno.env.delete("OTEL_EXPORTER_OTLP_ENDPOINT");
  const propelAuth = createTestPropelAuth({ audit });
  const handler = propelAuth.createPropelAuth().handler(mcp);
  const client = await propelAuth.connect(handler, { sdk, token: propelAuth.token() });
  await client.callTool({ name: "read_report", arguments: { id: "r1" } });
  await client.close();
  const { written, waiting } = await audit.close();
  const log = await collector.stop();
  assert.equal(waiting, 0);
  assert.equal(log.match(/EventName: mcp\.call/g)?.length, written);
  assert.match(log, /tools\/call read_report: ok/);
  const forwarded = collector.received.raw.join("").match(/"eventName":"mcp\.call"/g);
  assert.equal(forwarded?.length, written);
});

test("Prometheus draws each panel of docs/dashboard/grafana.json and each line of the guide", async () => {
  const collector = await startRealCollector(program, folder);
  const prometheus = await startPrometheus(collector.prometheus, folder);
  try {
    const traffic = ["--unstable-no-legacy-abort", "docs/dashboard/traffic.ts"];
    await run(Deno.execPath(), ["run", "-q", "-A", ...traffic], {
      cwd: ROOT,
      env: {
        OTEL_DENO: "true",
        OTEL_SERVICE_NAME: "notes-mcp",
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_METRIC_EXPORT_INTERVAL: "500",
      },
    });
    const text = await Deno.readTextFile(`${ROOT}/docs/dashboard/grafana.json`);
    const panels: { targets: { expr: string }[] }[] = JSON.parse(text).panels;
    const drawn = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const lines = block("observe.md", "promql").trim().split("\n");
    assert.equal(lines.length, 5);
    // Grafana puts in how often it draws.
    for (
      const line of [...drawn.map((expr) => expr.replaceAll("$__rate_interval", "1m")), ...lines]
    ) {
      const series = await prometheus.query(line);
      assert(series.length > 0, line);
      assert(series.every(({ value: [, value] }) => Number.isFinite(Number(value))), line);
    }
    const [slowest] = await prometheus.query(lines.find((line) => line.startsWith("topk")) ?? "");
    assert.equal(slowest?.metric["gen_ai_tool_name"], "export_notes");
  } finally {
    await prometheus.stop();
    await collector.stop();
  }
});

test("docs/observe.md starts Grafana's image at the ports to which servers send and browsers go", () => {
  const ports = [...command("observe.md", "docker run ").matchAll(/ -p (\d+):\1\b/g)];
  const exported = command("observe.md", "export OTEL_EXPORTER_OTLP_ENDPOINT=");
  const guide = GUIDES.get("observe.md") ?? "";
  const [, endpoint] = /:(\d+)$/.exec(exported) ?? [];
  const [, page] = /open http:\/\/127\.0\.0\.1:(\d+)/.exec(guide) ?? [];
  assert.deepEqual(ports.map(([, port]) => port), [page, endpoint]);
  const [, interval] = command("observe.md", "export OTEL_METRIC_EXPORT_INTERVAL=").split("=");
  assert.equal(interval, "10000", "the guide says every ten seconds");
});
