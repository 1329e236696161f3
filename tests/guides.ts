/**
 * What the README and the guides print: their blocks and their commands, so that tests run what is
 * printed and not what resembles it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const root = new URL(/\.ts$/.test(import.meta.url) ? "../" : "../../../../../", import.meta.url);

/** The text of each guide by its name, such as `setup.md`, and that of `README.md`. */
export const GUIDES: ReadonlyMap<string, string> = new Map(
  [
    ["README.md", new URL("README.md", root)] as const,
    ...readdirSync(new URL("docs/", root))
      .filter((name) => name.endsWith(".md") && name !== "README.md")
      .map((name) => [name, new URL(`docs/${name}`, root)] as const),
  ].map(([name, url]) => [name, readFileSync(url, "utf8")]),
);

/** A fenced block. */
export interface Block {
  readonly guide: string;
  /** What stands behind the fence, such as `ts` or `ts ignore`. */
  readonly language: string;
  readonly text: string;
}

/** All fenced blocks, in the order in which they stand. */
export const BLOCKS: readonly Block[] = [...GUIDES].flatMap(([guide, text]) =>
  [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    guide,
    language,
    text,
  }))
);

/** The one block of a guide in a language that has a text in it. */
export function block(guide: string, language: string, including = ""): string {
  const found = BLOCKS.filter((block) =>
    block.guide === guide && block.language === language && block.text.includes(including)
  );
  assert.equal(found.length, 1, `${guide} has not one block of ${language} with ${including}`);
  return found[0]?.text ?? "";
}

/** The lines of a guide that a shell is given, without what is said about them. */
export function commands(guide: string): string[] {
  return BLOCKS.filter((block) => block.guide === guide && block.language === "sh")
    .flatMap(({ text }) => text.split("\n"))
    .map((line) => line.replace(/(?:^| +)#.*$/, ""))
    .filter((line) => line !== "");
}

/** The one command of a guide that begins with a text. */
export function command(guide: string, start: string): string {
  const found = commands(guide).filter((line) => line.startsWith(start));
  assert.equal(found.length, 1, `${guide} has not one command ${start}`);
  return found[0] ?? "";
}
