/** What a field and Python have told each other about its text.
 *
 * Python counts its own changes (`revision`, behind the name of its session), the field numbers what is typed and says on
 * which revision (`base`). The same revision again is an echo, and never touches what is being typed. A newer one is
 * taken up, unless something typed is still on its way: that stands, and is told again on the new revision.
 *
 * A session ends where the server begins anew. Until the next one somebody else may have changed the text: it is none of
 * those that Python is `known` to have, or that it was told. What was typed meanwhile has then `crossed` it.
 */
export interface Meeting {
  readonly text: string;
  readonly told: string;
  readonly number: number;
  readonly base: string;
  readonly answered: boolean;
  readonly known: readonly string[];
  readonly crossed: boolean;
}

export interface Said {
  readonly value: string;
  readonly revision: string;
  readonly seen: number;
}

export interface Told {
  readonly text: string;
  readonly number: number;
  readonly base: string;
  readonly crossed: boolean;
}

export function begun(said: Said): Meeting {
  const { value, revision, seen } = said;
  return { text: value, told: value, number: seen, base: revision, answered: true, known: [value], crossed: false };
}

/** Whether something was typed that Python has not answered yet. */
export function isWaiting(meeting: Meeting): boolean {
  return meeting.text !== meeting.told || !meeting.answered;
}

export function heard(meeting: Meeting, said: Said): Meeting {
  const isSameSession = sessionOf(said.revision) === sessionOf(meeting.base);
  const answered = meeting.answered || (said.seen >= meeting.number && isSameSession);
  const isNews = answered && !meeting.answered;
  const known = isNews ? [meeting.told, said.value] : meeting.known;
  const crossed = meeting.crossed && !isNews;
  if (said.revision === meeting.base) return { ...meeting, answered, known, crossed };
  if (meeting.text === said.value || (meeting.text === meeting.told && answered)) return begun(said);
  return {
    text: meeting.text,
    told: said.value,
    number: said.seen,
    base: said.revision,
    answered: true,
    known: [said.value],
    crossed: crossed || (!isSameSession && !known.includes(said.value)),
  };
}

/** The meeting after the text is told, and what is told; null when nothing is new. */
export function telling(meeting: Meeting): [Meeting, Told] | null {
  if (meeting.text === meeting.told) return null;
  const { text, base, crossed } = meeting;
  const number = meeting.number + 1;
  return [
    { ...meeting, told: text, number, answered: false, known: [...meeting.known, text] },
    { text, number, base, crossed },
  ];
}

function sessionOf(revision: string): string {
  return revision.split(":")[0]!;
}
