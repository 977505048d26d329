import { useEffect, useState } from "react";
import { duration } from "./words.js";

/** How long something took, or has taken so far: then it counts by itself. Times are seconds since 1970. */
export function Elapsed({ from, to, feed }) {
  const [, tick] = useState(0);
  const counting = from != null && to == null;
  useEffect(() => {
    if (!counting) return undefined;
    const timer = setInterval(() => tick((count) => count + 1), 200);
    return () => clearInterval(timer);
  }, [counting]);
  if (from == null) return null;
  const seconds = Math.max(0, (to ?? feed.now()) - from);
  // A count of milliseconds that runs is unrest, not information.
  return counting && seconds < 1 ? `${seconds.toFixed(1)} s` : duration(seconds);
}
