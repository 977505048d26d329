import { glyph } from "./glyph.ts";
import { every, matching, nearestOf, type Name } from "./values.ts";

interface Ways {
  readonly insert: (path: string, byKeyboard: boolean) => void;
  /** The person goes up from the first line. */
  readonly leave: () => void;
}

/** Names in a tree that unfolds. A click on a value inserts it; on what holds others, it unfolds it. */
export class Tree {
  readonly element = document.createElement("div");
  readonly #ways: Ways;
  readonly #open = new Set<string>();
  #names: readonly Name[] = [];
  #wanted = "";
  #shown: readonly Name[] = [];
  #fits = new Set<Name>();
  #at = "";

  constructor(ways: Ways) {
    this.#ways = ways;
    this.element.className = "tree";
    this.element.setAttribute("role", "tree");
    this.element.setAttribute("aria-label", "What can be inserted");
    // The cursor stays in the field.
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.element.addEventListener("click", (event) => this.#click(event.target as Element));
    this.element.addEventListener("keydown", (event) => this.#keyDown(event));
    this.element.addEventListener("focusin", (event) => {
      const name = this.#nameOf(event.target as Element);
      if (name && name.path !== this.#at) this.#stand(name);
    });
  }

  get isEmpty(): boolean {
    return this.#shown.length === 0;
  }

  show(names: readonly Name[], wanted: string): void {
    const isNew = this.#wanted !== wanted.trim();
    this.#names = names;
    this.#wanted = wanted.trim();
    this.#draw();
    const nearest = isNew && nearestOf(this.#shown, this.#fits, this.#wanted);
    if (!nearest) return;
    this.#stand(nearest);
    this.#row(nearest.path)?.scrollIntoView({ block: "nearest" });
  }

  focus(): void {
    this.#row(this.#at)?.focus();
  }

  /** The one that fits best what is searched for. */
  insertNearest(): void {
    const nearest = nearestOf(this.#shown, this.#fits, this.#wanted);
    if (nearest) this.#ways.insert(nearest.path, true);
  }

  #draw(): void {
    this.#fits = matching(this.#names, this.#wanted);
    const holds = new Set<Name>();
    for (const name of this.#fits) for (let above = name.above; above; above = above.above) holds.add(above);
    const isShown = (name: Name): boolean =>
      this.#wanted
        ? this.#fits.has(name) || holds.has(name) || this.#isBelowFound(name, holds)
        : !name.above || this.#isOpen(name.above, holds);
    this.#shown = [...every(this.#names)].filter((name) => isShown(name) && this.#isReached(name, holds));
    if (!this.#shown.some((name) => name.path === this.#at)) this.#at = this.#shown[0]?.path ?? "";
    this.element.replaceChildren(...this.#shown.map((name) => this.#line(name, holds)));
  }

  /** What stands in something that was found is there when it is unfolded. */
  #isBelowFound(name: Name, holds: ReadonlySet<Name>): boolean {
    return name.above !== null && this.#isOpen(name.above, holds) && (this.#fits.has(name.above) || this.#isBelowFound(name.above, holds));
  }

  #isReached(name: Name, holds: ReadonlySet<Name>): boolean {
    return !name.above || (this.#isOpen(name.above, holds) && this.#isReached(name.above, holds));
  }

  #isOpen(name: Name, holds: ReadonlySet<Name>): boolean {
    return this.#open.has(name.path) || (this.#wanted !== "" && holds.has(name) && !this.#open.has(`-${name.path}`));
  }

  #fold(name: Name, open: boolean): void {
    this.#open.delete(open ? `-${name.path}` : name.path);
    this.#open.add(open ? name.path : `-${name.path}`);
    const had = (this.element.getRootNode() as ShadowRoot).activeElement;
    const hadFocus = had !== null && this.element.contains(had);
    this.#draw();
    if (hadFocus) this.focus();
  }

  #line(name: Name, holds: ReadonlySet<Name>): HTMLElement {
    const line = document.createElement("div");
    line.className = "line";
    line.dataset.path = name.path;
    line.style.setProperty("--level", String(name.level));
    line.tabIndex = name.path === this.#at ? 0 : -1;
    line.setAttribute("role", "treeitem");
    line.setAttribute("aria-level", String(name.level));
    line.setAttribute("aria-selected", String(name.path === this.#at));
    line.title = `{{ ${name.path} }}`;
    const fold = document.createElement("span");
    fold.className = "fold";
    fold.setAttribute("aria-hidden", "true");
    if (name.parts.length) {
      const open = this.#isOpen(name, holds);
      line.setAttribute("aria-expanded", String(open));
      fold.textContent = open ? "▾" : "▸";
    }
    const label = document.createElement("span");
    label.className = "label";
    label.textContent = name.name;
    const value = document.createElement("span");
    value.className = "value";
    value.textContent = name.value || (name.parts.length ? "" : name.kind);
    line.append(fold, glyph(name.kind), label, value);
    if (name.left) value.textContent += ` · ${name.left} more: type their names`;
    if (name.parts.length) {
      const whole = document.createElement("span");
      whole.className = "whole";
      whole.textContent = "Insert";
      whole.setAttribute("aria-hidden", "true");
      line.append(whole);
    }
    return line;
  }

  #click(target: Element): void {
    const name = this.#nameOf(target);
    if (!name) return;
    this.#stand(name);
    if (name.parts.length && !target.closest(".whole")) this.#fold(name, target.closest(".line")!.getAttribute("aria-expanded") !== "true");
    else this.#ways.insert(name.path, false);
  }

  #keyDown(event: KeyboardEvent): void {
    const name = this.#shown.find((one) => one.path === this.#at);
    if (!name) return;
    const at = this.#shown.indexOf(name);
    const isOpen = this.#row(name.path)?.getAttribute("aria-expanded") === "true";
    const go = (to: Name | null | undefined): void => {
      if (to) this.#stand(to, true);
    };
    if (event.key === "ArrowDown") go(this.#shown[at + 1]);
    else if (event.key === "ArrowUp" && at === 0) this.#ways.leave();
    else if (event.key === "ArrowUp") go(this.#shown[at - 1]);
    else if (event.key === "Home") go(this.#shown[0]);
    else if (event.key === "End") go(this.#shown.at(-1));
    else if (event.key === "ArrowRight" && name.parts.length && !isOpen) this.#fold(name, true);
    else if (event.key === "ArrowRight") go(isOpen ? this.#shown[at + 1] : null);
    else if (event.key === "ArrowLeft" && isOpen) this.#fold(name, false);
    else if (event.key === "ArrowLeft") go(name.above);
    else if (event.key === " " && name.parts.length) this.#fold(name, !isOpen);
    else if (event.key === "Enter" || event.key === " ") this.#ways.insert(name.path, true);
    else return;
    event.preventDefault();
  }

  #stand(name: Name, focus = false): void {
    for (const path of [this.#at, name.path]) {
      const row = this.#row(path);
      row?.setAttribute("aria-selected", String(path === name.path));
      if (row) row.tabIndex = path === name.path ? 0 : -1;
    }
    this.#at = name.path;
    if (focus) this.focus();
  }

  #row(path: string): HTMLElement | null {
    return [...this.element.children].find((row): row is HTMLElement => (row as HTMLElement).dataset.path === path) ?? null;
  }

  #nameOf(target: Element): Name | undefined {
    const path = target.closest<HTMLElement>(".line")?.dataset.path;
    return this.#shown.find((name) => name.path === path);
  }
}
