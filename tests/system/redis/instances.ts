/**
 * Starts instances of a protected server, each a process of its own.
 *
 * @module
 */

/** The settings of an instance. */
export interface InstanceSettings {
  readonly authUrl: string;
  readonly introspectionClientId: string;
  readonly introspectionClientSecret: string;
  readonly baseUrl: string;
  readonly redisUrl: string;
  /** `redis` or `ioredis`. */
  readonly client: string;
  readonly cacheTtlSeconds: number;
}

/** The counts of an instance. */
export interface InstanceStats {
  /** How often each event happened. */
  readonly events: Readonly<Record<string, number>>;
  /** Bytes of memory in use. */
  readonly memory: number;
}

/** An instance under way. */
export interface Instance {
  readonly url: string;
  /** Calls the MCP endpoint with a token. */
  call(token: string): Promise<Response>;
  /** Has it, and so every instance, forget a token or a subject. */
  forget(what: { token: string } | { subject: string }): Promise<void>;
  stats(): Promise<InstanceStats>;
  stop(): Promise<void>;
}

/**
 * Starts an instance.
 *
 * @param settings What it is told.
 */
export async function startInstance(settings: InstanceSettings): Promise<Instance> {
  const program = new URL("./instance.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      "--unstable-no-legacy-abort",
      program,
      JSON.stringify(settings),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let url = "";
  while (!url.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The instance did not start");
    url += value;
  }
  await reader.cancel();
  url = url.trim();
  return {
    url,
    call: (token) =>
      fetch(`${url}/mcp`, { method: "POST", headers: { "Authorization": `Bearer ${token}` } }),
    async forget(what) {
      const response = await fetch(`${url}/forget?${new URLSearchParams({ ...what })}`);
      await response.body?.cancel();
      if (!response.ok) throw new Error(`The order to forget ended with ${response.status}`);
    },
    async stats() {
      return await (await fetch(`${url}/stats`)).json();
    },
    async stop() {
      await child.stdin.close();
      await child.status;
    },
  };
}
