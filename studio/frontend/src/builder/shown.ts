/** The lines and transitions that are drawn, with their ids; of two versions those of both. */
import type { Difference } from "../draft/compare.ts";
import { lineId, linesOf, type Line } from "../draft/lines.ts";
import { movesOf, type Move } from "../draft/states.ts";
import { everyStep } from "../draft/steps.ts";
import type { Draft } from "../draft/types.ts";
import type { View } from "./store.ts";

export const linesShown = ({ draft, compared }: View): readonly (readonly [Line, Difference])[] =>
  compared?.lines ?? linesOf(draft.steps ?? []).map((line) => [line, ""]);

export const movesShown = ({ draft, compared }: View): readonly (readonly [Move, Difference])[] =>
  compared?.moves ?? allMoves(draft).map((move) => [move, ""]);

export const moveId = ({ step, from, name }: Pick<Move, "step" | "from" | "name">): string => `${step}:${from}#${name}`;

const allMoves = (draft: Draft): Move[] => everyStep(draft).flatMap(({ step }) => movesOf(step));

export const lineOf = (draft: Draft, id: string): Line | undefined => linesOf(draft.steps ?? []).find((line) => lineId(line) === id);

export const moveOf = (draft: Draft, id: string): Move | undefined => allMoves(draft).find((move) => moveId(move) === id);
