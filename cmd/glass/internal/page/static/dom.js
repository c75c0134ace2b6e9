// Elements, and nothing about what they mean.

const svg = "http://www.w3.org/2000/svg";

// h makes an element: h("p", {class: "x", onclick: f}, "text", child). An absent child (null, false) is left out.
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

// s is the same for SVG.
export function s(tag, props, ...children) {
  return fill(document.createElementNS(svg, tag), props, children);
}

function fill(el, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? "" : value);
  }
  el.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return el;
}

// text changes an element's text only if it is another: most cells stay as they are from one second to the next.
export function text(el, value) {
  if (el.textContent !== value) el.textContent = value;
}

// attr does the same for an attribute; null takes it away.
export function attr(el, name, value) {
  if (value === null || value === undefined || value === false) el.removeAttribute(name);
  else if (el.getAttribute(name) !== String(value)) el.setAttribute(name, value);
}

// isTyping says whether a key belongs to a field and not to the page.
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}
