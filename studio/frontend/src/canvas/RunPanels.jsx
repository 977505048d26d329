import { useSyncExternalStore } from "react";
import { Panel } from "@xyflow/react";
import { Elapsed } from "./Elapsed.jsx";
import { Symbol } from "./Symbol.jsx";
import { lookOf, tone } from "./words.js";

const TAIL = 200;
const OVER = new Set(["succeeded", "skipped", "planned"]);

/** The run's state in the corner. It is read out when it changes. */
export function RunPanel({ feed, looks, steps }) {
  const run = useSyncExternalStore(feed.subscribe, feed.run);
  const connected = useSyncExternalStore(feed.subscribe, feed.connected);
  const done = useSyncExternalStore(
    feed.subscribe,
    () => steps.filter(({ id }) => OVER.has(feed.step(id)?.status)).length,
  );
  if (!run && connected) return null;
  const look = run && lookOf(looks, run.status);
  return (
    <Panel position="top-right" className="run" style={look && tone(look)}>
      {connected ? (
        <>
          <Symbol className={`mark ${run.status}`} icon={look.icon} />
          <span role="status">{look.word}</span>
          <span className="quiet">
            {done} of {steps.length} {steps.length === 1 ? "step" : "steps"}
          </span>
          <span className="quiet time">
            <Elapsed from={run.started_at} to={run.finished_at} feed={feed} />
          </span>
        </>
      ) : (
        <span role="status">Connection lost. Trying again…</span>
      )}
    </Panel>
  );
}

/** The last words of a model that is writing. */
export function TextPanel({ feed, steps }) {
  const step = useSyncExternalStore(feed.subscribe, () =>
    steps.find(({ id }) => feed.step(id)?.status === "running" && feed.text(id)),
  );
  const text = useSyncExternalStore(feed.subscribe, () => (step ? feed.text(step.id) : ""));
  if (!step) return null;
  return (
    <Panel position="bottom-center" className="text">
      <div className="writer">
        {step.name || step.id} is writing
        {step.note && <span className="note"> · {step.note}</span>}
      </div>
      <div className="words">
        <div>
          {text.length > TAIL && "…"}
          {text.slice(-TAIL)}
          <span className="caret" />
        </div>
      </div>
    </Panel>
  );
}
