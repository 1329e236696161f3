/**
 * A program with a model as a client that scenarios command: the model calls the tool, and the
 * program does everything else.
 *
 * @module
 */
import type { Command, Driver, Reply } from "./driver.ts";
import { HANGS } from "./driver.ts";
import { type InteractiveModel, startInteractiveModel, type Turn } from "./interactive_model.ts";

/** The places that a program needs. */
export interface Surroundings {
  readonly mcpUrl: string;
  /** Its home, empty at first. */
  readonly home: string;
  /** The folder of its package. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How a program is set up and asked. */
export interface Program {
  /** Writes its settings and logs in. Throws with what the program said. */
  logIn(around: Surroundings, modelUrl: string): Promise<void>;
  /** A session that begins with a question. */
  ask(around: Surroundings, modelUrl: string): Command;
  /**
   * A tool of its own without any effect. A program that asks the model before it has the server's
   * tools offers them with a later question: the model calls this one until then.
   */
  readonly idleTool?: string;
  /**
   * A tool of its own without any effect. The model calls it before each tool of the server, and
   * after so many seconds without a call: the program ends a session in which the model repeats a
   * call several times, or gives no answer for minutes.
   */
  readonly pause?: { readonly tool: string; readonly seconds: number };
  /**
   * Whether it offers the tools of an earlier session before it has connected. An earlier session
   * then precedes those that are measured.
   */
  readonly remembersTools?: boolean;
  /** How long the model takes for its first answer: real ones give a program time to connect. */
  readonly thinkingSeconds?: number;
}

const SECONDS = 60;
/** How long the model waits for the server's tools; less than the longest outage. */
const IDLE_SECONDS = 25;

/** Plays a program. */
export function playProgram(program: Program, around: Surroundings): Driver {
  let session: Session | undefined;
  let loggedIn = false;
  let printed = "";
  let paused = Promise.resolve();
  let pausing: ReturnType<typeof setTimeout> | undefined;

  async function connect(): Promise<Reply> {
    try {
      if (!loggedIn) {
        await using model = startInteractiveModel();
        await program.logIn(around, model.url);
        loggedIn = true;
        if (program.remembersTools) {
          session = startSession(program, around);
          await offering(session, "whoami");
          await wait(program.thinkingSeconds ?? 0);
          await close();
        }
      }
      session = startSession(program, around);
      await offering(session, "whoami");
      await wait(program.thinkingSeconds ?? 0);
      return { ok: true, text: "" };
    } catch (error) {
      return { ok: false, text: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Waits for a question that offers a tool; the model calls `idleTool` until then. */
  async function offering(current: Session, tool: string): Promise<[turn: Turn, name: string]> {
    const { idleTool = "" } = program;
    const until = Date.now() + 1000 * IDLE_SECONDS;
    for (;;) {
      const turn = await current.turn();
      const name = turn.offered.find((name) => name.endsWith(tool));
      if (name !== undefined) return [turn, name];
      if (!turn.offered.includes(idleTool) || Date.now() > until) {
        throw new Error("the model is offered no tool of the server");
      }
      await wait(1);
      current.answered();
      turn.call(idleTool);
    }
  }

  async function call(tool: string): Promise<Reply> {
    if (program.pause === undefined) return await callTool(tool);
    clearTimeout(pausing);
    await paused;
    await callTool(program.pause.tool);
    const reply = await callTool(tool);
    pauseLater(program.pause);
    return reply;
  }

  function pauseLater(pause: { readonly tool: string; readonly seconds: number }): void {
    pausing = setTimeout(() => {
      paused = callTool(pause.tool).then(() => pauseLater(pause));
    }, 1000 * pause.seconds);
  }

  async function callTool(tool: string): Promise<Reply> {
    try {
      if (session === undefined) throw new Error("there is no session");
      const [turn, name] = await offering(session, tool);
      session.answered();
      const id = turn.call(name);
      for (;;) {
        const { result, end } = await session.turn();
        if (result?.id === id) return { ok: true, text: result.text };
        // A question of the program's own, such as for a summary.
        session.answered();
        end();
      }
    } catch (error) {
      return { ok: false, text: error instanceof Error ? error.message : String(error) };
    }
  }

  async function close(): Promise<Reply> {
    clearTimeout(pausing);
    await paused;
    clearTimeout(pausing);
    await session?.end();
    printed += session?.printed() ?? "";
    session = undefined;
    return { ok: true, text: "" };
  }

  return {
    connect,
    list: () => Promise.resolve({ ok: true, text: "" }),
    call,
    close,
    get printed() {
      return printed;
    },
    async [Symbol.asyncDispose]() {
      await close();
    },
  };
}

interface Session {
  /** The question that waits for an answer; throws when the program ends, or asks nothing in time. */
  turn(): Promise<Turn>;
  /** Has the next `turn()` wait for the next question. */
  answered(): void;
  end(): Promise<void>;
  printed(): string;
}

function startSession(program: Program, around: Surroundings): Session {
  const model: InteractiveModel = startInteractiveModel();
  const command = program.ask(around, model.url);
  const process = new Deno.Command(command.program, {
    args: [...command.args],
    cwd: command.cwd,
    env: { ...command.env },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const read = [process.stdout, process.stderr].map(async (stream) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) printed += part;
  });
  const ended = process.status.then(async ({ code }) => {
    await Promise.all(read);
    throw new Error(`the program ended with ${code}: ${printed.trim().slice(-300)}`);
  });
  ended.catch(() => {});
  let turn: Promise<Turn> | undefined;
  return {
    async turn() {
      turn ??= model.next();
      return await within(Promise.race([turn, ended]));
    },
    answered() {
      turn = undefined;
    },
    async end() {
      const last = await Promise.race([turn, Promise.resolve(undefined)]);
      last?.end();
      await Promise.race([ended.catch(() => {}), wait(10)]);
      try {
        process.kill("SIGKILL");
      } catch {
        // It has already ended.
      }
      await ended.catch(() => {});
      await model[Symbol.asyncDispose]();
    },
    printed: () => printed,
  };
}

async function within<T>(promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(HANGS)), 1000 * SECONDS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function wait(seconds: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, 1000 * seconds)));
}
