import { useRef, useState, type PointerEvent as ReactPointerEvent } from "react";
import { useReactFlow } from "@xyflow/react";
import { STEP_HEIGHT, STEP_WIDTH } from "../draft/sizes.ts";
import { dropNew } from "./commands.ts";
import { useStore } from "./context.ts";
import type { CatalogAction, CatalogGroup } from "./data.ts";
import { placeUnder } from "./under.ts";

const FAR = 6;
const FAR_BY_FINGER = 12;

export interface Carry {
  readonly action: CatalogAction;
  readonly group: CatalogGroup;
  readonly x: number;
  readonly y: number;
}

/** Carrying an action from the palette to the canvas, with a mouse or a finger. */
export function useCarry() {
  const store = useStore();
  const flow = useReactFlow();
  const [carried, setCarried] = useState<Carry | null>(null);
  const dragged = useRef(false);

  const begin = (event: ReactPointerEvent<HTMLElement>, action: CatalogAction, group: CatalogGroup) => {
    dragged.current = false;
    if (event.button !== 0 || store.view.data.readOnly) return;
    // A finger that goes up or down scrolls the list: the browser then cancels the pointer. Sideways it takes a step.
    const far = event.pointerType === "touch" ? FAR_BY_FINGER : FAR;
    const [startX, startY] = [event.clientX, event.clientY];
    const root = event.currentTarget.getRootNode() as ShadowRoot;
    const move = ({ clientX, clientY }: PointerEvent) => {
      if (!dragged.current && Math.hypot(clientX - startX, clientY - startY) < far) return;
      dragged.current = true;
      setCarried({ action, group, x: clientX, y: clientY });
      const { line, box, inside } = placeUnder(root, clientX, clientY);
      const over = inside ? (line ?? (box || null)) : null;
      if (over !== store.view.over) store.set({ over });
    };
    const end = ({ clientX, clientY, type }: PointerEvent) => {
      for (const name of ["pointermove", "pointerup", "pointercancel"] as const) {
        window.removeEventListener(name, name === "pointermove" ? move : end);
      }
      setCarried(null);
      store.set({ over: null });
      const { line, box, inside } = placeUnder(root, clientX, clientY);
      if (!dragged.current || !inside || type === "pointercancel") return;
      const { x, y } = flow.screenToFlowPosition({ x: clientX, y: clientY });
      dropNew(store, action, line, box, [Math.round(x - STEP_WIDTH / 2), Math.round(y - STEP_HEIGHT / 2)]);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  };
  return { carried, begin, wasDragged: () => dragged.current };
}
