import { component, stage } from "../component.js";
import { Editor } from "./editor.js";

export default component((parent) => {
  const { host, remove } = stage(parent);
  let latest;
  const editor = new Editor(parent, host, (edit) => latest.setStateValue("edit", edit));

  return {
    update(args) {
      latest = args;
      editor.show(args.data);
    },
    destroy() {
      editor.destroy();
      remove();
    },
  };
});
