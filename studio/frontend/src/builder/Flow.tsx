import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { Background, MiniMap, ReactFlow, SelectionMode, applyNodeChanges, useReactFlow, type Connection, type FinalConnectionState, type Node, type NodeChange } from "@xyflow/react"; // prettier-ignore
import { everyStep, withInner } from "../draft/steps.ts";
import type { Point, Step } from "../draft/types.ts";
import { edgesOf, nodesOf } from "./boxes.ts";
import { chooseLine, dropped, join, portOf } from "./commands.ts";
import { useStore, useView } from "./context.ts";
import { ContainerNode, StateNode } from "./ContainerNode.tsx";
import { FlowEdge } from "./FlowEdge.tsx";
import { NoteNode } from "./NoteNode.tsx";
import { StepNode } from "./StepNode.tsx";
import { moveOf } from "./shown.ts";
import { placeUnder } from "./under.ts";

const NODES = { step: StepNode, container: ContainerNode, state: StateNode, note: NoteNode };
const EDGES = { flow: FlowEdge };
export const FIT = { padding: 0.12, maxZoom: 1 };
const MANY = 8;
const LEGIBLE = 0.75;
/** Of two versions more is seen at once: what differs is what one looks for. */
const LEGIBLE_COMPARED = 0.45;
const MARGIN = 60;

/** The boxes and lines. React Flow moves boxes while they are dragged; the store hears of it when they are let go of. */
export function Flow({ frame, wide }: { readonly frame: RefObject<HTMLDivElement | null>; readonly wide: boolean }) {
  const store = useStore();
  const flow = useReactFlow();
  const readOnly = useView((view) => view.data.readOnly);
  const minimap = useView((view) => view.minimap && view.arrangement.size > MANY) && wide;
  const [nodes, onNodesChange] = useNodes();
  const [hovered, setHovered] = useState<string | null>(null);
  const edges = useEdges(hovered);

  const root = () => frame.current!.getRootNode() as ShadowRoot;
  const under = (event: MouseEvent | TouchEvent, without?: ReadonlySet<string>) => {
    const { clientX, clientY } = "changedTouches" in event ? event.changedTouches[0]! : event;
    return placeUnder(root(), clientX, clientY, without);
  };
  // What is dragged, with all that is inside it: it cannot be dropped into itself.
  const dragged = useRef<ReadonlySet<string>>(new Set());
  const onDragStart = (moved: readonly Node[]) => {
    const ids = new Set(moved.map(({ id }) => id));
    const { draft } = store.view;
    const inner = everyStep(draft).filter(({ step }) => ids.has(step.id)).flatMap(({ step }) => boxesOf(step));
    dragged.current = new Set([...ids, ...inner]);
  };
  const takers = nodes.some(({ type }) => type === "container" || type === "state");
  const onDrag = (event: MouseEvent | TouchEvent) => {
    // With hundreds of boxes, to look what lies under the pointer is a tenth of what a frame costs.
    if (!takers) return;
    const over = under(event, dragged.current).box || null;
    if (over !== store.view.over) store.set({ over });
  };
  const onDragStop = (event: MouseEvent | TouchEvent, moved: readonly Node[]) => {
    const { box, inside } = under(event, dragged.current);
    const outer = moved.filter(({ id, parentId }) => !id.includes(":") || id.startsWith("note:") || !parentId);
    const places = new Map<string, Point>();
    for (const { id } of outer) {
      const { x, y } = flow.getInternalNode(id)!.internals.positionAbsolute;
      places.set(id, [Math.round(x), Math.round(y)]);
    }
    // Outside of the canvas nothing is dropped into a box.
    if (places.size) dropped(store, places, inside ? box : "");
    else store.set({ over: null });
  };
  const onConnectEnd = (event: MouseEvent | TouchEvent, { isValid, fromNode, fromHandle, toHandle }: FinalConnectionState) => {
    if (isValid || toHandle || !fromNode || fromHandle?.type !== "source") return;
    const { node, inside } = under(event);
    const port = fromHandle.id ?? "out";
    if (node && node !== fromNode.id && !node.startsWith("note:")) join(store, { source: fromNode.id, target: node, ...portOf(port) });
    else if (!node && inside) addBehind(fromNode.id, port);
  };
  const addBehind = (id: string, port: string) => {
    if (readOnly || port === "error" || id.includes(":")) return;
    store.select([id], { aim: { after: id, way: portOf(port).way }, paletteOpen: true });
  };
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODES}
      edgeTypes={EDGES}
      onNodesChange={onNodesChange}
      onConnect={({ source, sourceHandle, target }: Connection) => void join(store, { source, target, ...portOf(sourceHandle ?? "out") })}
      onConnectEnd={onConnectEnd}
      onNodeDragStart={(_, __, moved) => onDragStart(moved)}
      onNodeDrag={onDrag}
      onNodeDragStop={(event, _, moved) => onDragStop(event, moved)}
      onSelectionDragStart={(_, moved) => onDragStart(moved)}
      onSelectionDrag={(event) => onDrag(event as unknown as MouseEvent)}
      onSelectionDragStop={(event, moved) => onDragStop(event as unknown as MouseEvent, moved)}
      connectOnClick={false}
      onNodeClick={(event, { id }) => {
        const port = (event.target as Element).closest<HTMLElement>(".react-flow__handle.source")?.dataset.handleid;
        if (port) addBehind(id, port);
      }}
      onNodeDoubleClick={(_, { id }) => {
        if (id.startsWith("note:")) store.set({ writing: readOnly ? null : id });
        else if (!id.includes(":")) store.open(id);
        else if (!readOnly) store.select([id], { renaming: id });
      }}
      onEdgeDoubleClick={(_, { id }) => !readOnly && moveOf(store.view.draft, id) && store.set({ line: id, renaming: id })}
      onEdgeClick={(_, { id }) => chooseLine(store, id)}
      onEdgeMouseEnter={(_, { id }) => setHovered(id)}
      onEdgeMouseLeave={(event) => {
        const to = event.relatedTarget as Element | null;
        if (!to?.closest?.("[data-line]")) setHovered(null);
      }}
      onPaneClick={() => {
        setHovered(null);
        store.select([]);
      }}
      onPaneMouseMove={(event) => {
        const on = event.nativeEvent.composedPath()[0] as Element;
        if (hovered && !on.closest("[data-line], .react-flow__edge")) setHovered(null);
      }}
      nodesDraggable={!readOnly}
      nodesConnectable={!readOnly}
      nodesFocusable={false}
      edgesFocusable={false}
      disableKeyboardA11y
      deleteKeyCode={null}
      selectionKeyCode="Shift"
      multiSelectionKeyCode={["Control", "Meta"]}
      selectionMode={SelectionMode.Partial}
      nodeDragThreshold={4}
      connectionRadius={28}
      autoPanOnNodeFocus={false}
      elevateNodesOnSelect={false}
      zoomOnDoubleClick={false}
      zoomOnScroll={false}
      panOnScroll={false}
      preventScrolling={false}
      zoomActivationKeyCode={["Control", "Meta"]}
      onlyRenderVisibleElements={nodes.length > 150}
      minZoom={0.05}
      maxZoom={1.6}
      onInit={() => {
        begin(flow, frame.current!, store.view.data.compare ? LEGIBLE_COMPARED : LEGIBLE);
        const id = store.view.current;
        if (id) store.set({ reveal: { id } });
      }}
      proOptions={{ hideAttribution: true }}
      aria-label="Steps of the workflow"
    >
      <Background gap={24} size={1.5} />
      {minimap && <MiniMap pannable ariaLabel="Small map" position="bottom-right" style={{ width: 160, height: 100 }} />}
    </ReactFlow>
  );
}

