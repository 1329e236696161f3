import { atMost, type Figure } from "../figure.ts";
import { expectList, LIST, LISTED } from "../fixture.ts";
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
