// Keeps a draft while somebody writes: some seconds after the last key, one request at a time, to the page's own
// address. It sends what stands in the form and changes nothing in it but two hidden fields: which draft it is, and
// which text of it this window has seen. Without this script the button does the same.

export const QUIET = 3000;
export const AGAIN = 15000;

/** What a window does while somebody writes. `send()` answers {status, told}; `say(what, text)` shows it. */
export class Keeper {
  // Timers of a browser are no methods of ours: called as such they throw, and nothing would be kept.
  constructor({ send, note, say, later = (then, wait) => setTimeout(then, wait), never = (timer) => clearTimeout(timer) }) {
    Object.assign(this, { send, note, say, later, never });
    this.timer = null;
    this.flight = null;
    this.dirty = false;
    this.over = false;
  }

  /** Something was typed. */
  typed() {
    this.dirty = true;
    this.soon(QUIET);
  }

  /** Nothing more is sent from here; what is on its way comes to its end. */
  async end() {
    this.over = true;
    this.never(this.timer);
    await this.flight;
  }

  soon(wait) {
    if (this.over || this.flight) return;
    this.never(this.timer);
    this.timer = this.later(() => this.keep(), wait);
  }

  async keep() {
    if (this.over || this.flight || !this.dirty) return;
    this.dirty = false;
    let wait = QUIET;
    this.flight = this.once();
    try {
      wait = await this.flight;
    } finally {
      this.flight = null;
    }
    if (this.dirty && wait !== null) this.soon(wait);
  }

  /** One attempt: after how long the next may follow; null: not before something else is typed. */
  async once() {
    let answer;
    try {
      answer = await this.send();
    } catch {
      answer = { status: 0, told: {} };
    }
    const { status, told } = answer;
    if (status === 200) {
      this.note(told);
      this.say("kept");
      return QUIET;
    }
    this.dirty = true;
    if (status === 409 && told.code === "REQ-STALE") {
      this.over = true; // never over what another window wrote: the button keeps both
      this.say("stale");
      return null;
    }
    if (status === 401) {
      this.say("expired");
      return null;
    }
    if (told.sentence) {
      this.say("refused", told.sentence);
      return null;
    }
    this.say("lost");
    return AGAIN;
  }
}

function watch(form, line) {
  const keeper = new Keeper({
    send: async () => {
      const sent = new URLSearchParams(new FormData(form));
      const answer = await fetch(form.dataset.keep, { method: "POST", body: sent, redirect: "error" });
      return { status: answer.status, told: await answer.json() };
    },
    note: (told) => {
      for (const name of ["draft", "seen"]) form.elements[name].value = told[name];
    },
    say: (what, text) => {
      line.textContent = text || line.dataset[what];
      line.className = what === "kept" ? "" : "wrong";
    },
  });
  form.addEventListener("input", () => keeper.typed());
  form.addEventListener("submit", async (event) => {
    if (!keeper.flight) return void keeper.end();
    event.preventDefault(); // what is on its way says which draft this is
    await keeper.end();
    form.requestSubmit(event.submitter);
  });
  window.addEventListener("pageshow", () => (keeper.over = keeper.over && line.textContent === line.dataset.stale));
}

const form = globalThis.document?.querySelector("form[data-keep]");
if (form) watch(form, document.getElementById("kept"));
