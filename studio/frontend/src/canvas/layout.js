import dagre from "@dagrejs/dagre";

export const WIDTH = 224;
export const HEIGHT = 62;
export const HEIGHT_WITH_STATE = 90;

/**
 * Where each step's box stands: `{id: {x, y}}`, its top left corner, and the size of it all.
 *
 * @param {{id: string, needs: string[]}[]} steps
 * @param {number} height of a box
 * @param {"LR" | "TB"} direction left to right or top to bottom
 */
export function layout(steps, height, direction) {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: 28, ranksep: direction === "LR" ? 64 : 40 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of steps) graph.setNode(id, { width: WIDTH, height });
  for (const { source, target } of connections(steps)) graph.setEdge(source, target);
  dagre.layout(graph);
  const positions = {};
  for (const { id } of steps) {
    const { x, y } = graph.node(id);
    positions[id] = { x: x - WIDTH / 2, y: y - height / 2 };
  }
  const size = graph.graph();
  return { positions, width: size.width, height: size.height };
}

/** One connection for each need that is a step of the graph. */
export function connections(steps) {
  const known = new Set(steps.map((step) => step.id));
  return steps.flatMap(({ id, needs }) =>
    needs.filter((need) => known.has(need)).map((need) => ({ source: need, target: id })),
  );
}
