/**
 * A real OpenTelemetry Collector: built from its own Go modules, started on loopback. It forwards what
 * it receives to `startCollector()`, which keeps it, and offers the metrics to Prometheus.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { block, command } from "../../support/guides.ts";
import { type Collector, startCollector } from "../../entries/otel/otlp_collector.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** A running collector. */
export interface RealCollector {
  /** The value for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** Host and port of the metrics in Prometheus's format, at `/metrics`. */
  readonly prometheus: string;
  /** The output of the collector. */
  readonly received: Collector;
  /** Stops it, when it has sent all that it holds; gives its log, spans included. */
  stop(): Promise<string>;
}

/** Builds the collector into a folder; gives the path of the program. */
export async function buildCollector(folder: string): Promise<string> {
  const program = `${folder}/collector`;
  const { success, stderr } = await new Deno.Command("go", {
    args: ["build", "-o", program, "."],
    cwd: here,
    env: { GOFLAGS: "-mod=readonly" },
    stdout: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return program;
}

/**
 * Starts the collector with the configuration of docs/observe.md, on other ports; resolves once it
 * listens. A second configuration adds the exporter that forwards.
 */
export async function startRealCollector(program: string, folder: string): Promise<RealCollector> {
  const received = await startCollector();
  const [receiver, prometheus] = freePorts(2).map((port) => `127.0.0.1:${port}`);
  const guide = block("observe.md", "yaml", "receivers:");
  const config = guide.replace("127.0.0.1:4318", receiver ?? "")
    .replace("127.0.0.1:8889", prometheus ?? "");
  await Deno.writeTextFile(`${folder}/collector.yaml`, config);
  await Deno.writeTextFile(
    `${folder}/forward.yaml`,
    `exporters:
  otlp_http: { endpoint: "${received.endpoint}", encoding: json, compression: none }
service:
  telemetry: { metrics: { level: none } }
  pipelines:
    traces: { exporters: [debug, otlp_http] }
    metrics: { exporters: [prometheus, otlp_http] }
    logs: { exporters: [debug, otlp_http] }
`,
  );
  const [, ...args] = command("observe.md", "otelcol ").split(" ");
  const process = new Deno.Command(program, {
    args: [...args, "--config=forward.yaml"],
    cwd: folder,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const log = process.stderr.pipeThrough(new TextDecoderStream());
  let said = "";
  const reading = log.values({ preventCancel: true });
  while (!said.includes("Everything is ready")) {
    const { done, value } = await reading.next();
    if (done) throw new Error(`The collector did not start:\n${said}`);
    said += value;
  }
  const drained = drain(reading);
  return {
    endpoint: `http://${receiver}`,
    prometheus: prometheus ?? "",
    received,
    async stop() {
      process.kill("SIGTERM");
      await process.status;
      await received.close();
      return await drained;
    },
  };
}

/** Reads the rest of the program's log. */
async function drain(reading: AsyncIterator<string>): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await reading.next();
    if (done) return text;
    text += value;
  }
}

/** Finds ports that nobody listens on. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}
