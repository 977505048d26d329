import { useEffect, useRef, type FormEvent } from "react";
import { nameStep, renameStep } from "../draft/rename.ts";
import { find, titleOf } from "../draft/steps.ts";
import { useStore, useView } from "./context.ts";

/** The name that people read, and the id that expressions use. */
export function RenameDialog({ focusCanvas }: { readonly focusCanvas: () => void }) {
  const store = useStore();
  const id = useView((view) => view.renaming)!;
  const step = useView((view) => find(view.draft, id)?.step);
  const name = useRef<HTMLInputElement>(null);
  const own = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.select(), []);
  if (!step) return null;
  const leave = () => {
    store.set({ renaming: null });
    focusCanvas();
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const edit = renameStep(store.view.draft, id, own.current!.value.trim());
    if ("refused" in edit) return store.say(edit.refused);
    const next = own.current!.value.trim();
    const words = name.current!.value.trim();
    store.edit(words === titleOf(step) ? edit.draft : nameStep(edit.draft, next, words), { renaming: null });
    store.select([next]);
    focusCanvas();
  };
  return (
    <form
      className="panel rename"
      role="dialog"
      aria-label="Name of the step"
      onSubmit={save}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape") leave();
      }}
    >
      <label>
        Name
        <input ref={name} defaultValue={titleOf(step)} maxLength={120} />
      </label>
      <label>
        Id, for expressions
        <input ref={own} defaultValue={step.id} maxLength={64} spellCheck={false} className="code" />
      </label>
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
