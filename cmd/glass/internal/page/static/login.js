// The form for the token, where the agent wants one.

import { h } from "./dom.js";
import { change } from "./stream.js";

export function login(main, done) {
  const wrong = h("p", { class: "wrong", role: "alert" });
  const field = h("input", { type: "password", name: "token", autocomplete: "current-password", required: true, "aria-label": "Token" });
  const submit = async (e) => {
    e.preventDefault();
    try {
      await change("/login", { token: field.value });
    } catch (err) {
      wrong.textContent = err.message;
      field.select();
      return;
    }
    main.replaceChildren();
    done();
  };
  main.replaceChildren(h("div", { class: "login" }, h("h1", {}, "This agent wants a token"),
    h("p", {}, "It is in the file that glass serve was given with --token-file."),
    h("form", { onsubmit: submit }, field, h("button", {}, "Enter")), wrong));
  field.focus();
  return {};
}
