import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Prec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

// The theme's colours, drawn towards the text's so that they can be read on light and on dark.
const shade = (color) => `color-mix(in srgb, var(--st-${color}-color) 82%, var(--st-text-color))`;
const MUTED = "color-mix(in srgb, var(--st-text-color) 62%, var(--st-background-color))";
const WASH = "color-mix(in srgb, var(--st-primary-color) 8%, transparent)";
const SELECTION = "color-mix(in srgb, var(--st-primary-color) 26%, transparent)";

const theme = EditorView.theme({
  "&": {
    border: "1px solid var(--st-border-color)",
    borderRadius: "var(--st-base-radius)",
    backgroundColor: "var(--st-background-color)",
    color: "var(--st-text-color)",
    boxSizing: "border-box",
    fontSize: "13.5px",
    overflow: "hidden",
  },
  "&.cm-focused": { outline: "2px solid var(--st-primary-color)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--st-code-font)", lineHeight: "1.55" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--st-primary-color)" },
  ".cm-cursor": { borderLeft: "2px solid var(--st-primary-color)" },
  ".cm-gutters": { border: "0", backgroundColor: "transparent", color: MUTED },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": { backgroundColor: WASH },
  "&.cm-focused .cm-activeLineGutter": { color: "var(--st-text-color)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: SELECTION,
  },
  ".cm-selectionMatch": { backgroundColor: WASH, outline: `1px solid ${SELECTION}` },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: SELECTION },
  ".cm-foldPlaceholder": { border: "0", backgroundColor: SELECTION, color: "inherit", padding: "0 6px" },
  ".cm-tooltip, .cm-panels": {
    backgroundColor: "var(--st-background-color)",
    color: "var(--st-text-color)",
    fontFamily: "var(--st-font)",
    fontSize: "13px",
  },
  ".cm-tooltip": {
    border: "1px solid var(--st-border-color)",
    borderRadius: "8px",
    boxShadow: "0 6px 24px rgb(0 0 0 / 18%)",
    overflow: "hidden",
  },
  ".cm-panels-bottom": { borderTop: "1px solid var(--st-border-color)" },
  ".cm-panel.cm-search": { padding: "8px 10px" },
  ".cm-panel.cm-search label": { fontSize: "13px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: SELECTION,
    color: "var(--st-text-color)",
  },
  ".cm-diagnostic": { padding: "6px 10px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--st-red-color)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--st-orange-color)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--st-blue-color)" },
  ".cm-textfield, .cm-button": {
    border: "1px solid var(--st-border-color)",
    borderRadius: "6px",
    backgroundColor: "var(--st-secondary-background-color)",
    backgroundImage: "none",
    color: "var(--st-text-color)",
    fontSize: "13px",
  },
});

const highlight = HighlightStyle.define([
  { tag: [tags.propertyName, tags.variableName], color: shade("blue") },
  { tag: [tags.string, tags.special(tags.string)], color: shade("green") },
  { tag: [tags.number, tags.bool, tags.null], color: shade("orange") },
  {
    tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword],
    color: shade("violet"),
    fontWeight: "600",
  },
  { tag: [tags.function(tags.variableName), tags.special(tags.variableName)], color: shade("violet") },
  { tag: [tags.brace, tags.processingInstruction, tags.operator], color: MUTED },
  { tag: tags.comment, color: MUTED, fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--st-red-color)" },
]);

export const look = [Prec.highest(theme), syntaxHighlighting(highlight)];
