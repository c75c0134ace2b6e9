// The empty page says how to fill it.

import { h } from "./dom.js";
import { store } from "./store.js";

const goProgram = (at) => `import "github.com/glassmq/zmq/observe"

f, err := observe.Forward(ctx, zmqContext, "${at}", observe.ForwardOptions{App: "prices"})
if err != nil {
	return err
}
defer f.Close()`;

const python = (at) => `import glass_bridge                        # examples/bridge/python

glass_bridge.watch(feed, "feed", app="prices", agent="${at}")`;

export function welcome() {
  const at = store.about.ingest || "tcp://127.0.0.1:5580";
  return h("div", { class: "welcome" },
    h("p", { class: "lead" }, "The agent runs, and no program has told it of a socket. Point one at ", h("code", {}, at), "; it shows up here at once."),
    h("h2", { class: "title" }, "A Go program"), h("pre", {}, goProgram(at)),
    h("h2", { class: "title" }, "A program with libzmq, in any language"), h("p", {}, "A bridge of one file forwards what its monitor says, and never waits. In Python:"), h("pre", {}, python(at)),
    h("p", {}, "The same for C and Node is in ", h("code", {}, "examples/bridge"), "."),
    h("h2", { class: "title" }, "Just to look around"), h("pre", {}, "glass demo"));
}
