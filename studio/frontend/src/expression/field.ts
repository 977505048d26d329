import { completions, type Option } from "./complete.ts";
import { insertion, typed, type Edit } from "./edits.ts";
import { Focus, isFocusLost } from "./focus.ts";
import { BACK, Form } from "./form.ts";
import { begun, heard, isWaiting, telling, type Meeting, type Said, type Told } from "../meeting.ts";
import { Options } from "./options.ts";
import { Outcome, type Answer } from "./outcome.ts";
import { pieces } from "./place.ts";

export interface FieldData extends Said {
  readonly id: string;
  readonly form: string;
  readonly label: string;
  readonly help: string;
  readonly required: boolean;
  readonly hint: string;
  /** Lines that it is high; 1 takes no line break. */
  readonly lines: number;
  readonly code: boolean;
  readonly answer: Answer | null;
  readonly wrong: string;
}

/** Milliseconds without a key after which the value is asked for. */
const PAUSE = 300;

/** The same while the list of what can follow is open: what is half written has no value. */
const CHOOSING = 1200;

/** Fields that were taken away. */
const gone = new Map<string, { meeting: Meeting; cursor: [number, number] | null; at: number }>();

/** A text with expressions in it. What it gives now stands below. */
export class Field {
  readonly #host: HTMLElement;
  readonly #text = document.createElement("textarea");
  readonly #focus = new Focus(this.#text);
  readonly #mirror = document.createElement("div");
  readonly #label = document.createElement("label");
  readonly #help = document.createElement("button");
  readonly #helped = document.createElement("p");
  readonly #opener = document.createElement("button");
  readonly #outcome = new Outcome();
  readonly #options: Options;
  readonly #form: Form;
  readonly #tell: (told: Told) => void;
  #data: FieldData;
  #meeting: Meeting;
  #timer = 0;

  constructor(host: HTMLElement, data: FieldData, tell: (told: Told) => void) {
    this.#host = host;
    this.#data = data;
    this.#tell = tell;
    this.#form = Form.of(data.form);
    this.#meeting = begun(data);
    this.#options = new Options(this.#text, (option) => this.#complete(option));
    this.#build();
    this.#write(this.#meeting.text);
    this.#come();
    this.show(data);
    this.#form.come(this);
  }

  get id(): string {
    return this.#data.id;
  }

  get label(): string {
    return this.#data.label;
  }

  get place(): DOMRect {
    return this.#mirror.closest(".box")!.getBoundingClientRect();
  }

