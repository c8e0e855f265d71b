/** The few SVG elements that the plots need, and their colours on light and dark pages. */

/** The picture brings its own background, so that it is readable wherever it is shown. */
const style = `
  .page { fill: #ffffff; stroke: #d8dee4; } .text { fill: #1f2328; } .quiet { fill: #59636e; }
  .grid { stroke: #e4e8ec; } .axis { stroke: #8b949e; }
  .ours { fill: #0a7d8c; } .behind { fill: #c2571a; } .oursLine { stroke: #0a7d8c; } .peerLine { stroke: #c2571a; }
  .oursText { fill: #0a7d8c; } .peerText { fill: #c2571a; } .goal { stroke: #1f2328; }
  text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; } .small { font-size: 11px; }
  .title { font-size: 15px; font-weight: 600; }
  path { fill: none; stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #10151b; stroke: #30363d; } .text { fill: #e6edf3; } .quiet { fill: #9aa4ae; }
    .grid { stroke: #262d35; } .axis { stroke: #6e7681; }
    .ours { fill: #39b5c5; } .behind { fill: #e58a4e; } .oursLine { stroke: #39b5c5; } .peerLine { stroke: #e58a4e; }
    .oursText { fill: #39b5c5; } .peerText { fill: #e58a4e; } .goal { stroke: #e6edf3; }
  }`;

const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (found) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[found]);

function element(name, attributes, content = "") {
  const list = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(rounded(value))}"`);
  return content === "" ? `<${name}${list.join("")}/>` : `<${name}${list.join("")}>${content}</${name}>`;
}

const rounded = (value) => (typeof value === "number" ? Math.round(value * 10) / 10 : value);

/** @param {"start" | "middle" | "end"} [anchor] */
export function text(x, y, content, className = "text", anchor = "start") {
  return element("text", { x, y, class: className, "text-anchor": anchor }, escaped(content));
}

export const line = (x1, y1, x2, y2, className) => element("line", { x1, y1, x2, y2, class: className });

export const rect = (x, y, width, height, className) => element("rect", { x, y, width, height, class: className });

export const dot = (cx, cy, className) => element("circle", { cx, cy, r: 4, class: className });

export function path(points, className) {
  const d = points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${rounded(x)} ${rounded(y)}`).join(" ");
  return element("path", { d, class: className });
}

/** A number for a label: 1,234 or 12.3 or 0.45. */
export function label(number) {
  if (number >= 1000) return Math.round(number).toLocaleString("en-US");
  return String(Number(number.toPrecision(number >= 100 ? 3 : 2)));
}

export function picture(width, height, title, parts) {
  const size = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" };
  const page = element("rect", { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8, class: "page" });
  const content = [element("title", {}, escaped(title)), `<style>${style}\n</style>`, page, ...parts];
  return `${element("svg", size, `\n${content.join("\n")}\n`)}\n`;
}
