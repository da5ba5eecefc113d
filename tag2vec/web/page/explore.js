import { asked, at, later, made } from "./parts.js";

const MOST = 30;

async function look(tag) {
  if (!tag.trim()) return;
  at("tag").value = tag;
  try {
    const path = `v1/related/${encodeURIComponent(tag.trim())}?k=${MOST}&space=${at("side").value}`;
    const { query, tags } = await asked(path);
    const [found] = query;
    const shown = found.found.split(" ").map((one) => `#${one}`).join(" ");
    at("said").textContent = found.step === "exact" ? `Near ${shown}` : `#${found.asked.replace(/^#/, "")} is not known; near ${shown}`;
    show(tags);
    weeks(shown.includes(" ") ? "" : found.found);
  } catch (error) {
    at("said").textContent = error.message;
    show([]);
    weeks("");
  }
}

/** The share of authors that use a tag, week by week, where the model knows it. */
async function weeks(tag) {
  const figure = at("weeks");
  figure.hidden = true;
  if (!tag || !model.trends) return;
  const found = await asked(`v1/trend/${encodeURIComponent(tag)}`).catch(() => null);
  const most = Math.max(...(found?.weeks ?? []).map((week) => week.share), 0);
  if (!most) return;
  const last = found.weeks.at(-1);
  const points = found.weeks.map((week, i) => `${(600 * i) / (found.weeks.length - 1)},${88 - (86 * week.share) / most}`);
  figure.querySelector("polyline").setAttribute("points", points.join(" "));
  figure.querySelector("figcaption").textContent = `#${found.tag}, authors in ${found.weeks.length} weeks until ${last.until}: `
    + `at most ${(1000 * most).toFixed(1)} of a thousand a week, ${(1000 * last.share).toFixed(1)} in the last`;
  figure.hidden = false;
}

function show(tags) {
  const scores = tags.map((tag) => tag.score);
  const low = Math.min(...scores), high = Math.max(...scores);
  const share = (score) => (high > low ? (score - low) / (high - low) : 1);
  at("near").replaceChildren(...tags.map((tag) => {
    const name = made("button", { type: "button" }, `#${tag.tag}`);
    name.addEventListener("click", () => look(tag.tag));
    const bar = made("meter", { value: 0.05 + 0.95 * share(tag.score), title: `score ${tag.score.toFixed(3)}, ${tag.count.toLocaleString()} posts` });
    bar.setAttribute("aria-label", `score ${tag.score.toFixed(3)}`);
    return made("li", {}, name, bar);
  }));
  at("cloud").replaceChildren(...tags.map((tag) => {
    const word = made("span", {}, tag.tag);
    word.style.fontSize = `${0.8 + 1.8 * share(tag.score)}rem`;
    return word;
  }));
}

const model = await asked("v1/model");
at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  look(at("tag").value);
});
at("side").addEventListener("input", () => look(at("tag").value));
at("tag").addEventListener("input", later(async () => {
  const { tags } = await asked(`v1/tags?prefix=${encodeURIComponent(at("tag").value)}&k=10`);
  at("typed").replaceChildren(...tags.map((tag) => made("option", { value: tag.tag })));
}, 150));
