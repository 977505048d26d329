const GLYPHS: Readonly<Record<string, string>> = {
  text: "T",
  number: "#",
  "yes or no": "✓",
  list: "[ ]",
  object: "{ }",
  filter: "ƒ",
};

/** A small sign for what kind of value it is. */
export function glyph(kind: string): HTMLElement {
  const sign = document.createElement("span");
  sign.className = "glyph";
  sign.dataset.kind = kind;
  sign.textContent = GLYPHS[kind] ?? "·";
  sign.title = kind;
  sign.setAttribute("aria-hidden", "true");
  return sign;
}
