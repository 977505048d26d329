import { boxesAround, onCanvas } from "../draft/arrange.ts";
import { lineId, linesOf, waysOf } from "../draft/lines.ts";
import { movesOf } from "../draft/states.ts";
import { find } from "../draft/steps.ts";
import { WORKFLOW } from "../draft/types.ts";
import { roomOfBox } from "./commands.ts";
import { moveId } from "./shown.ts";
import type { View } from "./store.ts";

export type Direction = "left" | "right" | "up" | "down";

export const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** The middle of a box on the canvas. */
export function middleOf({ draft, arrangement }: View, id: string): [x: number, y: number] | null {
  const box = arrangement.get(id);
  if (!box) return null;
  const roomOf = (step: string) => find(draft, step)?.room ?? WORKFLOW;
  const { owner, state } = roomOfBox(id);
  const around = state ? [owner, ...boxesAround(roomOf(owner), roomOf)] : boxesAround(roomOf(id), roomOf);
  const [x, y] = onCanvas(arrangement, id, around);
  return [x + box.width / 2, y + Math.min(box.height, 96) / 2];
}

/** The nearest box in a direction, sideways distance counting double; the first box when there is no current one. */
export function nextBox(view: View, from: string | null, direction: Direction): string | null {
  const start = from && middleOf(view, from);
  if (!start) return view.arrangement.keys().next().value ?? null;
  const [along, sign] = direction === "left" || direction === "right" ? [0, direction === "left" ? -1 : 1] : [1, direction === "up" ? -1 : 1];
  let best: string | null = null;
  let least = Infinity;
  for (const id of view.arrangement.keys()) {
    const middle = id === from ? null : middleOf(view, id);
    if (!middle) continue;
    const ahead = (middle[along]! - start[along]!) * sign!;
    if (ahead < 8) continue;
    const distance = ahead + 2 * Math.abs(middle[1 - along!]! - start[1 - along!]!);
    if (distance < least) [best, least] = [id, distance];
  }
  return best;
}

/** The ports of a box that a line can begin at, as React Flow calls them. */
export function portsOf({ draft }: View, id: string): string[] {
  const step = find(draft, id)?.step;
  if (!step) return id.includes(":") ? ["out"] : [];
  const ways = waysOf(step).map((way) => `way:${way}`);
  return [...ways, "out", "error"];
}

export const portWords = (port: string): string =>
  port === "error" ? "when it fails" : port === "out" ? "then" : port.slice("way:".length);

/** The lines that begin or end at a step, or the transitions of a state; those that leave it first. */
export function linesAt({ draft }: View, id: string): string[] {
  const { owner, state } = roomOfBox(id);
  if (state) {
    const moves = movesOf(find(draft, owner)!.step);
    return [...moves.filter(({ from }) => from === state), ...moves.filter(({ from, to }) => to === state && from !== state)].map(moveId);
  }
  const lines = linesOf(draft.steps ?? []);
  return [...lines.filter(({ source }) => source === id), ...lines.filter(({ target }) => target === id)].map(lineId);
}
