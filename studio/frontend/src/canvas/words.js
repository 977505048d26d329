/** 1.4 as "1.4 s", 125 as "2 min 5 s": as `studio/moments.py` says it. */
export function duration(seconds) {
  if (seconds < 0.01) return "under 10 ms";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = whole % 60;
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  if (minutes) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  return `${whole} s`;
}

/** ":material/mail:" is the name of a symbol in Streamlit's icon font; anything else is shown as it is. */
export function symbolName(icon) {
  return /^:material\/(\w+):$/.exec(icon ?? "")?.[1] ?? null;
}

const LOOK_OF_THE_UNKNOWN = { color: "gray", icon: ":material/help:" };

/** Word, colour and icon of a state, from the studio's table. */
export function lookOf(looks, status) {
  return looks[status] ?? { ...LOOK_OF_THE_UNKNOWN, word: status };
}

/** A state's colour for the style sheet, by the names of Streamlit's theme. */
export function tone(look) {
  return { "--tone": `var(--st-${look.color}-color)` };
}
