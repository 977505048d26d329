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
  const feed = new RunFeed((status) => latest.setTriggerValue("news", status));

  return {
    update(args) {
      latest = args;
      feed.show(args.data.live, args.data.status);
      root.render(
        <ReactFlowProvider>
          <Canvas data={args.data} feed={feed} onSelect={(id) => latest.setStateValue("selected", id)} />
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