/** The ids of all boxes inside a step. */
const boxesOf = (step: Step): string[] =>
  withInner(step).flatMap((inner) => [inner.id, ...Object.keys(inner.states ?? {}).map((state) => `${inner.id}:${state}`)]);

/** React Flow's nodes, made anew when the draft or what is known of it changes; a drag moves them in between. */
function useNodes(): [Node[], (changes: NodeChange[]) => void] {
  const store = useStore();
  const draft = useView((view) => view.draft);
  const data = useView((view) => view.data);
  const selected = useView((view) => view.selected);
  const current = useView((view) => view.current);
  const made = useMemo(() => nodesOf(store.view), [store, draft, data.status, data.problems, data.catalog, data.compare]);
  const [nodes, setNodes] = useState<Node[]>([]);
  useEffect(() => {
    const tab = current ?? made[0]?.id;
    setNodes((before) => {
      const known = new Map(before.map((node) => [node.id, node]));
      return made.map((node) => withState(node, known.get(node.id), selected.has(node.id), node.id === tab));
    });
  }, [made, selected, current]);
  const onNodesChange = (changes: NodeChange[]) => {
    const picks = changes.filter((change) => change.type === "select");
    const rest = changes.filter((change) => change.type !== "select" && change.type !== "remove" && change.type !== "dimensions");
    if (rest.length) setNodes((before) => applyNodeChanges(rest, before));
    if (!picks.length) return;
    const next = new Set(store.view.selected);
    for (const { id, selected } of picks) {
      if (selected) next.add(id);
      else next.delete(id);
    }
    store.select(next);
  };
  return [nodes, onNodesChange];
}

/** A node as it is drawn, and the one that it was made from. */
type Drawn = Node & { readonly made: Node };

function withState(made: Node, before: Node | undefined, selected: boolean, tab: boolean): Node {
  const tabIndex = tab ? 0 : -1;
  const kept = before as Drawn | undefined;
  const stays = kept?.made === made && kept.selected === selected && kept.domAttributes?.tabIndex === tabIndex;
  if (stays && kept.position === made.position) return kept;
  // What a person drags stays in the hand, whatever the page says meanwhile.
  const held = kept?.dragging ? { position: kept.position, dragging: true } : {};
  const drawn: Drawn = { ...made, ...held, made, selected, domAttributes: { tabIndex } };
  return drawn;
}

function useEdges(hovered: string | null) {
  const store = useStore();
  const draft = useView((view) => view.draft);
  const status = useView((view) => view.data.status);
  return useMemo(() => edgesOf(store.view, hovered), [store, draft, status, hovered]);
}

/** Shows the whole workflow where that can be read, else its first step. */
function begin(flow: ReturnType<typeof useReactFlow>, frame: HTMLElement, legible: number): void {
  const { width, height } = frame.querySelector(".stage")!.getBoundingClientRect();
  const nodes = flow.getNodes();
  const bounds = flow.getNodesBounds(nodes);
  const zoom = Math.min(1, (width - 2 * MARGIN) / bounds.width, (height - 3 * MARGIN) / bounds.height);
  const used = Math.max(zoom, legible);
  const first = nodes[0]?.position ?? { x: 0, y: 0 };
  const across = bounds.width * used < width ? width / 2 - (bounds.x + bounds.width / 2) * used : MARGIN - first.x * used;
  const down = bounds.height * used < height ? height / 2 - (bounds.y + bounds.height / 2) * used : height / 3 - first.y * used;
  void flow.setViewport({ x: across, y: down, zoom: used });
}

/** Milliseconds that the view may take to move. */
export const calm = (): number => (matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250);
