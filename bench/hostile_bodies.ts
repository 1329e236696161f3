/** A body of 4 MiB is what the gate reads at most. */
const MAX_BYTES = 4 * 1024 * 1024 - 1024;
/** Combining marks of falling classes: normalization has to sort them. */
const MARKS = "\u0315\u0300\u0316\u0327\u0334";

const bytesOf = (value: string) => new TextEncoder().encode(value);
const call = (method: string, params: unknown) => ({ jsonrpc: "2.0", id: 1, method, params });
const listen = (resourceSubscriptions: string[]) =>
  call("subscriptions/listen", { notifications: { resourceSubscriptions } });

/** As many parts as a body holds, each after its number, joined as a list or an object. */
function fill(open: string, part: (index: number) => string, close: string): string {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < MAX_BYTES; index++) {
    const next = part(index);
    length += bytesOf(next).length + 1;
    if (length < MAX_BYTES) parts.push(next);
  }
  return open + parts.join(",") + close;
}

const marked = (length: number, index: number) =>
  ("a" + MARKS.repeat(length)).slice(0, length) + index;
const uri = (text: string, index: number) => text.slice(0, 4080) + index;

/** Bodies that are written to take long, whether they are let through or refused. */
export function createHostileBodies(): [what: string, body: Uint8Array<ArrayBuffer>][] {
  const encoded = `n://h/${"%2561/".repeat(800)}`;
  const bodies: Record<string, string> = {
    "members of many marks": fill("{", (i) => `"${marked(505, i)}":1`, "}"),
    "members that expand": fill("{", (i) => `"${"\ufdfa".repeat(500)}${i}":1`, "}"),
    "short members": fill("{", (i) => `"\u0344${i.toString(36)}":1`, "}"),
    "short members of ASCII": fill("{", (i) => `"a${i.toString(36)}":1`, "}"),
    "parameters of ASCII": fill(
      '{"method":"tools/call","params":{"name":"tool_number_1",',
      (i) => `"a${i.toString(36)}":1`,
      "}}",
    ),
    "arguments of ASCII": fill(
      '{"method":"tools/call","params":{"name":"tool_number_1","arguments":{',
      (i) => `"a${i.toString(36)}":1`,
      "}}}",
    ),
    "responses in a batch": fill("[", () => `{"${marked(20, 0)}":1}`, "]"),
    "empty messages": fill("[", () => "{}", "]"),
    "members up to the bound": JSON.stringify([
      Object.fromEntries(Array.from({ length: 9_990 }, (_, i) => [`m${i}`, 1])),
      call("ping", {}),
    ]),
    "one long text": JSON.stringify(call("ping", { text: "x".repeat(MAX_BYTES) })),
    "one long text behind brackets": JSON.stringify(
      call("ping", { lists: Array(600).fill([]), text: "x".repeat(MAX_BYTES - 4_000) }),
    ),
    "a text of escapes": JSON.stringify(call("ping", { text: "\\".repeat(MAX_BYTES / 2) })),
    "many lists": fill('{"method":"ping","params":{"lists":[', () => "[]", "]}}"),
    "URIs, encoded": JSON.stringify(listen(Array.from({ length: 999 }, (_, i) => uri(encoded, i)))),
    "URIs in a batch": JSON.stringify(
      Array.from({ length: 500 }, (_, i) => call("resources/read", { uri: uri(encoded, i) })),
    ),
    "empty URIs": fill(
      '{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[',
      () => '""',
      "]}}}",
    ),
    "tools of many marks": JSON.stringify(
      Array.from({ length: 500 }, (_, i) => call("tools/call", { name: marked(508, i) })),
    ),
  };
  // These keep to the bounds, so that all of their work is done.
  const texts: Record<string, string> = {
    encoded,
    slashes: `n://h/${"/".repeat(4_080)}`,
    "of dots": `https://h/${"a/../".repeat(900)}`,
    "of letters": `n://h/${"\u00e9".repeat(4_080)}`,
    "of a host": `https://${"\u00e9".repeat(4_080)}`,
    "with a malformed escape": `n://h/%${"a//%c3%a9".repeat(450)}`,
    "with a query": `n://h/${"a/".repeat(2_030)}?${"%61".repeat(10)}`,
  };
  for (const [name, text] of Object.entries(texts)) {
    bodies[`URIs up to the bound, ${name}`] = JSON.stringify(
      listen(Array.from({ length: 8 }, (_, i) => uri(text, i))),
    );
  }
  bodies["URIs up to the bound, short"] = JSON.stringify(
    listen(Array.from({ length: 990 }, (_, i) => `n://h/${i}?%61/b/c/d`)),
  );
  bodies["tools up to the bound"] = JSON.stringify(
    Array.from({ length: 990 }, (_, i) => call("tools/call", { name: marked(22, i) })),
  );
  return Object.entries(bodies).map(([what, body]) => [what, bytesOf(body)]);
}
