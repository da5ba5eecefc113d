// What both tabs use. Text from the server only ever becomes text nodes: a tag may be called anything.

export function made(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** The answer of the API, or an Error with the sentence that it gives. */
export async function asked(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is tag2vec serve still running?");
  }
  const body = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(body.detail), { status: reply.status, after: Number(reply.headers.get("Retry-After")) });
  return body;
}

/** `call` once it has not been called for a while. */
export function later(call, milliseconds = 300) {
  let waiting;
  return (...given) => {
    clearTimeout(waiting);
    waiting = setTimeout(call, milliseconds, ...given);
  };
}

// Tabs as screen readers know them: arrows go from one to the other.
const tabs = [...document.querySelectorAll("[role=tab]")];
function show(tab) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", chosen);
    one.tabIndex = chosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).hidden = !chosen;
  }
}
for (const [place, tab] of tabs.entries()) {
  tab.addEventListener("click", () => show(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(place + step + tabs.length) % tabs.length];
    show(next);
    next.focus();
  });
}
