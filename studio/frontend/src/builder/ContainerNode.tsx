import { memo, type CSSProperties } from "react";
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { bodiesOf } from "../draft/steps.ts";
import type { State, Step } from "../draft/types.ts";
import { hueOf, lookUp, useStore, useView } from "./context.ts";
import { newState } from "./commands.ts";
import { MarkChip } from "./MarkChip.tsx";
import { ErrorPort, Head, ProblemBadge } from "./StepNode.tsx";
import { actionWords } from "./words.ts";

/** A step with steps inside: a group, a loop, or a state machine with a box for each state. */
export const ContainerNode = memo(
  function ContainerNode({ id, data }: NodeProps) {
    const step = data.step as Step;
    const store = useStore();
    const catalog = useView((view) => view.data.catalog);
    const readOnly = useView((view) => view.data.readOnly);
    const isOver = useView((view) => view.over === id);
    const { group, action } = lookUp(catalog, step.uses);
    const isMachine = step.uses === "states";
    const isEmpty = !Object.values(bodiesOf(step)).flat().length && !isMachine;
    return (
      <>
        <Handle type="target" id="in" position={Position.Left} className="in" />
        <div className={`container ${isOver ? "over" : ""}`} style={{ "--hue": hueOf(group.id) } as CSSProperties}>
          <Head step={step} icon={action?.icon ?? group.icon} words={actionWords(catalog, step.uses)} writes={false} />
          {isEmpty && !readOnly && <div className="empty">Drop steps here</div>}
          {isMachine && !readOnly && (
            <button type="button" className="small nodrag" tabIndex={-1} onClick={() => newState(store, id)}>
              Add a state
            </button>
          )}
        </div>
        <Handle type="source" id="out" position={Position.Right} className="out" />
        <ErrorPort step={step} />
        <MarkChip id={id} />
        <ProblemBadge id={id} />
      </>
    );
  },
  (before, after) => before.data.step === after.data.step,
);

export interface StateData extends Record<string, unknown> {
  readonly name: string;
  readonly state: State;
  readonly first: boolean;
}

/** One state of a state machine. */
export const StateNode = memo(
  function StateNode({ id, data }: NodeProps) {
    const { name, state, first } = data as StateData;
    const isOver = useView((view) => view.over === id);
    const readOnly = useView((view) => view.data.readOnly);
    const final = !state.transitions;
    return (
      <>
        <Handle type="target" id="in" position={Position.Left} className="in" />
        <div className={`container state ${isOver ? "over" : ""}`}>
          <div className="head">
            <span className="name" title={name}>
              {name}
            </span>
            <span className="action">
              {[first && "first", state.role && String(state.role), final && "end"].filter(Boolean).join(" · ")}
            </span>
          </div>
          {!state.steps?.length && !readOnly && <div className="empty">Drop steps here</div>}
        </div>
        <Handle type="source" id="out" position={Position.Right} className="out" />
        <MarkChip id={id} />
      </>
    );
  },
  (before, after) => before.data.name === after.data.name && before.data.state === after.data.state && before.data.first === after.data.first,
);
