/**
 * What the parts of a diagnosis share.
 *
 * @module
 */

import type { World } from "../../lib/world.ts";
import type { Ask } from "./ask.ts";
import type { Recorder } from "./recorder.ts";
import type { Settings } from "./settings.ts";
import type { Show } from "./show.ts";

/** The settings, the network and the report of one diagnosis. */
export interface Tools {
  readonly settings: Settings;
  readonly ask: Ask;
  readonly show: Show;
  readonly recorder: Recorder;
  readonly world: World;
  readonly timeoutSeconds: number;
}
