import { symbolName } from "./words.js";

/** An icon as Streamlit names them, for the eye alone: what it means stands in words beside it. */
export function Symbol({ icon, className = "" }) {
  const name = symbolName(icon);
  return (
    <span className={`${name ? "symbol" : "letter"} ${className}`} aria-hidden="true">
      {name ?? icon}
    </span>
  );
}
