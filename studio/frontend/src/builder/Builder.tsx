import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useReactFlow } from "@xyflow/react";
import { Symbol } from "../canvas/Symbol.jsx";
import { everyStep } from "../draft/steps.ts";
import { onCopy } from "./clipboard.ts";
import { copied, paste, removeSelected } from "./commands.ts";
import { useStore, useView } from "./context.ts";
import { FIT, Flow, calm } from "./Flow.tsx";
import { HelpPanel } from "./HelpPanel.tsx";
import { onKey, type Camera } from "./keys.ts";
import { ListView } from "./ListView.tsx";
import { middleOf } from "./navigate.ts";
import { Palette } from "./Palette.tsx";
import { RenameDialog } from "./RenameDialog.tsx";
import { SelectionBar, Toolbar } from "./Toolbar.tsx";

const NARROW = 720;

/** The canvas with all that stands around it. */
export function Builder() {
  const store = useStore();
  const frame = useRef<HTMLDivElement>(null);
  const height = useView((view) => view.data.height);
  const readOnly = useView((view) => view.data.readOnly);
  const panel = useView((view) => view.panel);
  const renaming = useView((view) => view.renaming);
  const message = useView((view) => view.message);
  const connecting = useView((view) => view.connecting !== null);
  const isEmpty = useView((view) => !view.draft.steps?.length);
  const width = useWidth(frame);
  const wide = width >= NARROW;
  const camera = useCamera(frame);
  const reveal = useView((view) => view.reveal);
  useEffect(() => {
    if (reveal) camera.show(reveal.id);
  }, [reveal, camera]);
  const focusCanvas = () => focusCurrent(frame.current!, store.view.current);
  useFocus(frame);
  useClipboard(frame);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const on = event.target as HTMLElement;
    if (event.key !== "Escape" && isTheirs(on, event.key)) return;
    if (!onKey(store, camera, event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onFocus = (event: { target: EventTarget }) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    if (id && id !== store.view.current) store.set({ current: id });
  };
  // React Flow keeps a press on the canvas from moving the focus there.
  const onPointerDown = (event: { target: EventTarget }) => {
    const on = event.target as HTMLElement;
    const stage = on.closest<HTMLElement>(".stage");
    if (!stage || on.closest("button, input, textarea, .panel")) return;
    if (store.view.paletteOpen) store.set({ paletteOpen: false });
    (on.closest<HTMLElement>(".react-flow__node") ?? stage).focus({ preventScroll: true });
  };
  return (
    <div className={`builder ${wide ? "wide" : "narrow"} ${connecting ? "connecting" : ""}`} style={{ height }} ref={frame} onKeyDown={onKeyDown} onFocus={onFocus} onPointerDown={onPointerDown}>
      {!readOnly && <Palette focusCanvas={focusCanvas} />}
      <div className="stage" tabIndex={isEmpty ? 0 : -1} role="group" aria-label="Canvas">
        {width > 0 && <Flow frame={frame} wide={wide} />}
        <Duplicates />
        {isEmpty && <Empty readOnly={readOnly} />}
        <Toolbar frame={frame} />
        <SelectionBar frame={frame} />
        {panel === "list" && <ListView show={(id) => { store.select([id]); camera.show(id); }} />}
        {panel === "help" && <HelpPanel focusCanvas={focusCanvas} />}
        {renaming && <RenameDialog key={renaming} focusCanvas={focusCanvas} />}
        <div className={`message ${message ? "said" : ""}`} role="status">
          {message}
        </div>
      </div>
    </div>
  );
}

/** Whether a key is for what has the focus on the canvas: a button is pressed by these two, and leaves all others. */
const isTheirs = (on: HTMLElement, key: string): boolean =>
  on.closest("input, textarea, .panel button") !== null || (on.closest("button") !== null && (key === "Enter" || key === " "));

function Empty({ readOnly }: { readonly readOnly: boolean }) {
  const store = useStore();
  return (
    <div className="nothing">
      <strong>No steps yet</strong>
      {!readOnly && (
        <button type="button" onClick={() => store.set({ paletteOpen: true })}>
          <Symbol icon=":material/add:" />
          Add the first step
        </button>
      )}
    </div>
  );
}

/** Steps that share an id cannot be told apart: the first is drawn, and this says so. */
function Duplicates() {
  const twice = useView(({ draft }) => {
    const ids = everyStep(draft).map(({ step }) => step.id);
    return ids.find((id, at) => ids.indexOf(id) !== at) ?? "";
  });
  if (!twice) return null;
  return <div className="warning">Two steps have the id “{twice}”, and one of them is not drawn. Give each its own id.</div>;
}

/** Moves the view, for keys and lists. */
function useCamera(frame: React.RefObject<HTMLDivElement | null>): Camera {
  const store = useStore();
  const flow = useReactFlow();
  return useMemo(() => {
    const inside = () => frame.current!.querySelector(".stage")!.getBoundingClientRect();
    return {
      fit: () => void flow.fitView({ ...FIT, duration: calm() }),
      zoom: (by) => void (by > 0 ? flow.zoomIn() : flow.zoomOut()),
      middle: () => {
        const { left, top, width, height } = inside();
        const { x, y } = flow.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 });
        return [x, y];
      },
      show: (id) => {
        const middle = middleOf(store.view, id);
        if (!middle) return;
        const { x, y } = flow.flowToScreenPosition({ x: middle[0], y: middle[1] });
        const { left, right, top, bottom } = inside();
        const seen = x > left + 130 && x < right - 130 && y > top + 80 && y < bottom - 60;
        if (!seen) void flow.setCenter(middle[0], middle[1], { zoom: Math.max(flow.getZoom(), 0.6), duration: calm() });
      },
      duplicate: () => {
        const text = copied(store);
        if (text) paste(store, text);
      },
    };
  }, [flow, frame, store]);
}

