import { memo } from "react";
import { BaseEdge, EdgeLabelRenderer, getBezierPath, getSmoothStepPath, type EdgeProps } from "@xyflow/react";
import { Symbol } from "../canvas/Symbol.jsx";
import type { Difference } from "../draft/compare.ts";
import { removeLine } from "./commands.ts";
import { useStore, useView } from "./context.ts";
import { LineEnd } from "./LineEnd.tsx";
import type { View } from "./store.ts";
import { CHANGES } from "./words.ts";

/** A line between two boxes. On it, when a person is there, buttons for what can be done with it, and its ends to drag. */
export const FlowEdge = memo(function FlowEdge(props: EdgeProps) {
  const { id, data } = props;
  const store = useStore();
  const chosen = useView((view) => view.line === id);
  const over = useView((view) => view.over === id);
  const readOnly = useView((view) => view.data.readOnly);
  const moving = useView((view) => (view.moving?.line === id ? view.moving : null));
  const ends = endsOf(props, moving);
  const isBack = !moving && ends.targetX < ends.sourceX && typeof data?.drop === "number";
  const [path, x, y] = isBack
    ? getSmoothStepPath({ ...ends, offset: 14, borderRadius: 12, centerY: Math.max(ends.sourceY, ends.targetY) + (data!.drop as number) })
    : getBezierPath(ends);
  const label = data?.label as string | undefined;
  const difference = (data?.difference ?? "") as Difference;
  const tools = (chosen || data?.hovered === true) && !readOnly;
  return (
    <>
      <BaseEdge path={path} interactionWidth={24} className={chosen || over ? "chosen" : ""} />
      {(tools || label || over || difference) && (
        <EdgeLabelRenderer>
          <div className="on-line nopan" style={at(x, y)} data-line={id}>
            {difference && <Symbol className={`difference ${difference}`} icon={CHANGES[difference].icon} />}
            {label && <span className="label">{label}</span>}
            {over && !tools && <Symbol className="drop" icon=":material/add:" />}
            {tools && !moving && (
              <div className={`tools ${leaning(ends)}`}>
                {data?.isMove === true ? (
                  <Tool icon="edit" label="Name and condition" onClick={() => store.set({ line: id, renaming: id })} />
                ) : (
                  <Tool icon="add" label="Insert a step here" onClick={() => store.set({ aim: { line: id }, paletteOpen: true })} />
                )}
                <Tool icon="close" label="Remove this line" onClick={() => removeLine(store, id)} />
              </div>
            )}
          </div>
          {tools && <LineEnd line={id} end="source" style={at(...besides(ends.sourceX, ends.sourceY, ends.sourcePosition))} />}
          {tools && <LineEnd line={id} end="target" style={at(...besides(ends.targetX, ends.targetY, ends.targetPosition))} />}
        </EdgeLabelRenderer>
      )}
    </>
  );
});

interface ToolProps {
  readonly icon: string;
  readonly label: string;
  readonly onClick: () => void;
}

function Tool({ icon, label, onClick }: ToolProps) {
  return (
    <button type="button" tabIndex={-1} aria-label={label} title={label} onClick={onClick}>
      <Symbol icon={`:material/${icon}:`} />
    </button>
  );
}

type Ends = Pick<EdgeProps, "sourceX" | "sourceY" | "sourcePosition" | "targetX" | "targetY" | "targetPosition">;

/** Where a line begins and ends; an end that is dragged is where it is held. */
function endsOf(props: EdgeProps, moving: View["moving"]): Ends {
  const { sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition } = props;
  const ends = { sourceX, sourceY, sourcePosition, targetX, targetY, targetPosition };
  if (!moving) return ends;
  return moving.end === "source" ? { ...ends, sourceX: moving.x, sourceY: moving.y } : { ...ends, targetX: moving.x, targetY: moving.y };
}

/** The side of the middle on which there is room above a line that falls or rises. */
const leaning = ({ sourceY, targetY }: Ends): string => (Math.abs(targetY - sourceY) < 20 ? "" : targetY > sourceY ? "right" : "left");

const at = (x: number, y: number) => ({ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` });

const ASIDE = 15;

/** A place on the line beside its port, so that a new line can still be drawn from the port itself. */
function besides(x: number, y: number, position: string): [x: number, y: number] {
  if (position === "bottom") return [x, y + ASIDE];
  return [position === "left" ? x - ASIDE : x + ASIDE, y];
}
