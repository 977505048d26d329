import { EditorView, basicSetup } from "codemirror";
import { forceLinting, lintGutter, linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { checkOf, languageOf } from "./languages.js";
import { look } from "./look.js";
import { diagnosticsOf } from "./problems.js";

const PAUSE = 300;

/**
 * One text editor. It reports `{text, revision}`: what was typed, and over which of the server's texts.
 * The server's text is taken up when its revision changes and never between, so that nobody's typing is overwritten.
 */
export class Editor {
  #report;
  #view;
  #data = { problems: [] };
  #shared = "";
  #timer = null;

  constructor(root, host, report) {
    this.#report = report;
    this.#view = new EditorView({ root, parent: host });
  }

  show(data) {
    const known = this.#data;
    this.#data = data;
    const other = known.revision !== data.revision && !(this.#timer && data.value === this.#shared);
    if (other) {
      this.#stopTimer();
      this.#shared = data.value;
      this.#start(data.value);
    } else if (["language", "label", "height"].some((name) => known[name] !== data[name])) {
      this.#start(this.#text());
    }
    if (JSON.stringify(known.problems) !== JSON.stringify(data.problems)) forceLinting(this.#view);
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
      EditorView.updateListener.of((update) => update.docChanged && this.#reportSoon()),
      EditorView.domEventHandlers({ blur: () => void this.#flush() }),
    ];
  }

  #text() {
    return this.#view.state.doc.toString();
  }

  #reportSoon() {
    this.#stopTimer();
    this.#timer = setTimeout(() => this.#flush(), PAUSE);
  }

  #flush() {
    if (this.#timer) {
      this.#stopTimer();
      this.#shared = this.#text();
      this.#report({ text: this.#shared, revision: this.#data.revision });
    }
    return true;
  }

  #stopTimer() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }
}
