import type { CSSProperties } from "react";
import { Symbol } from "../canvas/Symbol.jsx";
import { lookOf, tone } from "../canvas/words.js";
import { useView } from "./context.ts";
import { markWords } from "./words.ts";

/** How a step fared in the run that is shown, below its box. */
export function MarkChip({ id }: { readonly id: string }) {
  const mark = useView(({ data }) => data.status[id]);
  const looks = useView(({ data }) => data.looks);
  if (!mark) return null;
  const look = lookOf(looks, mark.status);
  return (
    <div className={`mark ${mark.status}`} style={tone(look) as CSSProperties} title={mark.error ?? undefined}>
      <Symbol icon={look.icon} />
      <span className="word">{look.word}</span>
      {markWords(mark).map((word) => (
        <span key={word}>{word}</span>
      ))}
    </div>
  );
}
