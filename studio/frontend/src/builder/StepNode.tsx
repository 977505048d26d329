import { memo, type CSSProperties } from "react";
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { Symbol } from "../canvas/Symbol.jsx";
import { waysOf } from "../draft/lines.ts";
import { titleOf } from "../draft/steps.ts";
import type { Step } from "../draft/types.ts";
import { hueOf, lookUp, useView } from "./context.ts";
import { MarkChip } from "./MarkChip.tsx";
import { actionWords, settingWords } from "./words.ts";

const NEXT = "Click: add the next step. Drag: lead to a step.";

/** A step as a box, with a port on the left, one on the right for each way on, and one below for its failure. */
export const StepNode = memo(
  function StepNode({ id, data }: NodeProps) {
    const step = data.step as Step;
    const catalog = useView((view) => view.data.catalog);
    const isOver = useView((view) => view.over === id);
    const { group, action } = lookUp(catalog, step.uses);
    const ways = waysOf(step);
    return (
      <>
        <Handle type="target" id="in" position={Position.Left} className="in" />
        <div className={`step ${isOver ? "over" : ""}`} style={{ "--hue": hueOf(group.id) } as CSSProperties}>
          <Head step={step} icon={action?.icon ?? group.icon} words={actionWords(catalog, step.uses)} writes={action?.writes ?? false} />
          {ways.map((way) => (
            <div key={way} className="way">
              <span title={way}>{way}</span>
              <Handle type="source" id={`way:${way}`} position={Position.Right} title={NEXT} />
            </div>
          ))}
        </div>
        <Handle type="source" id="out" position={Position.Right} className={ways.length ? "out hidden" : "out"} title={NEXT} />
        <ErrorPort step={step} />
        <MarkChip id={id} />
        <ProblemBadge id={id} />
      </>
    );
  },
  (before, after) => before.data.step === after.data.step,
);

interface HeadProps {
  readonly step: Step;
  readonly icon: string;
  readonly words: string;
  readonly writes: boolean;
}

export function Head({ step, icon, words, writes }: HeadProps) {
  return (
    <div className="head">
      <Symbol className="tile" icon={icon} />
      <div className="names">
        <div className="name" title={titleOf(step)}>
          {titleOf(step)}
        </div>
        <div className="action">
          {settingWords(step).map((word) => (
            <span key={word} className="setting">
              {word}
            </span>
          ))}
          {words}
        </div>
      </div>
      {writes && <span className="writes" title="Writes: something is sent or changed" />}
    </div>
  );
}

/** Where a failure leads. It is seen when it leads somewhere, and when a person is at the box. */
export function ErrorPort({ step }: { readonly step: Step }) {
  const leads = step.on_error && step.on_error !== "fail" && step.on_error !== "continue";
  // A branch has its ways on the right.
  const position = step.uses === "branch" ? Position.Bottom : Position.Right;
  return <Handle type="source" id="error" position={position} className={leads ? "error used" : "error"} title="When it fails" />;
}

export function ProblemBadge({ id }: { readonly id: string }) {
  const messages = useView(({ data }) =>
    data.problems
      .filter(({ step }) => step === id)
      .map(({ message }) => message)
      .join("\n"),
  );
  if (!messages) return null;
  return (
    <span className="problem" title={messages} aria-hidden="true">
      !
    </span>
  );
}
