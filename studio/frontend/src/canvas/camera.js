import { useEffect, useRef } from "react";
import { useReactFlow } from "@xyflow/react";
import { WIDTH } from "./layout.js";

const LEGIBLE = 0.6;
const MARGIN = 24;
const ROOM_FOR_PANEL = 56;
const ROOM_FOR_TEXT = 112;

/** How high a canvas has to be to show a graph in full size, in pixels. `writes`: with room for a model's text. */
export function fullHeight(graph, writes) {
  return graph.height + ROOM_FOR_PANEL + (writes ? ROOM_FOR_TEXT : MARGIN);
}

// Where along one axis something begins: in the middle of the room, or, where it is too large, so that its part at
// `focus` is in the middle and nothing is left empty at either end.
function place(start, room, size, focus) {
  if (size <= room) return start + (room - size) / 2;
  return Math.min(start, Math.max(start + room - size, start + room / 2 - focus));
}

/**
 * Shows the whole graph where that is legible, else its first step, and then keeps the step that runs in sight until
 * a person moves the view.
 *
 * @returns whether all of it fits, and what to call when a person moved the view
 */
export function useCamera({ graph, firstId, boxHeight, width, height, writes, runningId }) {
  const flow = useReactFlow();
  const moved = useRef(false);
  const room = {
    left: MARGIN,
    right: width - MARGIN,
    top: ROOM_FOR_PANEL,
    bottom: height - (writes ? ROOM_FOR_TEXT : MARGIN),
  };
  const wide = room.right - room.left;
  const high = room.bottom - room.top;
  const zoom = Math.min(1, wide / graph.width, high / graph.height);
  const fits = zoom >= LEGIBLE;

  useEffect(() => {
    moved.current = false;
  }, [graph]);

  useEffect(() => {
    if (!width || !firstId || moved.current) return;
    const used = Math.max(zoom, LEGIBLE);
    const { x, y } = graph.positions[firstId];
    flow.setViewport({
      x: place(room.left, wide, graph.width * used, (x + WIDTH / 2) * used),
      y: place(room.top, high, graph.height * used, (y + boxHeight / 2) * used),
      zoom: used,
    });
  }, [flow, graph, firstId, boxHeight, width, zoom, wide, high, room.left, room.top]);

  useEffect(() => {
    const box = graph.positions[runningId];
    if (!box || fits || moved.current) return;
    const view = flow.getViewport();
    const shift = (start, end, least, most) => (start < least ? least - start : Math.min(0, most - end));
    const left = box.x * view.zoom + view.x;
    const top = box.y * view.zoom + view.y;
    const dx = shift(left, left + WIDTH * view.zoom, room.left, room.right);
    const dy = shift(top, top + boxHeight * view.zoom, room.top, room.bottom);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (dx || dy) flow.setViewport({ ...view, x: view.x + dx, y: view.y + dy }, { duration: calm ? 0 : 400 });
  }, [flow, graph, boxHeight, runningId, fits, room.left, room.right, room.top, room.bottom]);

  const onMoved = () => {
    moved.current = true;
  };
  return { fits, onMoved };
}
