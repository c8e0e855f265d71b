/** What draws frames of one layout in one WebGL context: the program of its format, and a texture for each plane. */
import { StreamError } from "../base/errors.ts";
import type { FrameLayout, FramePlane } from "../base/types.ts";
import { PlaneTexture } from "./plane-texture.ts";
import { fragmentShader, lumaWeights, type Recipe, vertexShader } from "./shaders.ts";

type Gl = WebGL2RenderingContext;

export class PictureProgram {
  readonly #gl: Gl;
  readonly #program: WebGLProgram;
  readonly #textures: readonly PlaneTexture[];
  readonly #layout: FrameLayout;

  /** @throws StreamError ERR_BAD_MATCH: the picture is larger than this machine's textures; ERR_SYSTEM */
  constructor(gl: Gl, recipe: Recipe, layout: FrameLayout) {
    const { width, height } = layout;
    const largest: number = gl.getParameter(gl.MAX_TEXTURE_SIZE);
    if (Math.max(width, height) > largest) {
      const text = `a picture of ${width}x${height} is larger than this machine's textures, at most ${largest}`;
      throw new StreamError("ERR_BAD_MATCH", text);
    }
    this.#gl = gl;
    this.#layout = layout;
    this.#program = link(gl, fragmentShader(recipe));
    this.#textures = recipe.planes.map(
      (kind, index) => new PlaneTexture(gl, kind, layout.planes[index] as FrameLayout["planes"][number]),
    );
    gl.useProgram(this.#program);
    recipe.planes.forEach((_, unit) => {
      gl.uniform1i(this.#uniform(`plane${unit}`), unit);
    });
    gl.uniform1i(this.#uniform("height"), height);
    if (recipe.planes.length > 1) gl.uniform2f(this.#uniform("weights"), ...lumaWeights(height));
  }

  /** Whether it is the one for frames of this layout. Rows may have another distance: each frame's planes say that. */
  fits({ format, width, height }: FrameLayout): boolean {
    return format === this.#layout.format && width === this.#layout.width && height === this.#layout.height;
  }

  draw(planes: readonly FramePlane[]): void {
    const gl = this.#gl;
    gl.useProgram(this.#program);
    for (const [unit, texture] of this.#textures.entries()) texture.upload(unit, planes[unit] as FramePlane);
    gl.viewport(0, 0, this.#layout.width, this.#layout.height);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  delete(): void {
    for (const texture of this.#textures) texture.delete();
    this.#gl.deleteProgram(this.#program);
  }

  #uniform(name: string): WebGLUniformLocation | null {
    return this.#gl.getUniformLocation(this.#program, name);
  }
}

function compile(gl: Gl, type: GLenum, source: string): WebGLShader {
  const shader = gl.createShader(type) as WebGLShader; // null only for a wrong type, or without a context
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  return shader;
}

function link(gl: Gl, fragment: string): WebGLProgram {
  const program = gl.createProgram();
  const shaders = [compile(gl, gl.VERTEX_SHADER, vertexShader), compile(gl, gl.FRAGMENT_SHADER, fragment)];
  for (const shader of shaders) gl.attachShader(program, shader);
  gl.linkProgram(program);
  const failed = !gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost();
  const log = shaders.map((shader) => gl.getShaderInfoLog(shader)).join(" ");
  for (const shader of shaders) gl.deleteShader(shader);
  if (failed) throw new StreamError("ERR_SYSTEM", `linkProgram: ${gl.getProgramInfoLog(program)} ${log}`);
  return program;
}