/** The keyboard's place follows the current box, as long as it is on the canvas. */
function useFocus(frame: React.RefObject<HTMLDivElement | null>): void {
  const store = useStore();
  const current = useView((view) => view.current);
  const draft = useView((view) => view.draft);
  // A box that had the focus and is gone leaves it to nobody; one that a person left is still there.
  const held = useRef(false);
  useEffect(() => {
    const element = frame.current!;
    const onStage = (target: EventTarget | null) => (target as Element | null)?.closest?.(".stage") != null;
    const take = ({ target }: FocusEvent) => void (held.current = onStage(target));
    const leave = ({ target, relatedTarget }: FocusEvent) => {
      if ((target as Element).isConnected) held.current = onStage(relatedTarget);
    };
    element.addEventListener("focusin", take);
    element.addEventListener("focusout", leave);
    return () => {
      element.removeEventListener("focusin", take);
      element.removeEventListener("focusout", leave);
    };
  }, [frame]);
  useEffect(() => {
    const root = frame.current!.getRootNode() as ShadowRoot;
    const typing = () => root.activeElement?.closest("button, input, textarea, .panel") != null;
    const onStage = root.activeElement ? root.activeElement.closest(".stage") !== null : held.current;
    if (!onStage || typing()) return;
    let left = FRAMES;
    let next = 0;
    const follow = () => {
      if (typing()) return;
      const box = boxOf(frame.current, store.view.current);
      box?.focus({ preventScroll: true });
      // A new box is drawn one frame later, one out of sight when the view has moved there.
      if ((!box || left === FRAMES) && left > 0) next = requestAnimationFrame(follow);
      left -= 1;
    };
    follow();
    return () => cancelAnimationFrame(next);
  }, [current, draft, frame, store]);
}

const FRAMES = 60;

const boxOf = (frame: HTMLElement | null, id: string | null): HTMLElement | null =>
  frame?.querySelector<HTMLElement>(id ? `.react-flow__node[data-id="${CSS.escape(id)}"]` : ".stage") ?? null;

/** Put the keyboard's place back on the canvas, as soon as what was closed is gone. */
function focusCurrent(frame: HTMLElement, id: string | null): void {
  requestAnimationFrame(() => (boxOf(frame, id) ?? boxOf(frame, null))?.focus({ preventScroll: true }));
}

function useClipboard(frame: React.RefObject<HTMLDivElement | null>): void {
  const store = useStore();
  useEffect(() => {
    const element = frame.current!;
    const root = element.getRootNode() as ShadowRoot;
    // Where no text is selected, Safari hands these events to the body: whose they are is said by the focus.
    const isOurs = ({ defaultPrevented }: Event) => {
      const on = root.activeElement;
      return !defaultPrevented && element.contains(on) && !on!.closest("input, textarea");
    };
    const copy = (event: ClipboardEvent) => isOurs(event) && onCopy(store, event);
    const cut = (event: ClipboardEvent) => {
      if (!store.view.data.readOnly && copy(event)) removeSelected(store);
    };
    const insert = (event: ClipboardEvent) => {
      if (!isOurs(event) || store.view.data.readOnly) return;
      paste(store, event.clipboardData?.getData("text/plain") ?? "");
      event.preventDefault();
    };
    const flush = (event: Event) => {
      if (!event.composedPath().includes(element)) store.flush();
    };
    document.addEventListener("copy", copy);
    document.addEventListener("cut", cut);
    document.addEventListener("paste", insert);
    window.addEventListener("pointerdown", flush, { capture: true });
    window.addEventListener("pagehide", store.flush);
    return () => {
      document.removeEventListener("copy", copy);
      document.removeEventListener("cut", cut);
      document.removeEventListener("paste", insert);
      window.removeEventListener("pointerdown", flush, { capture: true });
      window.removeEventListener("pagehide", store.flush);
    };
  }, [frame, store]);
}

/** The width of an element in pixels, 0 before it is known. */
function useWidth(ref: React.RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
