const FINAL = new Set(["succeeded", "failed", "cancelled"]);
const NOTHING = { run: null, steps: {}, text: {}, at: 0 };
const FIRST_DELAY = 500;
const LONGEST_DELAY = 8000;
const REFUSED = 4000;

/**
 * What is known of the run that the canvas shows: an external store for React, fed by the server's data and by the
 * run's WebSocket. Every message is a whole snapshot, `{run, steps, text, at}`, so that none needs the one before.
 */
export class RunFeed {
  #listeners = new Set();
  #snapshot = NOTHING;
  #connected = true;
  #skew = 0;
  #live = null;
  #socket = null;
  #retry = null;
  #delay = FIRST_DELAY;
  #onFinished;

  /** `onFinished` is called with the final status, once a run, when the socket brings it. */
  constructor(onFinished) {
    this.#onFinished = onFinished;
  }

  subscribe = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  run = () => this.#snapshot.run;

  step = (id) => this.#snapshot.steps[id];

  text = (id) => this.#snapshot.text[id] ?? "";

  connected = () => this.#connected;

  /** The server's clock, in seconds since 1970. */
  now = () => Date.now() / 1000 + this.#skew;

  /** Show what the server gave: the path of a run's socket, or null, and a snapshot, or null. */
  show(live, status) {
    const changed = live !== this.#live;
    if (changed) this.#disconnect();
    this.#live = live;
    if (status) this.#take(status);
    else if (!live || changed) this.#take(NOTHING);
    if (live && changed && !this.#over()) this.#connect();
  }

  close() {
    this.#disconnect();
    this.#listeners.clear();
  }

  #over() {
    return FINAL.has(this.#snapshot.run?.status);
  }

  #take(next) {
    const known = this.#snapshot;
    const sameRun = known.run?.id === next.run?.id;
    if (sameRun && next.at <= known.at) return;
    this.#skew = next.at ? next.at - Date.now() / 1000 : 0;
    this.#snapshot = { ...next, run: keep(known.run, next.run), steps: keepSteps(known.steps, next.steps) };
    this.#tell();
  }

  #connect() {
    const url = new URL(this.#live, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      this.#delay = FIRST_DELAY;
      this.#setConnected(true);
      this.#take(JSON.parse(data));
      if (!this.#over()) return;
      this.#disconnect();
      this.#onFinished(this.#snapshot.run.status);
    };
    socket.onclose = ({ code }) => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#setConnected(false);
      if (code >= REFUSED) return;
      this.#retry = setTimeout(() => this.#connect(), this.#delay * (0.75 + Math.random() / 2));
      this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
    };
  }

  #disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#retry);
    this.#delay = FIRST_DELAY;
    this.#setConnected(true);
    socket?.close();
  }

  #setConnected(connected) {
    if (connected === this.#connected) return;
    this.#connected = connected;
    this.#tell();
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}

// What did not change keeps its identity, so that React draws only the steps that did.
function keep(known, next) {
  return known && JSON.stringify(known) === JSON.stringify(next) ? known : next;
}

function keepSteps(known, next) {
  return Object.fromEntries(Object.entries(next).map(([id, step]) => [id, keep(known[id], step)]));
}
