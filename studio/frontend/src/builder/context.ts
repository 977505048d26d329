import { createContext, useContext, useSyncExternalStore } from "react";
import type { CatalogAction, CatalogGroup } from "./data.ts";
import type { Store, View } from "./store.ts";

export const StoreContext = createContext<Store | null>(null);

export const useStore = (): Store => useContext(StoreContext)!;

/** A part of what the store knows; the component is drawn again when that part changes. */
export function useView<T>(part: (view: View) => T): T {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => part(store.view));
}

export interface Known {
  readonly group: CatalogGroup;
  readonly action: CatalogAction | undefined;
}

const index = new WeakMap<readonly CatalogGroup[], Map<string, Known>>();
const NOTHING: CatalogGroup = { id: "", title: "", icon: ":material/extension:", actions: [] };

/** The action of the catalog that a step uses. */
export function lookUp(catalog: readonly CatalogGroup[], uses: string): Known {
  let known = index.get(catalog);
  if (!known) {
    const entries = catalog.flatMap((group) => group.actions.map((action) => [action.uses, { group, action }] as const));
    index.set(catalog, (known = new Map(entries)));
  }
  return known.get(uses) ?? { group: catalog.find(({ id }) => id === uses.split(".")[0]) ?? NOTHING, action: undefined };
}

/** A calm colour of its own for each connector: a hue in degrees, from its id (FNV-1a). */
export function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  return (hash % 24) * 15;
}
