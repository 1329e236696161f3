import { hash } from "node:crypto";
import { atMost, cpuTimed, type Figure, pairedRatio } from "../figure.ts";
import { createGate, TOKEN } from "../fixture.ts";

const CALLS = 50_000;
const ROUNDS = 15;

/** Compares a warm verification with one SHA-256 of the token, which every verification needs. */
export async function measureWarmVerification(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const distinct of [1, 10_000]) {
    const { verifier } = createGate("https://mcp.example.com");
    const tokens = Array.from(
      { length: distinct },
      (_, i) => `${TOKEN.slice(0, -6)}${100_000 + i}`,
    );
    for (const token of tokens) await verifier.verifyAccessToken(token);
    const tokenOf = (call: number) => tokens[call % distinct] ?? TOKEN;
    const ratio = await pairedRatio(
      ROUNDS,
      () =>
        cpuTimed(async () => {
          for (let call = 0; call < CALLS; call++) await verifier.verifyAccessToken(tokenOf(call));
        }),
      () =>
        cpuTimed(() => {
          for (let call = 0; call < CALLS; call++) {
            hash("sha256", tokenOf(call), "hex");
          }
        }),
    );
    const what = `warm verification / one SHA-256, ${distinct.toLocaleString("en")} in the cache`;
    figures.push(atMost(what, ratio, 2.5));
  }
  return figures;
}
