import { createContext, memo, useContext, useSyncExternalStore } from "react";
import { Handle, Position } from "@xyflow/react";
import { Elapsed } from "./Elapsed.jsx";
import { Symbol } from "./Symbol.jsx";
import { lookOf, tone } from "./words.js";

/** What every box needs besides its step: `{feed, looks, direction}`. */
export const CanvasContext = createContext(null);

/** A step as a box: what it is, and how it fares in the run that is shown. */
export const StepNode = memo(function StepNode({ data: { step, leadsOn } }) {
  const { feed, looks, direction } = useContext(CanvasContext);
  const state = useSyncExternalStore(feed.subscribe, () => feed.step(step.id));
  const look = state && lookOf(looks, state.status);
  const sideways = direction === "LR";
  return (
    <div
      className={`step ${state?.status ?? "plain"}`}
      style={look && tone(look)}
      title={state?.error?.message ?? state?.waits_for}
    >
      {step.needs.length > 0 && <Handle type="target" position={sideways ? Position.Left : Position.Top} />}
      <div className="head">
        <Symbol className="tile" icon={step.icon || step.uses.charAt(0).toUpperCase()} />
        <div className="names">
          <div className="name">{step.name || step.id}</div>
          <div className="action">{state?.error?.message ?? state?.waits_for ?? (step.action || step.uses)}</div>
        </div>
      </div>
      {look && <StateLine look={look} state={state} feed={feed} />}
      {leadsOn && <Handle type="source" position={sideways ? Position.Right : Position.Bottom} />}
    </div>
  );
});

function StateLine({ look, state, feed }) {
  return (
    <div className="state">
      <Symbol className="mark" icon={look.icon} />
      <span className="word">{look.word}</span>
      {isLoop(state) && (
        <span>
          {state.done} of {state.total}
        </span>
      )}
      {state.attempts > 1 && <span>try {state.attempts}</span>}
      <span className="time">
        <Elapsed from={state.started_at} to={state.finished_at} feed={feed} />
      </span>
      {isLoop(state) && <progress max={state.total} value={state.done} aria-hidden="true" />}
    </div>
  );
}

// A step without a `for_each` counts as one item.
function isLoop(state) {
  return state.total > 1;
}

/** A box in words, for a screen reader. */
export function stepLabel(step, state, looks) {
  const parts = [step.name || step.id, step.action || step.uses];
  if (state) {
    parts.push(lookOf(looks, state.status).word);
    if (isLoop(state)) parts.push(`${state.done} of ${state.total} items`);
    if (state.attempts > 1) parts.push(`try ${state.attempts}`);
    if (state.error ?? state.waits_for) parts.push(state.error?.message ?? state.waits_for);
  }
  return parts.join(", ");
}
