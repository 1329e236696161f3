/** The program as Node's users start it, from a file of two lines. */
import process from "node:process";
import { runLocalPropelAuth } from "@x/propelauth-local";

process.exitCode = await runLocalPropelAuth(process.argv.slice(2));
