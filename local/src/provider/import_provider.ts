/**
 * Brings oidc-provider in when it is needed: forty packages, which `mod.ts` alone does not load.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- its one line is printed with it, and muted in it
import type { ProviderModule } from "./provider_types.ts";

let imported: Promise<ProviderModule> | undefined;

/**
 * Imports oidc-provider, once, and leaves out its one line about runtimes that it is not tested on.
 *
 * @returns The module.
 */
export function importProvider(): Promise<ProviderModule> {
  return imported ??= importMuted();
}

async function importMuted(): Promise<ProviderModule> {
  const { warn } = console;
  console.warn = (...parts: unknown[]): void => {
    if (!parts.some((part) => /unsupported runtime/i.test(String(part)))) warn(...parts);
  };
  try {
    const { default: Provider, errors, interactionPolicy } = await import("oidc-provider");
    return { Provider, errors, interactionPolicy } as unknown as ProviderModule;
  } finally {
    console.warn = warn;
  }
}
