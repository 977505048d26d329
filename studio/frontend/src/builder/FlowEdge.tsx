import { memo } from "react";
import { BaseEdge, EdgeLabelRenderer, getBezierPath, getSmoothStepPath, type EdgeProps } from "@xyflow/react";
import { Symbol } from "../canvas/Symbol.jsx";
import { removeLine } from "./commands.ts";
import { useStore, useView } from "./context.ts";

/** A line between two boxes. On it, when a person is there, a button that inserts a step and one that removes it. */
export const FlowEdge = memo(function FlowEdge(props: EdgeProps) {
  const { id, data, sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition } = props;
  const store = useStore();
  const chosen = useView((view) => view.line === id);
  const over = useView((view) => view.over === id);
  const readOnly = useView((view) => view.data.readOnly);
  const ends = { sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition };
  const isBack = targetX < sourceX && typeof data?.drop === "number";
  const [path, x, y] = isBack
    ? getSmoothStepPath({ ...ends, offset: 14, borderRadius: 12, centerY: Math.max(sourceY, targetY) + (data.drop as number) })
    : getBezierPath(ends);
  const label = data?.label as string | undefined;
  const tools = (chosen || data?.hovered === true) && !readOnly;
  return (
    <>
      <BaseEdge path={path} interactionWidth={24} className={chosen || over ? "chosen" : ""} />
      {(tools || label || over) && (
        <EdgeLabelRenderer>
          <div className="on-line nopan" style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }} data-line={id}>
            {label && <span className="label">{label}</span>}
            {over && !tools && <Symbol className="drop" icon=":material/add:" />}
            {tools && data?.insert !== false && (
              <button
                type="button"
                tabIndex={-1}
                aria-label="Insert a step here"
                title="Insert a step here"
                onClick={() => store.set({ aim: { line: id }, paletteOpen: true })}
              >
                <Symbol icon=":material/add:" />
              </button>
            )}
            {tools && (
              <button type="button" tabIndex={-1} aria-label="Remove this line" title="Remove this line" onClick={() => removeLine(store, id)}>
                <Symbol icon=":material/close:" />
              </button>
            )}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
