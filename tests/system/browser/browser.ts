/** The installed browser that the tests drive. */
import { existsSync } from "node:fs";
import process from "node:process";
import { type Browser, chromium, type Page } from "playwright-core";

/** Finds an installed Chrome or Chromium, or throws with the command that installs one. */
function findBrowser(): string {
  const places = [
    process.env["CHROME_PATH"],
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ];
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found !== undefined) return found;
  throw new Error(
    "There is no Chrome: install it (on Debian: apt-get install chromium), or set CHROME_PATH",
  );
}

/** Starts it, without a window and without calls of its own. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findBrowser(),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Does what a user does whom a client has sent to log in: picks an account on the local PropelAuth's
 * page, and allows what is asked for.
 *
 * @param declined Scopes that the user does not grant.
 */
export async function logIn(
  page: Page,
  email: string,
  declined: readonly string[] = [],
): Promise<void> {
  await page.getByRole("button", { name: email }).click();
  for (const scope of declined) await page.getByRole("checkbox", { name: scope }).uncheck();
  await page.getByRole("button", { name: "Allow" }).click();
}
