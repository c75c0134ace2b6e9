// The stream from the agent: facts as they come, and once a second what has changed. It comes back by itself, and says
// while it is away.

import { store } from "./store.js";

const silence = 6000; // the agent says something every second: after so many ms without, the line is dead
const pause = 1000; // before trying again

let source, watch, last = "";

export function open(unauthorised) {
  close();
  source = new EventSource("/events?changes=1" + (last ? `&last_event_id=${encodeURIComponent(last)}` : ""));
  const hear = (f) => (e) => {
    clearTimeout(watch);
    watch = setTimeout(() => lost(unauthorised), silence);
    if (e.lastEventId) last = e.lastEventId;
    f(e.data);
  };
  source.addEventListener("hello", hear((data) => {
    store.about = JSON.parse(data);
  }));
  source.addEventListener("changes", hear((data) => {
    store.live.change(JSON.parse(data));
    if (store.link !== "live") store.link = "live";
    store.changed("rows");
  }));
  source.addEventListener("gap", hear((data) => {
    store.add({ event: "gap", inst: "", ts: new Date().toISOString(), sev: "warn", n: JSON.parse(data).missed, why: "events came faster than this page could take them, or it was away for too long" });
  }));
  source.addEventListener("message", hear((data) => store.add(JSON.parse(data))));
  source.addEventListener("error", () => lost(unauthorised));
  watch = setTimeout(() => lost(unauthorised), silence);
}

export function close() {
  clearTimeout(watch);
  watch = 0;
  source?.close();
}

// isClosed: nobody is trying to come back either.
export const isClosed = () => source && !watch;

// lost tells, and tries again: by hand, because a browser gives up for good after an answer that is no stream.
function lost(unauthorised) {
  close();
  if (store.link !== "lost") {
    store.link = "lost";
    store.changed("rows");
  }
  watch = setTimeout(async () => {
    const status = await fetch("/api/v1/about", { method: "HEAD" }).then((r) => r.status, () => 0);
    if (status === 401) unauthorised();
    else open(unauthorised);
  }, pause);
}

// ask fetches what is asked for once: of the past, of a graph. It throws words for people.
export async function ask(path) {
  const answer = await fetch(path);
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Error([said.error ?? `the agent answered ${answer.status}`, said.hint].filter(Boolean).join(": "));
}

// lines yields the objects of an answer in JSON lines.
export async function lines(path) {
  const text = await (await ask(path)).text();
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

// change asks the agent to do something.
export async function change(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "X-Glass": "1", "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (answer.ok) return;
  const said = await answer.json().catch(() => ({}));
  throw new Error([said.error ?? `the agent answered ${answer.status}`, said.hint].filter(Boolean).join(": "));
}