  show(data: FieldData): void {
    this.#data = data;
    const meeting = heard(this.#meeting, data);
    if (meeting.text !== this.#text.value) this.#write(meeting.text);
    this.#meeting = meeting;
    this.#label.textContent = data.label;
    this.#label.classList.toggle("required", data.required);
    this.#help.hidden = !data.help;
    this.#helped.textContent = data.help;
    this.#help.title = data.help;
    this.#opener.setAttribute("aria-label", `Insert a value: ${data.label}`);
    this.#text.placeholder = data.hint;
    this.#text.rows = data.lines;
    this.#text.required = data.required;
    this.#text.setAttribute("aria-multiline", String(data.lines > 1));
    this.#host.classList.toggle("code", data.code);
    this.#host.classList.toggle("single", data.lines === 1);
    this.#host.style.setProperty("--lines", String(data.lines));
    this.#outcome.show(data.answer, data.wrong);
    this.#text.setAttribute("aria-invalid", String(Boolean(data.wrong)));
    this.#host.classList.toggle("bad", Boolean(data.wrong) || data.answer?.kind === "wrong");
    this.#standing();
    if (meeting.text !== meeting.told) this.flush();
  }

  /** Put a value where the cursor is, or was. */
  insert(path: string): void {
    const { selectionStart, selectionEnd } = this.#text;
    this.#apply(insertion(this.#text.value, selectionStart, selectionEnd, path));
    this.focus();
    this.flush();
  }

  focus(): void {
    this.#text.focus({ preventScroll: true });
  }

  /** Tell Python what was typed, now. */
  flush(): void {
    clearTimeout(this.#timer);
    const next = telling(this.#meeting);
    if (!next) return;
    this.#meeting = next[0];
    this.#tell(next[1]);
    this.#standing();
  }

  destroy(): void {
    this.flush();
    const { selectionStart, selectionEnd } = this.#text;
    const cursor: [number, number] | null = this.#focus.isIn ? [selectionStart, selectionEnd] : null;
    if (cursor || isWaiting(this.#meeting)) gone.set(this.#data.id, { meeting: this.#meeting, cursor, at: Date.now() });
    this.#options.close();
    this.#form.leave(this);
  }

  #come(): void {
    const before = gone.get(this.#data.id);
    gone.delete(this.#data.id);
    if (!before || Date.now() - before.at > BACK) return;
    if (isWaiting(before.meeting)) {
      this.#meeting = before.meeting;
      this.#write(before.meeting.text);
    }
    if (!before.cursor || !isFocusLost()) return;
    this.focus();
    this.#text.setSelectionRange(...before.cursor);
  }

  #build(): void {
    const head = document.createElement("div");
    head.className = "head";
    this.#label.htmlFor = this.#text.id = "text";
    this.#help.type = this.#opener.type = "button";
    this.#help.className = "help";
    this.#help.textContent = "?";
    this.#help.setAttribute("aria-label", "Help");
    this.#help.setAttribute("aria-expanded", "false");
    this.#helped.className = "helped";
    this.#helped.hidden = true;
    this.#opener.className = "opener";
    this.#opener.textContent = "{ }";
    this.#opener.title = "Insert a value: of an input, an earlier step, or this run";
    this.#opener.setAttribute("aria-haspopup", "dialog");
    head.append(this.#label, this.#help, this.#opener);
    const box = document.createElement("div");
    box.className = "box";
    this.#mirror.className = "mirror";
    this.#mirror.setAttribute("aria-hidden", "true");
    this.#text.spellcheck = false;
    this.#text.autocapitalize = "off";
    this.#text.setAttribute("aria-autocomplete", "list");
    this.#text.setAttribute("aria-haspopup", "listbox");
    this.#text.setAttribute("aria-describedby", "outcome");
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    sheet.append(this.#mirror, this.#text);
    box.append(sheet);
    this.#host.className = "field";
    this.#host.append(head, this.#helped, box, this.#outcome.element, this.#options.element);

    this.#help.addEventListener("click", () => {
      this.#helped.hidden = !this.#helped.hidden;
      this.#help.setAttribute("aria-expanded", String(!this.#helped.hidden));
    });
    // A button that takes no focus leaves the cursor where it is.
    this.#opener.addEventListener("mousedown", (event) => event.preventDefault());
    this.#opener.addEventListener("click", () => this.#form.ask(this));
    this.#text.addEventListener("beforeinput", (event) => this.#beforeInput(event));
    this.#text.addEventListener("input", (event) => this.#input(event as InputEvent));
    this.#text.addEventListener("keydown", (event) => this.#keyDown(event));
    this.#text.addEventListener("focus", () => this.#form.enter(this));
    this.#text.addEventListener("pointerdown", () => this.#options.close());
    this.#text.addEventListener("blur", () => {
      this.#options.close();
      this.flush();
    });
  }

  #beforeInput(event: InputEvent): void {
    const { selectionStart, selectionEnd, value } = this.#text;
    if (event.inputType === "insertLineBreak" && this.#data.lines === 1) {
      event.preventDefault();
      this.flush();
      return;
    }
    if (event.inputType !== "insertText" || event.data?.length !== 1 || selectionStart !== selectionEnd) return;
    const edit = typed(value, selectionStart, event.data);
    if (!edit) return;
    event.preventDefault();
    this.#apply(edit);
    this.#offer();
  }

  #input(event: InputEvent): void {
    if (this.#data.lines === 1 && this.#text.value.includes("\n")) {
      const cursor = this.#text.selectionStart;
      this.#text.value = this.#text.value.replace(/\n/g, " ");
      this.#text.setSelectionRange(cursor, cursor);
    }
    this.#changed();
    if (event.inputType?.startsWith("insert") && event.inputType !== "insertFromPaste") this.#offer();
    else if (this.#options.isOpen) this.#offer();
  }

  #keyDown(event: KeyboardEvent): void {
    event.stopPropagation(); // the canvas and Streamlit have keys of their own
    if (event.isComposing) return;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (isPlain && this.#options.press(event.key)) return event.preventDefault();
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.#offer();
    } else if (event.key === "Escape" && this.#form.panel?.openFor) {
      event.preventDefault();
      this.#form.panel.close();
    } else if (/^(Arrow(Left|Right)|Home|End|Page)/.test(event.key)) this.#options.close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.flush();
  }

  #offer(): void {
    const { selectionStart, selectionEnd, value } = this.#text;
    const options = selectionStart === selectionEnd ? completions(value, selectionStart, this.#form.names) : [];
    const last = options[0];
    const isThere = options.length === 1 && last !== undefined && value.slice(last.from, selectionStart) === last.put;
    this.#options.show(isThere ? [] : options, () => this.#caret());
    this.#flushLater();
  }

  #flushLater(): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.flush(), this.#options.isOpen ? CHOOSING : PAUSE);
  }

  #complete(option: Option): void {
    const cursor = option.from + option.put.length;
    this.#apply({ from: option.from, to: this.#text.selectionStart, put: option.put, cursor });
    this.#options.close();
    this.flush();
  }

