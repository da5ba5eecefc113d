// What both tabs use. Text from the server only ever becomes text nodes: a tag may be called anything.

export const at = (id) => document.getElementById(id);

export function made(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const AWAY = "The server does not answer. Is it still running?";

/** The answer of the API, or an Error with the sentence that it gives. */
export async function asked(path, options) {
  let reply;
  try {
    reply = await fetch(path, options);
  } catch {
    throw new Error(AWAY);
  }
  const body = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(body.detail), { status: reply.status, after: Number(reply.headers.get("Retry-After")) });
  return body;
}

/** `asked` for a form with a file: `told` hears which share of it has been sent. */
export function sent(path, form, told) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest(); // fetch does not say how far it is
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onerror = () => failed(new Error(AWAY));
    request.onload = () => {
      const { response: body, status } = request;
      if (status < 400 && body) return done(body);
      failed(Object.assign(new Error(body?.detail ?? AWAY), { status, after: Number(request.getResponseHeader("Retry-After")) }));
    };
    request.open("POST", path);
    request.send(form);
  });
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
    at(one.getAttribute("aria-controls")).hidden = !chosen;
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
