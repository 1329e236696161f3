/**
 * The check that fails because a request got no reply. Pure: no clock, no network.
 *
 * @module
 */

import type { Fault } from "../ask.ts";
import { failed, type Outcome } from "../report.ts";
import { foreign, say } from "../show.ts";

/**
 * Judges a request that got no reply.
 *
 * @param fault The fault.
 * @param advice What to look at when the address itself is wrong.
 * @returns A failed check.
 */
export function judgeFault(fault: Fault, advice: string): Outcome {
  const { url, timeoutSeconds, reason, detail } = fault;
  const { host, hostname } = new URL(url);
  switch (reason) {
    case "timeout":
      return failed(
        `no answer from ${host} within ${timeoutSeconds} s`,
        "Look at the network: a firewall, a proxy, or a server that hangs.",
      );
    case "name":
      return failed(`the name ${hostname} is not known`, `${advice} Or look at DNS.`);
    case "refused":
      return failed(`no program listens at ${host}`, advice);
    case "tls":
      return failed(
        say`no TLS with ${host}: ${foreign(detail)}`,
        `Its certificate has to be valid for ${hostname} and from an authority that clients ` +
          "know; clients refuse any other.",
      );
    case "permission":
      return failed(
        `this program may not connect to ${host}`,
        "Start it with --allow-net (Deno's permission).",
      );
    case "network":
      return failed(say`no answer from ${host}: ${foreign(detail)}`, advice);
  }
}
