/** `edgestream bench remote`, from the options to the text of its result. */
import { runBench } from "../harness/run.mjs";
import { remoteSuite } from "./suite.mjs";

/** See runBench(). */
export const run = (flags, say) => runBench(remoteSuite, flags, say);
