import { useMemo } from "react";
import { bodiesOf } from "../draft/steps.ts";
import type { Step } from "../draft/types.ts";
import { useStore, useView } from "./context.ts";
import { sentence, stateWords, waitedFor } from "./words.ts";

/** The steps in words, one under the other: the same workflow for whoever does not see the canvas. */
export function ListView({ show }: { readonly show: (id: string) => void }) {
  const steps = useView((view) => view.draft.steps);
  const store = useStore();
  return (
    <section className="panel list" aria-label="List of steps">
      <header>
        <h2>Steps</h2>
        <button type="button" onClick={() => store.set({ panel: "" })}>
          Close
        </button>
      </header>
      {steps?.length ? <Steps steps={steps} show={show} /> : <p>There are no steps yet. Press / to add one.</p>}
    </section>
  );
}

interface StepsProps {
  readonly steps: readonly Step[];
  readonly show: (id: string) => void;
}

function Steps({ steps, show }: StepsProps) {
  const data = useView((view) => view.data);
  const store = useStore();
  const draft = useView((view) => view.draft);
  const selected = useView((view) => view.selected);
  const before = useMemo(() => waitedFor(store.view), [store, draft, data.compare]);
  return (
    <ol>
      {steps.map((step) => (
        <li key={step.id}>
          <button type="button" aria-current={selected.has(step.id)} onClick={() => show(step.id)}>
            <Words parts={sentence(step, data, before.get(step.id) ?? [])} />
          </button>
          {Object.entries(bodiesOf(step)).map(([state, inner]) => (
            <div key={state}>
              {state && (
                <button type="button" className="of-state" aria-current={selected.has(`${step.id}:${state}`)} onClick={() => show(`${step.id}:${state}`)}>
                  <Words parts={[`State ${state}`, ...stateWords(store.view, step.id, state)]} />
                </button>
              )}
              {inner.length > 0 && <Steps steps={inner} show={show} />}
            </div>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Words({ parts: [title, ...rest] }: { readonly parts: readonly string[] }) {
  return (
    <>
      <strong>{title}</strong>
      <span className="rest">, {rest.join(", ")}</span>
    </>
  );
}
