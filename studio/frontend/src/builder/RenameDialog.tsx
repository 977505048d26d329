import { nameStep, renameStep } from "../draft/rename.ts";
import { changeMove, renameState } from "../draft/states.ts";
import { find, titleOf } from "../draft/steps.ts";
import type { Edit } from "../draft/types.ts";
import { roomOfBox } from "./commands.ts";
import { useStore, useView } from "./context.ts";
import { Dialog } from "./Dialog.tsx";
import { moveId, moveOf } from "./shown.ts";
import type { Store, View } from "./store.ts";

interface Props {
  readonly id: string;
  readonly focusCanvas: () => void;
}

/** The names of a step, a state or a transition. */
export function RenameDialog({ focusCanvas }: Pick<Props, "focusCanvas">) {
  const id = useView((view) => view.renaming)!;
  const Form = id.includes("#") ? MoveForm : id.includes(":") ? StateForm : StepForm;
  return <Form id={id} focusCanvas={focusCanvas} />;
}

/** Takes an edit up, or says why there is none. */
function take(store: Store, edit: Edit, change: Partial<View>): boolean {
  if ("refused" in edit) store.say(edit.refused);
  else store.edit(edit.draft, change);
  return "draft" in edit;
}

/** The name that people read, and the id that expressions use. */
function StepForm({ id, focusCanvas }: Props) {
  const store = useStore();
  const step = useView((view) => find(view.draft, id)?.step);
  if (!step) return null;
  const save = (typed: (name: string) => string) => {
    const edit = renameStep(store.view.draft, id, typed("id"));
    const name = typed("name");
    const named = "draft" in edit && name !== titleOf(step) ? { draft: nameStep(edit.draft, typed("id"), name) } : edit;
    if (!take(store, named, {})) return false;
    store.select([typed("id")]);
    return true;
  };
  return (
    <Dialog label="Name of the step" save={save} focusCanvas={focusCanvas}>
      <label>
        Name
        <input name="name" defaultValue={titleOf(step)} maxLength={120} />
      </label>
      <label>
        Id, for expressions
        <input name="id" defaultValue={step.id} maxLength={64} spellCheck={false} className="code" />
      </label>
    </Dialog>
  );
}

function StateForm({ id, focusCanvas }: Props) {
  const store = useStore();
  const { owner, state } = roomOfBox(id);
  const save = (typed: (name: string) => string) => {
    if (!take(store, renameState(store.view.draft, owner, state, typed("name")), {})) return false;
    store.select([`${owner}:${typed("name")}`]);
    return true;
  };
  return (
    <Dialog label="Name of the state" save={save} focusCanvas={focusCanvas}>
      <label>
        Name
        <input name="name" defaultValue={state} maxLength={64} spellCheck={false} />
      </label>
    </Dialog>
  );
}

/** The name of a transition, where it leads, and when it can be taken. */
function MoveForm({ id, focusCanvas }: Props) {
  const store = useStore();
  const draft = useView((view) => view.draft);
  const move = moveOf(draft, id);
  if (!move) return null;
  const machine = find(draft, move.step)!.step;
  const chooses = machine.states?.[move.from]?.choose;
  const save = (typed: (name: string) => string) => {
    const next = { name: typed("name"), to: typed("to"), condition: typed("condition") };
    if (!take(store, changeMove(draft, move, next), { line: moveId({ ...move, name: next.name }) })) return false;
    const byName = chooses && chooses !== move.name && next.name !== move.name;
    if (byName) store.say(`State “${move.from}” chooses its way by name: see that it can give “${next.name}”.`);
    return true;
  };
  return (
    <Dialog label={`Transition of state ${move.from}`} save={save} focusCanvas={focusCanvas}>
      <label>
        Name
        <input name="name" defaultValue={move.name} maxLength={64} spellCheck={false} />
      </label>
      <label>
        Leads to
        <select name="to" defaultValue={move.to}>
          {Object.keys(machine.states ?? {}).map((state) => (
            <option key={state}>{state}</option>
          ))}
        </select>
      </label>
      <label>
        Only when
        <input name="condition" defaultValue={move.condition} placeholder="{{ last.good }}" spellCheck={false} className="code" />
      </label>
    </Dialog>
  );
}
