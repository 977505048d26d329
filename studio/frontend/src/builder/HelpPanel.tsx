import { useEffect, useRef } from "react";
import { useStore } from "./context.ts";

/** Every key, by what it is for; `keys.ts` does what they say. */
const KEYS: readonly (readonly [group: string, keys: readonly (readonly [key: string, what: string])[]])[] = [
  [
    "Find your way",
    [
      ["Tab", "to the steps, and on to the buttons"],
      ["← → ↑ ↓", "to the next step in that direction"],
      ["Enter", "open the step: its settings"],
      ["Space", "choose one more step, or one less"],
      ["Ctrl+A", "choose all"],
      ["Escape", "choose none, close, cancel"],
      ["L", "list of the steps"],
      ["F", "show all of it"],
      ["+ −", "larger, smaller"],
      ["M", "small map"],
    ],
  ],
  [
    "Build",
    [
      ["/ or A", "search a step; Enter adds it behind what is chosen"],
      ["C", "connect: then to the other step and Enter; C again for the next port"],
      ["E", "choose a line of the step; again for the next one"],
      ["R", "lead the chosen line to another step: go there and Enter; R again for its other end"],
      ["F2", "name and id of the step; name of a state; name, target and condition of a transition"],
      ["S", "add a state to a state machine"],
      ["N", "write a note"],
      ["Shift + ← → ↑ ↓", "move what is chosen"],
      ["T", "tidy up"],
      ["Delete", "remove what is chosen, step or line"],
    ],
  ],
  [
    "Again and back",
    [
      ["Ctrl+Z", "undo"],
      ["Ctrl+Shift+Z or Ctrl+Y", "do again"],
      ["Ctrl+C, Ctrl+X", "copy, cut: as JSON, for another workflow too"],
      ["Ctrl+V", "paste"],
      ["Ctrl+D", "make a copy beside it"],
    ],
  ],
  [
    "Mouse",
    [
      ["Click a port", "add the next step there"],
      ["Drag", "from a port to a step: connect; into the empty: add a step there"],
      ["Over a line", "insert a step, remove the line, drag an end of it to another step"],
      ["Double click", "open the step: its settings; name a state or a transition"],
      ["Shift + drag", "choose several"],
      ["Ctrl + click", "choose one more, or one less"],
      ["Ctrl + wheel", "larger, smaller"],
    ],
  ],
  [
    "Finger",
    [
      ["Tap", "choose a step or a line; + adds one there"],
      ["Drag", "move a step or the canvas; a step of the list sideways onto the canvas"],
      ["Two fingers", "larger, smaller"],
    ],
  ],
];

export function HelpPanel({ focusCanvas }: { readonly focusCanvas: () => void }) {
  const store = useStore();
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus({ preventScroll: true }), []);
  const leave = () => {
    store.set({ panel: "" });
    focusCanvas();
  };
  return (
    <section
      className="panel help"
      role="dialog"
      aria-label="Keys"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Escape" || event.key === "?") leave();
      }}
    >
      <header>
        <h2>Keys</h2>
        <button type="button" ref={close} onClick={leave}>
          Close
        </button>
      </header>
      {KEYS.map(([group, keys]) => (
        <div key={group}>
          <h3>{group}</h3>
          <dl>
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
    </section>
  );
}
