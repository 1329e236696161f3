// A PropelAuth that answers after 25 ms that a token is active, whichever it is. It prints its URL, and
// exits when its standard input ends. Argument: the RESOURCE, as audience
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
