/**
 * Carries out what a Dockerfile says, in a folder and without an engine: what it copies is copied,
 * what it runs is run. Knows the few instructions that the guide uses, and refuses all others.
 *
 * @module
 */
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

/** The image that a Dockerfile makes. */
export interface Image {
  /** Where the image's program is started. */
  readonly workingDirectory: string;
  /** The arguments of `deno`, which is the base image's entry point. */
  readonly command: readonly string[];
  readonly port: number;
}

/**
 * Builds an image.
 *
 * @param dockerfile The text.
 * @param context The folder that is copied from.
 * @param folder An empty folder that stands for the image's root.
 * @param run Runs a line of shell in a folder, and fails when the line does.
 */
export async function buildImage(
  dockerfile: string,
  context: string,
  folder: string,
  run: (line: string, cwd: string) => Promise<unknown>,
): Promise<Image> {
  let workingDirectory = folder;
  let command: string[] = [];
  let port = 0;
  const [from = "", ...lines] = dockerfile.trim().split("\n");
  assert.match(from, /^FROM denoland\/deno:\d+\.\d+\.\d+$/);
  for (const line of lines) {
    const [, instruction = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    switch (instruction) {
      case "WORKDIR":
        workingDirectory = join(folder, rest);
        await mkdir(workingDirectory, { recursive: true });
        break;
      case "COPY": {
        const files = rest.split(" ");
        assert.equal(files.pop(), "./", line);
        for (const file of files) await copyFile(join(context, file), join(workingDirectory, file));
        break;
      }
      case "RUN":
        await run(rest, workingDirectory);
        break;
      case "USER":
        // The base image has this one beside root.
        assert.equal(rest, "deno");
        break;
      case "EXPOSE":
        port = Number(rest);
        break;
      case "CMD":
        command = JSON.parse(rest);
        break;
      default:
        assert.fail(`unknown: ${line}`);
    }
  }
  assert(command.length > 0 && port > 0);
  return { workingDirectory, command, port };
}
