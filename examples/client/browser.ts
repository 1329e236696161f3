// Opens the login page in the user's browser.

const COMMANDS: Partial<Record<typeof Deno.build.os, [string, ...string[]]>> = {
  darwin: ["open"],
  // Not `cmd /c start`, which would read the & of a URL as the end of a command.
  windows: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Tries to open a web address. Without a browser it does nothing. */
export function openBrowser(url: URL): void {
  if (!/^https?:$/.test(url.protocol)) return;
  const [command, ...args] = COMMANDS[Deno.build.os] ?? ["xdg-open"];
  try {
    new Deno.Command(command, {
      args: [...args, url.href],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().unref();
  } catch {
    // No browser, or no permission to start it: the user has the URL.
  }
}
