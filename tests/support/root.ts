/**
 * The project's root folder, for tests that run from source and for the compiled tests that `.ci/pack`
 * puts beside the packed package.
 *
 * @module
 */
const fromSource = /\.ts$/.test(import.meta.url);

/** The folder of `deno.json`, with a slash at the end. */
export const root: URL = new URL(fromSource ? "../../" : "../../../../../../", import.meta.url);
