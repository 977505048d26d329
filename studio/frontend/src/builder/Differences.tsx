import type { CSSProperties } from "react";
import { tone } from "../canvas/words.js";
import { Symbol } from "../canvas/Symbol.jsx";
import { everyStep } from "../draft/steps.ts";
import { Button } from "./Button.tsx";
import { useStore, useView } from "./context.ts";
import type { Change, Comparison } from "./data.ts";
import { CHANGES } from "./words.ts";

const KINDS = Object.keys(CHANGES) as Change["kind"][];

/** How many steps and states differ between the two versions, in which way, and the way from one to the next. */
export function Differences({ comparison: { changes } }: { readonly comparison: Comparison }) {
  const store = useStore();
  const draft = useView((view) => view.draft);
  const current = useView((view) => view.current);
  const boxes = everyStep(draft).flatMap(({ step }) => [step.id, ...Object.keys(step.states ?? {}).map((state) => `${step.id}:${state}`)]);
  const ids = boxes.filter((id) => changes[id]);
  const counts = KINDS.map((kind) => [kind, ids.filter((id) => changes[id]!.kind === kind).length] as const).filter(([, count]) => count > 0);
  const go = (by: 1 | -1) => {
    const at = ids.indexOf(current ?? "");
    const id = ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]!;
    store.select([id], { reveal: { id } });
  };
  return (
    <div className="set differences" role="group" aria-label="What differs">
      {counts.map(([kind, count]) => (
        <span key={kind} className="kind" style={tone(CHANGES[kind]) as CSSProperties}>
          <Symbol icon={CHANGES[kind].icon} />
          {count} {CHANGES[kind].word.toLowerCase()}
        </span>
      ))}
      {!ids.length && <span className="kind">The steps are the same</span>}
      {ids.length > 0 && <Button icon="chevron_left" label="The difference before" onClick={() => go(-1)} />}
      {ids.length > 0 && <Button icon="chevron_right" label="The next difference" onClick={() => go(1)} />}
    </div>
  );
}
