/**
 * The transport matrix over `Deno.serve`.
 *
 * @module
 */
import { testTransports } from "./transport_matrix.ts";

await testTransports("Deno.serve", (create) => {
  // Aborting ends open event streams too; a graceful shutdown would wait for them.
  const stop = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen() {} },
    (request) => handler(request),
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  const handler = create(origin);
  return Promise.resolve({
    url: `${origin}/mcp`,
    fetch,
    async close() {
      stop.abort();
      await server.finished;
    },
  });
});
