/**
 * The project's own root, as seen from the sources and from the compiled tests that `.ci/pack` lays
 * beside the packed package.
 *
 * @module
 */
const fromSource = /\.ts$/.test(import.meta.url);

/** The folder that `deno.json` stands in, with a slash at its end. */
export const root: URL = new URL(fromSource ? "../../" : "../../../../../../", import.meta.url);
