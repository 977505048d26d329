import { EditorView, basicSetup } from "codemirror";
import { forceLinting, lintGutter, linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { begun, heard, telling } from "../meeting.ts";
import { checkOf, languageOf } from "./languages.js";
import { look } from "./look.js";
import { diagnosticsOf } from "./problems.js";

const PAUSE = 300;

/**
 * One text editor. Whose text stands, and what is told of it, is settled as in `meeting.ts`.
 */
export class Editor {
  #tell;
  #view;
  #data = { problems: [] };
  #meeting = null;
  #timer = null;

  constructor(root, host, tell) {
    this.#tell = tell;
    this.#view = new EditorView({ root, parent: host });
  }

  show(data) {
    const known = this.#data;
    this.#data = data;
    this.#meeting = known.id === data.id ? heard(this.#meeting, data) : begun(data);
    const { text, told } = this.#meeting;
    if (["id", "language", "label", "height"].some((name) => known[name] !== data[name]) || text !== this.#text()) {
      this.#start(text);
    }
    if (JSON.stringify(known.problems) !== JSON.stringify(data.problems)) forceLinting(this.#view);
    if (text === told) this.#stopTimer();
    else if (!this.#timer) this.#flush();
  }

  destroy() {
    this.#stopTimer();
    this.#view.destroy();
  }

  // A new state has an empty history: undo never brings back the text of another file.
  #start(text) {
    const cursor = Math.min(this.#view.state.selection.main.head, text.length);
    this.#view.setState(
      EditorState.create({ doc: text, selection: { anchor: cursor }, extensions: this.#extensions() }),
    );
  }

  #extensions() {
    const { language, label, height } = this.#data;
    const check = checkOf(language);
    return [
      basicSetup,
      languageOf(language),
      linter((view) => [...check(view), ...diagnosticsOf(view.state.doc, this.#data.problems)], {
        delay: PAUSE,
      }),
      lintGutter(),
      look,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label }),
      EditorView.theme({ "&": { height: `${height}px` } }),
      keymap.of([{ key: "Mod-s", preventDefault: true, run: () => this.#flush() }]),
      EditorView.updateListener.of((update) => update.docChanged && this.#changed()),
      EditorView.domEventHandlers({ blur: () => void this.#flush() }),
    ];
  }

  #text() {
    return this.#view.state.doc.toString();
  }

  #changed() {
    this.#meeting = { ...this.#meeting, text: this.#text() };
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#flush(), PAUSE);
  }

  #flush() {
    this.#stopTimer();
    const next = telling(this.#meeting);
    if (next) {
      this.#meeting = next[0];
      this.#tell(next[1]);
    }
    return true;
  }

  #stopTimer() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
