/** Frames on a canvas, by WebGL: their planes are textures, and the colours are computed where they are shown. */
import { StreamError } from "../base/errors.ts";
import type { FormatName, FrameLayout, FramePlane } from "../base/types.ts";
import { PictureProgram } from "./picture-program.ts";
import { type Recipe, recipes } from "./shaders.ts";

/** What a view needs of a frame. */
export interface ViewableFrame {
  readonly layout: FrameLayout;
  readonly planes: readonly FramePlane[];
  readonly released: boolean;
}

type Canvas = HTMLCanvasElement | OffscreenCanvas;

/** Formats that a view shows. */
export const viewableFormats = Object.keys(recipes) as readonly FormatName[];

/** One texel of the canvas is one pixel of the frame, opaque; style sheets may show it in any size. */
const contextOptions: WebGLContextAttributes = { alpha: false, antialias: false, depth: false, stencil: false };

/**
 * Made by `createFrameView`. The canvas gets the size of the frames, also when that changes. YUV is taken as limited
 * range, BT.709 from 720 rows up and BT.601 below: frames do not say which, and that is what cameras and decoders
 * give. RGB and GRAY8 are shown as they are; alpha is not looked at.
 */
export class FrameView {
  readonly canvas: Canvas;
  readonly #gl: WebGL2RenderingContext;
  #program: PictureProgram | undefined;

  /** @internal */
  constructor(canvas: Canvas) {
    const gl = canvas.getContext("webgl2", contextOptions) as WebGL2RenderingContext | null;
    if (gl === null) {
      const hint = "the browser has no WebGL 2, or the canvas has another context already";
      throw new StreamError("ERR_SYSTEM", `getContext("webgl2") gave nothing: ${hint}`);
    }
    this.canvas = canvas;
    this.#gl = gl;
    canvas.addEventListener("webglcontextlost", this.#onLost);
  }

  /** The browser took the context away: nothing is drawn until it gives it back, then everything again. */
  get lost(): boolean {
    return this.#gl.isContextLost();
  }

  /**
   * Shows a frame, which may be released afterwards.
   * @returns false: the context is lost, and nothing was drawn
   * @throws StreamError ERR_BAD_MATCH: a format that is not shown, or a picture too large for this machine;
   *   ERR_BAD_STATE: the frame was released; ERR_BAD_PARAMETER: it is shorter than its layout
   */
  draw(frame: ViewableFrame): boolean {
    if (frame.released) throw new StreamError("ERR_BAD_STATE", "draw: the frame's lease has ended; draw it before");
    const { layout } = frame;
    const recipe = recipeFor(layout.format);
    if (frame.planes.length < recipe.planes.length) {
      throw new StreamError("ERR_BAD_PARAMETER", `draw: ${layout.format} has ${recipe.planes.length} planes`);
    }
    if (this.lost) return false;
    if (this.#program?.fits(layout) !== true) this.#prepare(recipe, layout);
    this.#program?.draw(frame.planes);
    return !this.lost;
  }

  /** Lets go of what it holds on the graphics card. The canvas keeps its context: another view may be made for it. */
  close(): void {
    this.canvas.removeEventListener("webglcontextlost", this.#onLost);
    this.#program?.delete();
    this.#program = undefined;
  }

  #prepare(recipe: Recipe, layout: FrameLayout): void {
    this.#program?.delete();
    this.#program = undefined;
    this.#program = new PictureProgram(this.#gl, recipe, layout);
    this.canvas.width = layout.width;
    this.canvas.height = layout.height;
  }

  /** Without this a browser does not give the context back. What was made in it is gone. */
  readonly #onLost = (event: Event): void => {
    event.preventDefault();
    this.#program = undefined;
  };
}

function recipeFor(format: FormatName): Recipe {
  const recipe = recipes[format];
  if (recipe !== undefined) return recipe;
  const shown = viewableFormats.join(", ");
  throw new StreamError("ERR_BAD_MATCH", `draw: a view shows ${shown}, not ${format}; option "formats" asks for these`);
}

/**
 * Shows frames on a canvas that has no context yet, or one of WebGL 2.
 * @throws StreamError ERR_SYSTEM: there is no WebGL 2
 */
export function createFrameView(canvas: Canvas): FrameView {
  return new FrameView(canvas);
}
