import { useEffect, useRef, type ReactNode } from "react";
import { useStore } from "./context.ts";

interface DialogProps {
  readonly label: string;
  /** Keeps what was typed; whether it could be. */
  readonly save: (typed: (name: string) => string) => boolean;
  readonly focusCanvas: () => void;
  readonly children: ReactNode;
}

/** A small form over the canvas. Its first field has the focus; Escape leaves it. */
export function Dialog({ label, save, focusCanvas, children }: DialogProps) {
  const store = useStore();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current!.querySelector("input")!.select(), []);
  const leave = () => {
    store.set({ renaming: null });
    focusCanvas();
  };
  return (
    <form
      ref={form}
      className="panel rename"
      role="dialog"
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        const typed = new FormData(form.current!);
        if (save((name) => String(typed.get(name) ?? "").trim())) leave();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") leave();
      }}
    >
      {children}
      <div className="row">
        <button type="submit" className="primary">
          Save
        </button>
        <button type="button" onClick={leave}>
          Cancel
        </button>
      </div>
    </form>
  );
}
