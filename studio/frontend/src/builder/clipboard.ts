import { copied } from "./commands.ts";
import type { Store } from "./store.ts";

let latest = "";

/** Put what is chosen into the event's clipboard. False when no step is. */
export function onCopy(store: Store, event: ClipboardEvent): boolean {
  const text = copied(store);
  if (text === null) return false;
  latest = text;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  return true;
}

/** Copy at the press of a button: the browser asks `element` what, as it does for Ctrl+C. */
export function copyText(store: Store, element: HTMLElement): void {
  element.focus({ preventScroll: true });
  const listener = (event: ClipboardEvent) => void onCopy(store, event);
  document.addEventListener("copy", listener, { capture: true, once: true });
  document.execCommand("copy");
  document.removeEventListener("copy", listener, { capture: true });
}

/** What the clipboard holds. Where the browser does not tell: what was copied here last. */
export async function pasteText(): Promise<string> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    return latest;
  }
}
