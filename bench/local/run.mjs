/** `edgestream bench local`, from the options to the text of its result. */
import { runBench } from "../harness/run.mjs";
import { localSuite } from "./suite.mjs";

/** See runBench(). */
export const run = (flags, say) => runBench(localSuite, flags, say);