  /** As if it were typed, so that the browser can undo it. */
  #apply(edit: Edit): void {
    this.focus();
    this.#text.setSelectionRange(edit.from, edit.to);
    const isTyped = edit.put === "" ? edit.from === edit.to || document.execCommand("delete") : document.execCommand("insertText", false, edit.put);
    if (!isTyped) this.#text.setRangeText(edit.put, edit.from, edit.to);
    this.#text.setSelectionRange(edit.cursor, edit.cursor);
    this.#changed();
  }

  #changed(): void {
    this.#meeting = { ...this.#meeting, text: this.#text.value };
    this.#paint();
    this.#standing();
    this.#flushLater();
  }

  #write(text: string): void {
    const { selectionStart, selectionEnd } = this.#text;
    const isEmpty = !this.#text.value;
    this.#text.value = text;
    if (isEmpty) this.#text.setSelectionRange(text.length, text.length);
    else this.#text.setSelectionRange(Math.min(selectionStart, text.length), Math.min(selectionEnd, text.length));
    this.#paint();
  }

  /** What lies under the text: the same letters, coloured. It gives the field its height, too. */
  #paint(): void {
    const shown = pieces(this.#text.value).map(({ text, isExpression }) => {
      const piece = document.createElement(isExpression ? "mark" : "span");
      piece.textContent = text;
      return piece;
    });
    this.#mirror.replaceChildren(...shown, document.createTextNode("\u200b"));
  }

  #standing(): void {
    this.#host.classList.toggle("waiting", isWaiting(this.#meeting));
  }

  /** Where the cursor is on the screen. */
  #caret(): DOMRect {
    let left = this.#text.selectionStart;
    for (const piece of this.#mirror.childNodes) {
      const node = piece.firstChild ?? piece;
      const length = node.textContent?.length ?? 0;
      if (left <= length) {
        const range = document.createRange();
        range.setStart(node, left);
        range.collapse(true);
        const at = range.getBoundingClientRect();
        return at.height ? at : this.place;
      }
      left -= length;
    }
    return this.place;
  }
}
