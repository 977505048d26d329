import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Field } from "../src/expression/field.ts";
import { Form } from "../src/expression/form.ts";
import type { Panel } from "../src/expression/panel.ts";

/** A panel as its form sees it. */
class Seat {
  openFor: Field | null = null;
  hasFocus = false;

  toggle(field: Field): void {
    if (this.openFor === field) return this.close();
    this.open(field);
    this.focus();
  }

  open(field: Field): void {
    this.openFor = field;
  }

  close(): void {
    this.openFor = null;
    this.hasFocus = false;
  }

  focus(): void {
    this.hasFocus = true;
  }

  redraw(): void {}

  get asPanel(): Panel {
    return this as unknown as Panel;
  }
}

const fieldOf = (id: string): Field => ({ id }) as unknown as Field;

function orders<T>(all: readonly T[]): T[][] {
  if (!all.length) return [[]];
  return all.flatMap((one) => orders(all.filter((other) => other !== one)).map((rest) => [one, ...rest]));
}

const COMES = ["the field comes", "the panel comes"];
const GOES = ["the old field goes", "the old panel goes"];

let number = 0;

function drawn(): { form: Form; field: Field; seat: Seat } {
  const form = Form.of(`form ${number++}`);
  const field = fieldOf("title");
  const seat = new Seat();
  form.come(field);
  form.seat(seat.asPanel);
  return { form, field, seat };
}

for (const order of orders(["it is asked for", ...COMES]).filter((one) => one.indexOf("the field comes") < one.indexOf("it is asked for")))
  test(`values open for a form that is being drawn: ${order.join(", ")}`, () => {
    const form = Form.of(`form ${number++}`);
    const field = fieldOf("title");
    const seat = new Seat();
    for (const one of order) {
      if (one === "the field comes") form.come(field);
      else if (one === "the panel comes") form.seat(seat.asPanel);
      else form.ask(field);
    }
    assert.deepEqual([seat.openFor, seat.hasFocus], [field, true]);
  });

for (const order of orders([...GOES, ...COMES]))
  for (let after = 0; after <= order.length; after++)
    test(`values stay open when the form is drawn anew: ${[...order.slice(0, after), "ASK", ...order.slice(after)].join(", ")}`, () => {
      const { form, field, seat } = drawn();
      const [nextField, nextSeat] = [fieldOf("title"), new Seat()];
      let current = field;
      const all: (() => void)[] = order.map((one) => () => {
        if (one === "the old field goes") form.leave(field);
        else if (one === "the old panel goes") form.unseat(seat.asPanel);
        else if (one === "the panel comes") form.seat(nextSeat.asPanel);
        else form.come((current = nextField));
      });
      all.splice(after, 0, () => form.ask(current));
      all.forEach((one) => one());
      assert.deepEqual([nextSeat.openFor, nextSeat.hasFocus], [nextField, true]);
    });

test("nothing opens over what a person has turned to", () => {
  const form = Form.of(`form ${number++}`);
  const field = fieldOf("title");
  const seat = new Seat();
  form.come(field);
  form.ask(field);
  Form.turn();
  form.seat(seat.asPanel);
  assert.equal(seat.openFor, null);
});
