import { asked, later, made } from "./parts.js";

const GROUPS = { rising: "Rising now", broad: "Broad", niche: "Niche" };
const at = (id) => document.getElementById(id);
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
    this.ask();
  }

  say(text, bad = false) {
    this.part(".said").textContent = text;
    this.part(".said").classList.toggle("bad", bad);
  }

  form() {
    const form = new FormData();
    const title = this.part(".title input").value.trim();
    form.append("clip", this.file, this.file.name);
    form.append("k", at("count").value || 15);
    form.append("style", at("style").value);
    if (at("platform").value) form.append("for", at("platform").value);
    for (const tag of at("exclude").value.split(/[\s,]+/).filter(Boolean)) form.append("exclude", tag);
    if (title && model.titles) form.append("title", title);
    return form;
  }

  async ask() {
    const turn = ++this.turn;
    const form = this.form();
    this.explained = false;
    this.part("progress").hidden = false;
    this.part("progress").removeAttribute("value");
    this.say("Looking at the clip …");
    try {
      const found = await asked("v1/suggest", { method: "POST", body: form });
      if (turn !== this.turn) return; // asked again since
      this.tags = found.suggestions;
      this.say(found.warning ?? "");
      this.show();
    } catch (error) {
      if (turn !== this.turn) return;
      if (error.status === 429) { // the queue is full: it is our turn later
        this.say("Waiting for other clips …");
        setTimeout(() => turn === this.turn && this.ask(), 1000 * (error.after || 2));
        return;
      }
      this.say(error.message, true);
    }
    this.part("progress").hidden = true;
  }

  /** What speaks for each hashtag: looked for once, when somebody wants to know. */
  async explain() {
    if (this.explained) return;
    this.explained = true;
    const turn = this.turn;
    const form = this.form();
    form.append("explain", true);
    try {
      const found = await asked("v1/suggest", { method: "POST", body: form });
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
  for (const file of files) clips.add(new Clip(file));
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

model = await asked("v1/model");
places = Object.fromEntries((await asked("v1/platforms")).platforms.map((one) => [one.name, one]));
at("platform").append(...Object.keys(places).map((name) => made("option", { value: name, textContent: name })));
