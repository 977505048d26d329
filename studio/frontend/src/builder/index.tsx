import { createRoot } from "react-dom/client";
import { ReactFlowProvider } from "@xyflow/react";
import flowCss from "@xyflow/react/dist/base.css";
import { component, stage } from "../component.js";
import { Builder } from "./Builder.tsx";
import boxesCss from "./boxes.css";
import builderCss from "./builder.css";
import { StoreContext } from "./context.ts";
import type { Data } from "./data.ts";
import { flaw } from "../draft/flaw.ts";
import { Store } from "./store.ts";

interface Args {
  readonly data: Data;
  readonly setStateValue: (name: string, value: unknown) => void;
}

/** Stands where the canvas was while a draft has no shape that can be drawn. The draft is not touched. */
function Undrawable({ why, height }: { readonly why: string; readonly height: number }) {
  return (
    <div className="builder" style={{ height }}>
      <div className="nothing" role="status">
        <strong>This workflow cannot be drawn</strong>
        <span>{why} Mend it as JSON; nothing is lost.</span>
      </div>
    </div>
  );
}

export default component((parent: ShadowRoot) => {
  const { host, remove } = stage(parent, flowCss + builderCss + boxesCss);
  const root = createRoot(host);
  let latest: Args;
  let store: Store | undefined;
  return {
    update(args: Args) {
      latest = args;
      const wrong = flaw(args.data.draft) ?? (args.data.compare && flaw(args.data.compare.before));
      if (wrong) return root.render(<Undrawable why={wrong} height={args.data.height} />);
      if (store) store.hear(args.data);
      store ??= new Store(args.data, {
        edit: (told) => latest.setStateValue("edit", told),
        selected: (selected) => latest.setStateValue("selected", selected),
      });
      root.render(
        <StoreContext value={store}>
          <ReactFlowProvider>
            <Builder />
          </ReactFlowProvider>
        </StoreContext>,
      );
    },
    destroy() {
      store?.close();
      root.unmount();
      remove();
    },
  };
});
