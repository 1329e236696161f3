/** The doctor as Node's users start it, from a file of two lines. */
import process from "node:process";
import { runDoctor } from "@x/propelauth-mcp/doctor";

process.exitCode = await runDoctor(process.argv.slice(2));
