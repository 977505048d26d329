/** What a field and Python have told each other about its text.
 *
 * Python counts its own changes (`revision`, behind the name of its session), the field numbers what is typed and says on
 * which revision (`base`). The same revision again is an echo, and never touches what is being typed. A newer one is
 * taken up, unless something typed is still on its way: that stands, and is told again on the new revision.
 */
export interface Meeting {
  readonly text: string;
  readonly told: string;
  readonly number: number;
  readonly base: string;
  readonly answered: boolean;
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
}

export function begun(said: Said): Meeting {
  return { text: said.value, told: said.value, number: said.seen, base: said.revision, answered: true };
}

/** Whether something was typed that Python has not answered yet. */
export function isWaiting(meeting: Meeting): boolean {
  return meeting.text !== meeting.told || !meeting.answered;
}

export function heard(meeting: Meeting, said: Said): Meeting {
  const answered = meeting.answered || (said.seen >= meeting.number && sessionOf(said.revision) === sessionOf(meeting.base));
  if (said.revision === meeting.base) return { ...meeting, answered };
  if (meeting.text === said.value || (meeting.text === meeting.told && answered)) return begun(said);
  return { text: meeting.text, told: said.value, number: said.seen, base: said.revision, answered: true };
}

/** The meeting after the text is told, and what is told; null when nothing is new. */
export function telling(meeting: Meeting): [Meeting, Told] | null {
  if (meeting.text === meeting.told) return null;
  const number = meeting.number + 1;
  return [
    { ...meeting, told: meeting.text, number, answered: false },
    { text: meeting.text, number, base: meeting.base },
  ];
}

function sessionOf(revision: string): string {
  return revision.split(":")[0]!;
}
