import { jinja } from "@codemirror/lang-jinja";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";

const nothing = () => [];
const parseJson = jsonParseLinter();

// Jinja takes what stands around its tags for HTML unless it is told otherwise. In a prompt it is plain text.
const plainText = StreamLanguage.define({ name: "plain", token: (stream) => void stream.skipToEnd() });

const LANGUAGES = {
  json: { support: json, check: (view) => (view.state.doc.length ? parseJson(view) : []) },
  jinja: { support: () => jinja({ base: new LanguageSupport(plainText) }), check: nothing },
  text: { support: nothing, check: nothing },
};

export function languageOf(name) {
  return LANGUAGES[name].support();
}

/** The language's own check: a function of the view that gives diagnostics. */
export function checkOf(name) {
  return LANGUAGES[name].check;
}
