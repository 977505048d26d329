/**
 * The server's problems, `{line, message, severity}` with lines from 1, as CodeMirror's diagnostics. A problem
 * without a line stands at the first; one past the end, where the text has become shorter, at the last.
 */
export function diagnosticsOf(doc, problems) {
  return problems.map(({ line, message, severity }) => {
    const place = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
    const indent = place.text.length - place.text.trimStart().length;
    return { from: place.from + indent, to: place.to, message, severity: severity ?? "error" };
  });
}
