import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Background, Controls, ReactFlow, applyNodeChanges } from "@xyflow/react";
import { RunPanel, TextPanel } from "./RunPanels.jsx";
import { CanvasContext, StepNode, stepLabel } from "./StepNode.jsx";
import { fullHeight, useCamera } from "./camera.js";
import { HEIGHT, HEIGHT_WITH_STATE, WIDTH, connections, layout } from "./layout.js";

const NARROW = 600;
const TALLEST = { LR: 560, TB: 1400 };
const DONE = new Set(["succeeded", "planned"]);
const NODE_TYPES = { step: StepNode };
const WORDS_FOR_KEYBOARDS = {
  "node.a11yDescription.default": "Press Enter to show this step, Escape to leave it.",
  "node.a11yDescription.keyboardDisabled": "Press Enter to show this step, Escape to leave it.",
};

/** The graph of a workflow and the run that colours it. The server's graph is taken up when its revision changes. */
export function Canvas({ data, feed, onSelect }) {
  const frame = useRef(null);
  const width = useWidth(frame);
  // The revision alone decides: Streamlit hands over new objects at every script run.
  const steps = useMemo(() => data.steps, [data.revision]);
  const hasRun = useSyncExternalStore(feed.subscribe, () => feed.run() !== null) || data.live !== null;
  const boxHeight = hasRun ? HEIGHT_WITH_STATE : HEIGHT;
  const direction = width < NARROW ? "TB" : "LR";
  const graph = useMemo(() => layout(steps, boxHeight, direction), [steps, boxHeight, direction]);
  const wasLive = useRef(false);
  wasLive.current ||= data.live !== null;
  const writes = wasLive.current;
  const height = Math.max(data.height, Math.min(fullHeight(graph, writes), TALLEST[direction]));

  const statuses = useStatuses(feed, steps);
  const runningId = steps.find(({ id }) => statuses[id] === "running")?.id;
  const { fits, onMoved } = useCamera({
    graph,
    firstId: steps[0]?.id,
    boxHeight,
    width,
    height,
    writes,
    runningId,
  });
  const [nodes, onNodesChange] = useNodes({ steps, graph, boxHeight, selected: data.selected, onSelect });
  const labels = useLabels(feed, steps, data.looks);
  const labelled = useMemo(
    () => nodes.map((node) => ({ ...node, ariaLabel: labels[node.id] })),
    [nodes, labels],
  );
  const edges = useMemo(() => edgesOf(steps, statuses), [steps, statuses]);
  const context = useMemo(() => ({ feed, looks: data.looks, direction }), [feed, data.looks, direction]);

  return (
    <CanvasContext value={context}>
      <div ref={frame} className={`canvas ${fits ? "fits" : ""}`} style={{ height }}>
        {width > 0 && (
          <ReactFlow
            nodes={labelled}
            edges={edges}
            nodeTypes={NODE_TYPES}
            onNodesChange={onNodesChange}
            onMoveStart={(event) => event && onMoved()}
            ariaLabelConfig={WORDS_FOR_KEYBOARDS}
            aria-label="Steps of the workflow"
            nodesDraggable={false}
            nodesConnectable={false}
            edgesFocusable={false}
            deleteKeyCode={null}
            selectionKeyCode={null}
            multiSelectionKeyCode={null}
            panOnDrag={!fits}
            zoomOnPinch={!fits}
            zoomOnScroll={false}
            zoomOnDoubleClick={false}
            preventScrolling={false}
            minZoom={0.2}
            maxZoom={1.5}
            proOptions={{ hideAttribution: true }}
          >
            <Background gap={22} size={1.5} />
            {!fits && (
              <Controls
                position="top-left"
                orientation="horizontal"
                showInteractive={false}
                fitViewOptions={{ padding: 0.1, maxZoom: 1 }}
                onZoomIn={onMoved}
                onZoomOut={onMoved}
                onFitView={onMoved}
              />
            )}
            <RunPanel feed={feed} looks={data.looks} steps={steps} />
            <TextPanel feed={feed} steps={data.steps} />
          </ReactFlow>
        )}
      </div>
    </CanvasContext>
  );
}

/** React Flow's nodes of the steps, and its handler: it reports whom a person selects. */
function useNodes({ steps, graph, boxHeight, selected, onSelect }) {
  const [nodes, setNodes] = useState([]);
  const chosen = useRef(selected);

  useEffect(() => {
    const needed = new Set(steps.flatMap((step) => step.needs));
    setNodes(
      steps.map((step) => ({
        id: step.id,
        type: "step",
        position: graph.positions[step.id],
        width: WIDTH,
        height: boxHeight,
        data: { step, leadsOn: needed.has(step.id) },
        ariaRole: "button",
        selected: step.id === chosen.current,
      })),
    );
  }, [steps, graph, boxHeight]);

  useEffect(() => {
    chosen.current = selected;
    setNodes((known) => known.map((node) => ({ ...node, selected: node.id === selected })));
  }, [selected]);

  const onNodesChange = (changes) => {
    setNodes((known) => applyNodeChanges(changes, known));
    const selections = changes.filter((change) => change.type === "select");
    if (!selections.length) return;
    const next = selections.find((change) => change.selected)?.id ?? null;
    if (next === chosen.current) return;
    chosen.current = next;
    onSelect(next);
  };
  return [nodes, onNodesChange];
}

/** `{stepId: the box in words}`, the same object for as long as no word changes. */
function useLabels(feed, steps, looks) {
  const lines = useSyncExternalStore(feed.subscribe, () =>
    JSON.stringify(steps.map((step) => [step.id, stepLabel(step, feed.step(step.id), looks)])),
  );
  return useMemo(() => Object.fromEntries(JSON.parse(lines)), [lines]);
}

/** `{stepId: status}`, the same object for as long as no status changes. */
function useStatuses(feed, steps) {
  const line = useSyncExternalStore(feed.subscribe, () =>
    steps.map(({ id }) => feed.step(id)?.status ?? "").join(" "),
  );
  return useMemo(() => {
    const statuses = line.split(" ");
    return Object.fromEntries(steps.map(({ id }, index) => [id, statuses[index]]));
  }, [line, steps]);
}

function edgesOf(steps, statuses) {
  return connections(steps).map(({ source, target }) => ({
    id: `${source} ${target}`,
    source,
    target,
    className: flowOf(statuses[source], statuses[target]),
    focusable: false,
    selectable: false,
  }));
}

/** What a connection shows: work on its way, work that went through, or neither. */
function flowOf(source, target) {
  if (target === "running") return "flowing";
  if (target === "skipped" || target === "cancelled") return "unused";
  if (target === "open") return "unused";
  return DONE.has(source) && target && target !== "pending" ? "used" : "";
}

/** The width of an element in pixels, 0 before it is known. */
function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
