// A PropelAuth that calls every token active after 25 ms: prints its URL, and ends when its standard
// input does. Usage: RESOURCE
// deno-lint-ignore-file no-console
const body = JSON.stringify({
  active: true,
  sub: "user-1",
  client_id: "client-1",
  aud: Deno.args[0],
});
const { addr } = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  async (request) => {
    await request.text();
    await new Promise((resolve) => setTimeout(resolve, 25));
    return new Response(body, { headers: { "Content-Type": "application/json" } });
  },
);
console.log(`http://127.0.0.1:${addr.port}`);
await Deno.stdin.readable.pipeTo(new WritableStream());
Deno.exit();
