/** What lies under a point of the screen: a line, and the innermost box that takes steps up ("" is the canvas). */
export interface Under {
  readonly inside: boolean;
  readonly line: string | null;
  readonly box: string;
  /** The box itself that is under the point, whether it takes steps up or not. */
  readonly node: string | null;
  /** The port that a line can begin at, under the point. */
  readonly port: string | null;
}

export function placeUnder(root: ShadowRoot, x: number, y: number, without: ReadonlySet<string> = new Set()): Under {
  let inside = false;
  let line: string | null = null;
  let port: string | null = null;
  const boxes: HTMLElement[] = [];
  for (const element of root.elementsFromPoint(x, y)) {
    if (element.classList.contains("react-flow")) inside = true;
    const edge = element.closest<SVGElement>(".react-flow__edge");
    const label = element.closest<HTMLElement>("[data-line]");
    if (edge && !edge.classList.contains("move")) line ??= edge.dataset.id ?? null;
    if (label) line ??= label.dataset.line ?? null;
    const handle = element.closest(".react-flow__handle.source") ?? element.closest(".way")?.querySelector(".react-flow__handle");
    port ??= (handle as HTMLElement | null | undefined)?.dataset.handleid ?? null;
    const node = element.closest<HTMLElement>(".react-flow__node");
    if (node && !boxes.includes(node) && !without.has(node.dataset.id!)) boxes.push(node);
  }
  const takes = boxes.find(({ classList, dataset }) => {
    const machine = classList.contains("react-flow__node-container") && node(boxes, `${dataset.id}:`);
    return (classList.contains("react-flow__node-container") && !machine) || classList.contains("react-flow__node-state");
  });
  return { inside, line, box: takes?.dataset.id ?? "", node: boxes[0]?.dataset.id ?? null, port };
}

const node = (boxes: readonly HTMLElement[], prefix: string): boolean => boxes.some(({ dataset }) => dataset.id!.startsWith(prefix));
