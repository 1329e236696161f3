import { compareServers, ratioOf, type Taken } from "../compare.ts";
import { type Figure, plain } from "../figure.ts";
import { DENO, pathOf } from "../project.ts";
import { type Program, startCommand } from "../start_program.ts";

/**
 * Compares calls over HTTP, recorded by `./otel`, with the same calls unrecorded: without an SDK, and
 * with Deno's own exporter, which traces the HTTP requests of both.
 */
export async function measureOtel(): Promise<Figure[]> {
  // Takes what is exported, and keeps nothing.
  const stop = new AbortController();
  const collector = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} },
    () => new Response(),
  );
  const exporting = [
    "OTEL_DENO=true",
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${collector.addr.port}`,
  ];
  try {
    return [
      plain("calls recorded / not, without an SDK", await compare([])),
      plain("calls recorded / not, with Deno's exporter", await compare(exporting)),
    ];
  } finally {
    stop.abort();
    await collector.finished;
  }
}

async function compare(variables: readonly string[]) {
  const [traced, guarded]: Taken[] = await compareServers([
    () => start("traced", variables),
    () => start("guarded", variables),
  ]);
  return ratioOf(traced, guarded);
}

function start(gate: string, variables: readonly string[]): Promise<Program> {
  const server = [...DENO.command, pathOf("programs/server.ts"), "deno", "v2", gate];
  return startCommand(["env", ...variables, ...server]);
}
