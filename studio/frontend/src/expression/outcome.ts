/** What the expressions of a text give now. `more` is all of it, where `text` is a part. */
export interface Answer {
  readonly kind: "value" | "waits" | "wrong";
  readonly text: string;
  readonly more: string;
}

/** The line below a field: its value, or in one sentence why it has none. */
export class Outcome {
  readonly element = document.createElement("div");
  readonly #line = document.createElement("div");
  readonly #all = document.createElement("details");
  readonly #summary = document.createElement("summary");
  readonly #more = document.createElement("pre");

  constructor() {
    this.element.className = "outcome";
    this.element.id = "outcome";
    this.element.setAttribute("aria-live", "polite");
    this.#more.tabIndex = 0;
    this.#more.setAttribute("aria-label", "The whole value");
    this.#all.append(this.#summary, this.#more);
    this.element.append(this.#line, this.#all);
  }

  show(answer: Answer | null, wrong: string): void {
    const kind = wrong ? "wrong" : (answer?.kind ?? "");
    const said = wrong || (answer ? (answer.kind === "value" ? `= ${answer.text}` : answer.text) : "");
    const more = wrong ? "" : (answer?.more ?? "");
    this.element.dataset.kind = kind;
    this.element.hidden = !said;
    this.#line.hidden = Boolean(more);
    this.#all.hidden = !more;
    set(this.#line, more ? "" : said);
    set(this.#summary, more ? said : "");
    set(this.#more, more);
  }
}

/** Nothing is said twice: a screen reader hears what changed. */
function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
