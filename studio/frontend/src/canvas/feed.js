const FINAL = new Set(["succeeded", "failed", "cancelled"]);
const NOTHING = { run: null, steps: {}, text: {}, at: 0 };
const FIRST_DELAY = 500;
const LONGEST_DELAY = 8000;
const REFUSED = 4000;
const TELL_AFTER = 200;
const MOST_TELLINGS = 5;

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
  #heard = null;
  #page = null;
  #telling = null;
  #tellings = 0;
  #onNews;

  /**
   * `onNews` is called with the run's status when the socket brings what the page has to show: the run is over, waits
   * for something else, or goes on.
   */
  constructor(onNews) {
    this.#onNews = onNews;
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
    this.#page = standing(status ?? NOTHING);
    if (status) this.#take(status);
    else if (!live || changed) this.#take(NOTHING);
    if (live && changed && !this.#over()) this.#connect();
    this.#tellPage();
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
      const picture = JSON.parse(data);
      this.#heard = standing(picture);
      this.#take(picture);
      if (this.#over()) {
        this.#disconnect();
        this.#onNews(this.#snapshot.run.status);
      } else {
        this.#tellPage();
      }
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
    clearTimeout(this.#telling);
    this.#telling = null;
    this.#heard = null;
    this.#tellings = 0;
    this.#delay = FIRST_DELAY;
    this.#setConnected(true);
    socket?.close();
  }

  // The journal that the page reads may be some milliseconds behind the socket: tell it again, but not for ever.
  #tellPage() {
    if (this.#heard === null || this.#heard === this.#page) {
      this.#tellings = 0;
      return;
    }
    if (this.#telling !== null || this.#tellings === MOST_TELLINGS) return;
    this.#telling = setTimeout(() => {
      this.#telling = null;
      if (this.#heard === this.#page) return;
      this.#tellings += 1;
      this.#onNews(this.#snapshot.run.status);
    }, TELL_AFTER * (1 + this.#tellings));
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

/** What a page shows of a run besides its canvas, in short: whether it is under way, and what it waits for. */
function standing({ run, steps }) {
  if (!run || FINAL.has(run.status)) return run?.status ?? null;
  const waiting = Object.keys(steps).filter((id) => steps[id].status === "waiting");
  return JSON.stringify([run.status === "waiting", waiting.sort().map((id) => [id, steps[id].done])]);
}

// What did not change keeps its identity, so that React draws only the steps that did.
function keep(known, next) {
  return known && JSON.stringify(known) === JSON.stringify(next) ? known : next;
}

function keepSteps(known, next) {
  return Object.fromEntries(Object.entries(next).map(([id, step]) => [id, keep(known[id], step)]));
}
