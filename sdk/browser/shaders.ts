/** The programs that turn planes into colours: one for each format that a view shows. */
import type { FormatName } from "../base/types.ts";

/** How the samples of a plane lie in a texture. */
export type PlaneKind = "one byte" | "two bytes" | "three bytes" | "four bytes";

export interface Recipe {
  readonly planes: readonly PlaneKind[];
  /** GLSL: an expression of type vec3, the colour of pixel `at`. */
  readonly colour: string;
}

export const recipes: Partial<Record<FormatName, Recipe>> = {
  NV12: {
    planes: ["one byte", "two bytes"],
    colour: "fromYuv(texelFetch(plane0, at, 0).r, texture(plane1, chromaOf(at)).rg)",
  },
  I420: {
    planes: ["one byte", "one byte", "one byte"],
    colour:
      "fromYuv(texelFetch(plane0, at, 0).r, vec2(texture(plane1, chromaOf(at)).r, texture(plane2, chromaOf(at)).r))",
  },
  RGBA: { planes: ["four bytes"], colour: "texelFetch(plane0, at, 0).rgb" },
  BGRA: { planes: ["four bytes"], colour: "texelFetch(plane0, at, 0).bgr" },
  RGB: { planes: ["three bytes"], colour: "texelFetch(plane0, at, 0).rgb" },
  BGR: { planes: ["three bytes"], colour: "texelFetch(plane0, at, 0).bgr" },
  GRAY8: { planes: ["one byte"], colour: "texelFetch(plane0, at, 0).rrr" },
};

/** One triangle that covers the picture. */
export const vertexShader = `#version 300 es
void main() {
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

/**
 * Luma 16 to 235 and chroma 16 to 240 of 255 (limited range). `weights` are those of red and blue in luma. A chroma
 * sample lies on the left one of its two columns and between its two rows, as H.264 and H.265 have it.
 */
const yuv = `
uniform vec2 weights;
vec2 chromaOf(ivec2 at) {
  return vec2(float(at.x) / 2.0 + 0.5, (float(at.y) + 0.5) / 2.0) / vec2(textureSize(plane1, 0));
}
vec3 fromYuv(float luma, vec2 chroma) {
  float y = (luma * 255.0 - 16.0) / 219.0;
  vec2 c = (chroma * 255.0 - 128.0) / 224.0;
  float red = y + 2.0 * (1.0 - weights.x) * c.y;
  float blue = y + 2.0 * (1.0 - weights.y) * c.x;
  float green = (y - weights.x * red - weights.y * blue) / (1.0 - weights.x - weights.y);
  return vec3(red, green, blue);
}`;

export function fragmentShader({ planes, colour }: Recipe): string {
  const samplers = planes.map((_, index) => `uniform sampler2D plane${index};`).join("\n");
  return `#version 300 es
precision highp float;
${samplers}
uniform int height;
out vec4 pixel;
${planes.length > 1 ? yuv : ""}
void main() {
  ivec2 at = ivec2(int(gl_FragCoord.x), height - 1 - int(gl_FragCoord.y));
  pixel = vec4(${colour}, 1.0);
}`;
}

/** Weights of red and blue. Frames do not say; pictures as high as HD have those of HD, as players assume too. */
export function lumaWeights(height: number): readonly [number, number] {
  const bt709 = [0.2126, 0.0722] as const;
  const bt601 = [0.299, 0.114] as const;
  return height >= 720 ? bt709 : bt601;
}
