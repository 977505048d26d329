import { createRoot } from "react-dom/client";
import { ReactFlowProvider } from "@xyflow/react";
import flowCss from "@xyflow/react/dist/base.css";
import { component, stage } from "../component.js";
import { Canvas } from "./Canvas.jsx";
import canvasCss from "./canvas.css";
import { RunFeed } from "./feed.js";

export default component((parent) => {
  const { host, remove } = stage(parent, flowCss + canvasCss);
  const root = createRoot(host);
  let latest;
  // With its time: the same box can be chosen again after another one was chosen beside the canvas.
  const select = (id) => latest.setStateValue("selected", { id, at: Date.now() });
  const feed = new RunFeed((status) => latest.setTriggerValue("news", status));

  return {
    update(args) {
      latest = args;
      feed.show(args.data.live, args.data.status);
      root.render(
        <ReactFlowProvider>
          <Canvas data={args.data} feed={feed} onSelect={select} />
        </ReactFlowProvider>,
      );
    },
    destroy() {
      feed.close();
      root.unmount();
      remove();
    },
  };
});
