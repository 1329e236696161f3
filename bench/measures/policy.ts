import { atMost, type Figure, median, timed } from "../figure.ts";
import { CALL, createGate, expectList, LIST, LISTED } from "../fixture.ts";
import { compareServers, inMicroseconds, load } from "./protected_call.ts";

/** Measures what a policy adds to a warm call over HTTP, in addition to the gate. */
export async function measurePolicyCall(): Promise<Figure[]> {
  const { ratio, one, other } = await compareServers(
    ["policy"],
    ["guarded"],
    (url) => load(url),
  );
  return [
    atMost("warm call with a policy / without one, over HTTP", ratio, 1.05),
    inMicroseconds("what the policy adds to such a call", one - other),
  ];
}

/** Measures what a policy adds to a long list from which it removes one tool. */
export async function measurePolicyList(): Promise<Figure[]> {
  const { ratio, one, other } = await compareServers(
    ["policy", "list"],
    ["guarded", "list"],
    (url, isOne) =>
      load(url, LIST, (response) => expectList(response, isOne ? LISTED - 1 : LISTED)),
    10,
  );
  return [
    atMost(`list of ${LISTED} tools with a policy / without one, over HTTP`, ratio, 1.3),
    inMicroseconds("what the policy adds to such a list", one - other),
  ];
}

/** How much longer a read of one resource takes when there are 1,000 templates instead of 10. */
export async function measureTemplates(): Promise<Figure[]> {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "resources/read",
    params: { uri: "area-7://notes/1" },
  });
  const [few, many] = [10, 1_000].map((count) => {
    const gate = createGate("https://mcp.example.com", {}, () => {}, {
      resources: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`area-${i}://notes/{id}`, ["write:note"]]),
      ),
    });
    const handler = gate.handler(() => new Response("read"));
    const times: number[] = [];
    return {
      times,
      async run(): Promise<void> {
        times.push(
          await timed(async () => {
            for (let i = 0; i < 1_000; i++) {
              const request = new Request("https://mcp.example.com/mcp", { ...CALL, body });
              if ((await handler(request)).status !== 200) throw new Error("It was refused");
            }
          }),
        );
      },
    };
  });
  for (let round = 0; round < 30; round++) {
    await few?.run();
    await many?.run();
  }
  const added = median(many?.times ?? []) - median(few?.times ?? []);
  // Of a thousand calls, in milliseconds: microseconds for one.
  return [atMost("what 1,000 templates add to a read, against 10", added, 5, " \u00b5s", 1)];
}
