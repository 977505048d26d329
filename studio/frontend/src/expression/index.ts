import { component, stage } from "../component.js";
import css from "./expression.css";
import { Field, type FieldData } from "./field.ts";
import { Form } from "./form.ts";
import { Panel } from "./panel.ts";
import type { Given } from "./values.ts";

interface ValuesData {
  readonly form: string;
  readonly names: readonly Given[];
}

interface Args {
  readonly data: ({ readonly part: "field" } & FieldData) | ({ readonly part: "values" } & ValuesData);
  readonly setStateValue: (name: string, value: unknown) => void;
}

addEventListener("pointerdown", () => Form.turn(), true);
addEventListener("keydown", ({ key }) => key === "Escape" && Form.turn(), true);
addEventListener("focusin", ({ target }) => target instanceof Element && target.matches("input, textarea") && Form.turn(), true);

export default component((parent: ShadowRoot) => {
  const { host, remove } = stage(parent, css);
  let latest: Args;
  let field: Field | undefined;
  let panel: Panel | undefined;
  return {
    update(args: Args) {
      latest = args;
      const { data } = args;
      if (data.part === "values") {
        const form = Form.of(data.form);
        panel ??= new Panel(host, form);
        form.take(data.names);
      } else if (field) field.show(data);
      else field = new Field(host, data, (told) => latest.setStateValue("edit", told));
    },
    destroy() {
      field?.destroy();
      panel?.destroy();
      remove();
    },
  };
});
