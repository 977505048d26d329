import dagre from "@dagrejs/dagre";
import { GAP_ALONG, GAP_BESIDE, type Size } from "./sizes.ts";
import type { Point } from "./types.ts";

/** Places boxes from left to right along their lines, in layers (Sugiyama, Tagawa and Toda, 1981); the first at 0, 0.
 * `above` are pairs of boxes of which the first stands above the other, where both are in one layer; `gap` is between
 * layers, in pixels. */
export function layered(
  sizes: ReadonlyMap<string, Size>,
  lines: Iterable<{ readonly source: string; readonly target: string }>,
  above: Iterable<readonly [string, string]> = [],
  gap: number = GAP_ALONG,
): Map<string, Point> {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: GAP_BESIDE, ranksep: gap });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, { width, height }] of sizes) graph.setNode(id, { width, height });
  for (const { source, target } of lines) if (source !== target) graph.setEdge(source, target);
  const constraints = Array.from(above, ([left, right]) => ({ left, right }));
  dagre.layout(graph, { constraints });
  const corners = [...sizes].map(([id, { width, height }]) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return [id, x - width / 2, y - height / 2] as const;
  });
  const left = Math.min(...corners.map(([, x]) => x));
  const top = Math.min(...corners.map(([, , y]) => y));
  return new Map(corners.map(([id, x, y]) => [id, [Math.round(x - left), Math.round(y - top)]]));
}
