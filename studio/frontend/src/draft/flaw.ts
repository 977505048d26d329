/** Why a draft cannot be drawn, in words; null when it can. A draft may be wrong in all other ways. */
export function flaw(draft: unknown): string | null {
  if (!isObject(draft)) return "A workflow is an object.";
  const { steps = [], layout = {} } = draft;
  if (!isObject(layout) || !isObject(layout.steps ?? {})) return "“layout” must be an object.";
  return flawOfSteps(steps, "");
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => !!value && typeof value === "object" && !Array.isArray(value);

function flawOfSteps(steps: unknown, where: string): string | null {
  if (!Array.isArray(steps)) return `“steps”${where} must be a list.`;
  for (const [index, step] of steps.entries()) {
    const wrong = flawOfStep(step, `Step ${index + 1}${where}`);
    if (wrong) return wrong;
  }
  return null;
}

function flawOfStep(step: unknown, name: string): string | null {
  if (!isObject(step)) return `${name} is no object.`;
  if (typeof step.id !== "string" || !/^\w+$/.test(step.id)) return `${name} needs an “id” of letters, digits and _.`;
  if (typeof step.uses !== "string") return `${name} (${step.id}) does not say what it uses.`;
  const { needs = [], with: given = {}, on_error = "", name: title = "", states = {}, steps } = step;
  if (!Array.isArray(needs) || !needs.every((need) => typeof need === "string")) return `“needs” of ${step.id} must be a list of ids.`;
  if (!isObject(given)) return `“with” of ${step.id} must be an object.`;
  if (typeof on_error !== "string" || typeof title !== "string") return `“on_error” and “name” of ${step.id} must be text.`;
  if (!isObject(states)) return `“states” of ${step.id} must be an object.`;
  for (const [state, value] of Object.entries(states)) {
    const wrong = flawOfState(value, `State ${state} of ${step.id}`) ?? flawOfSteps((value as Fields).steps ?? [], ` in ${step.id}`);
    if (wrong) return wrong;
  }
  return steps === undefined ? null : flawOfSteps(steps, ` in ${step.id}`);
}

function flawOfState(state: unknown, name: string): string | null {
  if (!isObject(state)) return `${name} is no object.`;
  const { transitions = {} } = state;
  const right = isObject(transitions) && Object.values(transitions).every((way) => isObject(way) && typeof way.to === "string");
  return right ? null : `“transitions” of ${name} must say where they lead “to”.`;
}
