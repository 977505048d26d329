import { useEffect, useId, useMemo, useRef, useState, type CSSProperties, type KeyboardEvent } from "react";
import { Symbol } from "../canvas/Symbol.jsx";
import { find, titleOf } from "../draft/steps.ts";
import { add, targetOf } from "./commands.ts";
import { hueOf, useStore, useView } from "./context.ts";
import type { CatalogAction, CatalogGroup } from "./data.ts";
import type { View } from "./store.ts";
import { useCarry, type Carry } from "./useCarry.ts";

/** All actions, by connector. One is dragged onto the canvas, or chosen by Enter or a click. */
export function Palette({ focusCanvas }: { readonly focusCanvas: () => void }) {
  const store = useStore();
  const open = useView((view) => view.paletteOpen);
  const catalog = useView((view) => view.data.catalog);
  const [wanted, setWanted] = useState("");
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const prefix = useId();
  const carry = useCarry();
  const groups = useMemo(() => matching(catalog, wanted), [catalog, wanted]);
  const actions = groups.flatMap((group) => group.actions);
  const chosen = actions[Math.min(at, actions.length - 1)];

  useEffect(() => {
    // A phone's keyboard is not to cover what one came to tap.
    if (open && !matchMedia("(pointer: coarse)").matches) field.current?.focus({ preventScroll: true });
  }, [open]);
  useEffect(() => {
    if (wanted || at) list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at, wanted]);

  const choose = (action: CatalogAction) => {
    add(store, action);
    setWanted("");
    setAt(0);
    focusCanvas();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, actions.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && chosen) choose(chosen);
    else if (event.key === "Escape" && wanted) setWanted("");
    else if (event.key === "Escape") {
      store.set({ paletteOpen: false, aim: null });
      focusCanvas();
    } else return;
    event.preventDefault();
  };
  const idOf = ({ uses }: CatalogAction) => `${prefix}-${uses}`;
  return (
    <section className={`palette ${open ? "open" : ""} ${carry.carried ? "carrying" : ""}`} aria-label="Steps to add">
      <div className="search">
        <Symbol icon=":material/search:" />
        <input
          ref={field}
          role="combobox"
          aria-label="Search steps to add"
          aria-expanded="true"
          aria-controls={`${prefix}-list`}
          aria-activedescendant={chosen && idOf(chosen)}
          placeholder="Search steps"
          value={wanted}
          onChange={(event) => {
            setWanted(event.target.value);
            setAt(0);
          }}
          onFocus={() => store.set({ paletteOpen: true })}
          onBlur={(event) => {
            if (!event.currentTarget.closest(".palette")?.contains(event.relatedTarget)) store.set({ paletteOpen: false });
          }}
          onKeyDown={onKeyDown}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <Where />
      <div className="actions" role="listbox" id={`${prefix}-list`} aria-label="Steps" ref={list} onMouseDown={keepFocus}>
        {groups.map((group) => (
          <div key={group.id} role="group" aria-label={group.title} style={{ "--hue": hueOf(group.id) } as CSSProperties}>
            <div className="group" aria-hidden="true">
              <Symbol className="tile" icon={group.icon} />
              {group.title}
            </div>
            {group.actions.map((action) => (
              <div
                key={action.uses}
                id={idOf(action)}
                role="option"
                aria-selected={open && action === chosen}
                aria-label={action.title}
                aria-description={action.description}
                className="option"
                title={action.description}
                onPointerDown={(event) => carry.begin(event, action, group)}
                onClick={() => carry.wasDragged() || choose(action)}
              >
                <span>{action.title}</span>
                {action.writes && <span className="writes" title="Writes: something is sent or changed" />}
                <span className="told">{inShort(action.description)}</span>
              </div>
            ))}
          </div>
        ))}
        {!actions.length && <div className="none">No step fits “{wanted}”.</div>}
      </div>
      {carry.carried && <Ghost carried={carry.carried} />}
    </section>
  );
}

/** A press on the list leaves the search field its focus: without it the list closes before the click. */
const keepFocus = (event: { preventDefault: () => void }) => event.preventDefault();

/** The first sentence, as people read it. */
const inShort = (description: string) => (description.match(/^.*?\.(?=\s|$)/)?.[0] ?? description).replaceAll("`", "");

/** What is dragged, under the pointer. */
function Ghost({ carried: { action, group, x, y } }: { readonly carried: Carry }) {
  return (
    <div className="ghost" style={{ left: x, top: y, "--hue": hueOf(group.id) } as CSSProperties}>
      <Symbol className="tile" icon={action.icon} />
      {action.title}
    </div>
  );
}

/** Where Enter puts the step. */
function Where() {
  const words = useView(whereWords);
  return <div className="where">{words}</div>;
}

function whereWords(view: View): string {
  const target = targetOf(view);
  const title = (id: string) => {
    const found = find(view.draft, id);
    return found ? `“${titleOf(found.step)}”` : id;
  };
  if ("line" in target) return `Goes between ${title(target.line.source)} and ${title(target.line.target)}`;
  if ("after" in target) return `Goes after ${title(target.after)}${target.way && ` (${target.way})`}`;
  const { owner, state } = target.room;
  return owner ? `Goes into ${state ? `“${state}”` : title(owner)}` : "Drag a step, or choose one";
}

/** The actions that have every word of the search in their title, description or connector. */
function matching(catalog: readonly CatalogGroup[], wanted: string): CatalogGroup[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [...catalog];
  return catalog.flatMap((group) => {
    const fits = group.actions.filter(({ title, description, uses }) => {
      const text = `${group.title} ${title} ${uses} ${description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
    const inTitle = ({ title }: CatalogAction) => words.some((word) => title.toLowerCase().includes(word));
    return fits.length ? [{ ...group, actions: fits.sort((one, other) => +inTitle(other) - +inTitle(one)) }] : [];
  });
}
