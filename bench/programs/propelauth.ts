// A PropelAuth that answers that a token is active, whichever it is. It prints its URL, answers each line
// of its standard input with the number of introspections so far, and exits when its standard input ends.
// Arguments: the RESOURCE, as audience, and after how many MILLISECONDS it answers
// deno-lint-ignore-file no-console
import process from "node:process";
import { createInterface } from "node:readline";

const [resource, milliseconds = "25"] = process.argv.slice(2);
const body = JSON.stringify({
  active: true,
  sub: "user-1",
  client_id: "client-1",
  scope: "read:user_data write:note",
  aud: resource,
  exp: 4_102_444_800,
});
let asked = 0;
const { addr } = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  async (request) => {
    asked++;
    await request.text();
    if (milliseconds !== "0") {
      await new Promise((resolve) => setTimeout(resolve, Number(milliseconds)));
    }
    return new Response(body, { headers: { "Content-Type": "application/json" } });
  },
);
console.log(`http://127.0.0.1:${addr.port}`);
for await (const _ of createInterface(process.stdin)) console.log(asked);
process.exit();
