// The stream of events, and what is asked besides. A stream that breaks is asked for again by the
// browser; one that is refused means that the visit is over.

const API = "/standby/api/v1/";

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export async function get(path) {
  const answer = await fetch(API + path, { headers: { accept: "application/json" } });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, said?.error?.message ?? answer.statusText);
  }
  return answer.json();
}

// Change something; `hand` is the key that allows it.
export async function change(path, hand) {
  const answer = await fetch(API + path, { method: "POST", headers: { "x-standby-hand": hand } });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, said?.error?.message ?? answer.statusText);
  return said;
}

// `handlers` are by event; `state` is told "live", "waiting" or "over".
export function listen(handlers, state) {
  let source;
  const open = () => {
    source = new EventSource(`${API}events`);
    source.addEventListener("open", () => state("live"));
    source.addEventListener("error", async () => {
      state("waiting");
      if (source.readyState !== EventSource.CLOSED) return;
      state(await reason());
      setTimeout(open, 3000);
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
  };
  open();
}

async function reason() {
  try {
    await get("status");
    return "waiting";
  } catch (error) {
    return error instanceof Refused && error.status === 401 ? "over" : "waiting";
  }
}
