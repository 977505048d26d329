import { useRef, type CSSProperties, type PointerEvent } from "react";
import { useReactFlow } from "@xyflow/react";
import { chooseLine, fixed, moveEnd } from "./commands.ts";
import { useStore } from "./context.ts";
import type { Side } from "./store.ts";
import { placeUnder } from "./under.ts";

interface LineEndProps {
  readonly line: string;
  readonly end: Side;
  readonly style: CSSProperties;
}

/** The end of a line: dragged to another box, with a mouse or a finger, it leads there. */
export function LineEnd({ line, end, style }: LineEndProps) {
  const store = useStore();
  const flow = useReactFlow();
  const held = useRef(false);
  const under = (event: PointerEvent<HTMLElement>) => placeUnder(event.currentTarget.getRootNode() as ShadowRoot, event.clientX, event.clientY);
  const begin = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) return;
    chooseLine(store, line);
    const why = fixed(store.view.draft, line);
    if (why) return store.say(why);
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = true;
  };
  const move = (event: PointerEvent<HTMLElement>) => {
    if (!held.current) return;
    const { node } = under(event);
    store.set({ moving: { line, end, ...flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }) }, over: node });
  };
  const drop = (event: PointerEvent<HTMLElement>) => {
    if (!held.current) return;
    held.current = false;
    const { node, port } = under(event);
    const moved = store.view.moving !== null && event.type === "pointerup";
    store.set({ moving: null, over: null });
    if (moved && node && !node.startsWith("note:")) moveEnd(store, line, end, node, end === "source" ? (port ?? undefined) : undefined);
  };
  return (
    <div
      className={`line-end nopan nodrag ${end}`}
      style={style}
      data-line={line}
      title="Drag it to another step"
      aria-hidden="true"
      onPointerDown={begin}
      onPointerMove={move}
      onPointerUp={drop}
      onPointerCancel={drop}
    />
  );
}
