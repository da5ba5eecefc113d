import { asked, at, later, made, sent } from "./parts.js";

const GROUPS = { rising: "Rising now", broad: "Broad", niche: "Niche" };
const clips = new Set();
let places = {};
let model = { titles: false };

class Clip {
  constructor(file) {
    this.file = file;
    this.dropped = new Set(); // tags that the user does not want
    this.tags = [];
    this.turn = 0;
    this.root = at("clip").content.firstElementChild.cloneNode(true);
    this.part = (name) => this.root.querySelector(name);
    this.part("h2").textContent = file.name;
    this.part("video").src = `${URL.createObjectURL(file)}#t=0.1`;
    this.part(".copy").addEventListener("click", () => this.copy());
    this.part(".away").addEventListener("click", () => this.remove());
    this.part(".title").hidden = !model.titles;
    this.part(".title input").addEventListener("input", later(() => this.ask()));
    const explain = later(() => this.explain(), 200); // on hover, or by the keyboard
    for (const name of ["pointerover", "focusin"]) this.part(".groups").addEventListener(name, explain);
    at("clips").prepend(this.root);
  }

  say(text, bad = false) {
    this.part(".said").textContent = text;
    this.part(".said").classList.toggle("bad", bad);
  }

  form(settings) {
    const form = new FormData();
    const title = this.part(".title input").value.trim();
    if (this.id) form.append("seen", this.id);
    else form.append("clip", this.file, this.file.name);
    form.append("k", at("count").value || 15);
    form.append("style", at("style").value);
    if (at("platform").value) form.append("for", at("platform").value);
    for (const tag of at("exclude").value.split(/[\s,]+/).filter(Boolean)) form.append("exclude", tag);
    if (title && model.titles) form.append("title", title);
    for (const [name, value] of Object.entries(settings)) form.append(name, value);
    return form;
  }

  /** The answer of the API. The clip is sent once; as long as the server keeps it, its name is enough. */
  async answer(settings, told = () => {}) {
    try {
      const found = await sent("v1/suggest", this.form(settings), told);
      this.id = found.id;
      return found;
    } catch (error) {
      if (!this.id || error.status !== 404) throw error;
      this.id = null;
      return this.answer(settings, told);
    }
  }

  /** How much of the clip has been sent, from 0 to 1. */
  progress(share) {
    const bar = this.part("progress");
    if (share < 1) bar.value = share;
    else bar.removeAttribute("value"); // all is there, and is looked at
    this.say(share < 1 ? "Sending the clip …" : "Looking at the clip …");
  }

  /** One question at a time; what changed meanwhile is asked afterwards. */
  async ask() {
    this.stale = true;
    if (this.asking) return;
    this.asking = true;
    this.part("progress").hidden = false;
    while (this.stale && clips.has(this)) await this.once();
    this.part("progress").hidden = true;
    this.asking = false;
  }

  async once() {
    this.stale = false;
    this.turn++;
    try {
      const found = await this.answer({}, (share) => this.progress(share));
      this.tags = found.suggestions;
      this.explained = false;
      this.say(found.warning ?? "");
      this.show();
    } catch (error) {
      if (error.status === 429) { // the queue is full: it is our turn later
        this.say("Waiting for other clips …");
        await new Promise((done) => setTimeout(done, 1000 * (error.after || 2)));
        this.stale = true;
        return;
      }
      this.say(error.message, true);
    }
  }

  /** What speaks for each hashtag: looked for once, when somebody wants to know. */
  async explain() {
    if (this.explained || this.asking) return;
    this.explained = true;
    const turn = this.turn;
    try {
      const found = await this.answer({ explain: true });
      const whys = new Map(found.suggestions.map((tag) => [tag.stem, tag.why]));
      if (turn !== this.turn) return;
      for (const chip of this.root.querySelectorAll(".chip")) chip.title += because(whys.get(chip.dataset.stem));
    } catch {
      this.explained = false; // the next time perhaps
    }
  }

  show() {
    const best = Math.max(...this.tags.map((tag) => tag.score ?? 0), 1e-9);
    const groups = Object.entries(GROUPS).map(([group, name]) => {
      const chips = this.tags.filter((tag) => tag.group === group).map((tag) => made("li", {}, this.chip(tag, best)));
      return chips.length ? made("section", {}, made("h3", { textContent: name }), made("ul", {}, ...chips)) : "";
    });
    this.part(".groups").replaceChildren(...groups);
    this.count();
  }

  chip(tag, best) {
    const about = [`${tag.count.toLocaleString()} posts`];
    if (tag.score !== null) about.unshift(`score ${tag.score.toFixed(3)}`);
    if (tag.trend !== undefined) about.push(tag.trend > 0 ? "rising" : "not rising");
    const chip = made("button", { type: "button", className: "chip", title: about.join(", ") }, `#${tag.tag}`);
    chip.dataset.stem = tag.stem;
    const bar = made("i");
    bar.style.width = `${(100 * Math.max(tag.score ?? 0, 0)) / best}%`;
    chip.append(bar);
    const press = () => chip.setAttribute("aria-pressed", !this.dropped.has(tag.stem));
    chip.addEventListener("click", () => {
      if (!this.dropped.delete(tag.stem)) this.dropped.add(tag.stem);
      press();
      this.count();
    });
    press();
    return chip;
  }

  line() {
    return this.tags.filter((tag) => !this.dropped.has(tag.stem)).map((tag) => `#${tag.tag}`).join(" ");
  }

  count() {
    const line = this.line();
    const number = line ? line.split(" ").length : 0;
    const place = places[at("platform").value];
    const most = place?.tags;
    const letters = place?.characters;
    const output = this.part("output");
    output.textContent = `${number}${most ? ` of ${most}` : ""} hashtags, ${[...line].length}${letters ? ` of ${letters}` : ""} characters`;
    output.classList.toggle("bad", number > (most ?? number) || [...line].length > (letters ?? Infinity));
    this.part(".copy").disabled = !number;
  }

  async copy() {
    await navigator.clipboard.writeText(this.line());
    this.say("Copied.");
  }

  remove() {
    this.turn++;
    URL.revokeObjectURL(this.part("video").src.split("#")[0]);
    clips.delete(this);
    this.root.remove();
  }
}

function because(why) {
  if (!why) return "";
  const clips = (why.clips ?? []).map(([name, cosine]) => `${name} (${cosine.toFixed(2)})`);
  const reasons = [...clips, ...(why.words ?? []).map((word) => `“${word}”`), ...(why.names ?? [])];
  const seconds = why.seconds ? `\nmost from ${why.seconds[0].toFixed(1)} to ${why.seconds[1].toFixed(1)} s` : "";
  return (reasons.length ? `\nlike ${reasons.join(", ")}` : "") + seconds;
}

function add(files) {
  for (const file of files) {
    const clip = new Clip(file);
    clips.add(clip);
    clip.ask();
  }
}

at("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = ""; // the same clip may be chosen again
});
const drop = at("drop");
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop") add(event.dataTransfer.files);
  });
}
const again = later(() => clips.forEach((clip) => clip.ask()));
for (const id of ["platform", "count", "style", "exclude"]) at(id).addEventListener("input", again);
at("wanted").addEventListener("submit", (event) => event.preventDefault());

at("stay").hidden = !["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
model = await asked("v1/model");
places = Object.fromEntries((await asked("v1/platforms")).platforms.map((one) => [one.name, one]));
at("platform").append(...Object.keys(places).map((name) => made("option", { value: name, textContent: name })));
