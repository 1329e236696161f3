/**
 * A real Prometheus with the configuration of docs/observe.md, except that it scrapes once a second.
 * Needs Debian's `prometheus`.
 *
 * @module
 */
import { block, command } from "../../support/guides.ts";
import { freePorts } from "./real_collector.ts";

/** One series of an answer: its labels and its newest value. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** A running Prometheus. */
export interface Prometheus {
  /** Evaluates an expression of PromQL now; throws with Prometheus's own sentence if it is wrong. */
  query(expression: string): Promise<Series[]>;
  stop(): Promise<void>;
}

/** Starts Prometheus, and resolves once it answers. */
export async function startPrometheus(target: string, folder: string): Promise<Prometheus> {
  const [port = 0] = freePorts(1);
  const guide = block("observe.md", "yaml", "scrape_configs:");
  const config = guide.replace("127.0.0.1:8889", target).replace("5s", "1s");
  await Deno.writeTextFile(`${folder}/prometheus.yml`, config);
  const [program = "", ...args] = command("observe.md", "prometheus ").split(" ");
  const process = new Deno.Command(program, {
    args: [
      ...args,
      "--storage.tsdb.path=metrics",
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  await untilReady(`${url}/-/ready`);
  return {
    async query(expression) {
      const response = await fetch(`${url}/api/v1/query`, {
        method: "POST",
        body: new URLSearchParams({ query: expression }),
      });
      const { status, error, data } = await response.json();
      if (status !== "success") throw new Error(`${expression}: ${error}`);
      return data.result;
    },
    async stop() {
      process.kill("SIGTERM");
      await process.status;
    },
  };
}

/** Asks until it is answered 200, for at most half a minute. */
async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      if (response.ok) return;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("Prometheus did not start");
}
