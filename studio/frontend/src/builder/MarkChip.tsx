import type { CSSProperties } from "react";
import { Symbol } from "../canvas/Symbol.jsx";
import { lookOf, tone } from "../canvas/words.js";
import { useView } from "./context.ts";
import type { Look } from "./data.ts";
import { CHANGES, changeWords, markWords } from "./words.ts";

/** How a step fared in the run that is shown, or how it differs from another version: below its box. */
export function MarkChip({ id }: { readonly id: string }) {
  const mark = useView(({ data }) => data.status[id]);
  const change = useView(({ data }) => data.compare?.changes[id]);
  const looks = useView(({ data }) => data.looks);
  if (change) return <Chip kind={change.kind} look={CHANGES[change.kind]} words={changeWords(change)} />;
  if (!mark) return null;
  return <Chip kind={mark.status} look={lookOf(looks, mark.status)} words={markWords(mark)} title={mark.error ?? undefined} />;
}

interface ChipProps {
  readonly kind: string;
  readonly look: Look;
  readonly words: readonly string[];
  readonly title?: string | undefined;
}

function Chip({ kind, look, words, title }: ChipProps) {
  return (
    <div className={`mark ${kind}`} style={tone(look) as CSSProperties} title={title}>
      <Symbol icon={look.icon} />
      <span className="word">{look.word}</span>
      {words.map((word) => (
        <span key={word}>{word}</span>
      ))}
    </div>
  );
}
