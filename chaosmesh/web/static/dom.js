/** Elements by name, properties and children; lists kept by key, so that what is in use keeps its focus. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. `on…` are listeners, `text` is its text, null and false leave an attribute out. */
export function h(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** An SVG element, in the same way. */
export function s(tag, props = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else set(element, name, value);
  }
  element.append(...children.filter((one) => one !== null && one !== false));
  return element;
}

/** Sets an attribute only where it is another: what stays the same is not painted again. */
export function set(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else {
    const text = value === true ? "" : String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Sets the text of an element only where it is another. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Gives a control a value unless somebody is just changing it. */
export function offer(control, value) {
  if (document.activeElement !== control && control.value !== String(value)) control.value = value;
}

/**
 * A list inside `parent` that follows data. `make(item)` gives `{element, update(item)}`; `key(item)` says which is which.
 * What is gone is removed, so the page never holds more than the data.
 */
export function keyed(parent, key, make) {
  const held = new Map();
  return (items) => {
    const wanted = new Set(items.map(key));
    for (const [name, one] of held) {
      if (!wanted.has(name)) {
        one.element.remove();
        held.delete(name);
      }
    }
    let before = null;
    for (const item of items) {
      const name = key(item);
      if (!held.has(name)) held.set(name, make(item));
      const one = held.get(name);
      one.update(item);
      const place = before ? before.nextSibling : parent.firstChild;
      if (one.element !== place) parent.insertBefore(one.element, place);
      before = one.element;
    }
  };
}

let last = 0;

/** An id for a label and its control. */
export function fresh(name) {
  last += 1;
  return `${name}-${last}`;
}
