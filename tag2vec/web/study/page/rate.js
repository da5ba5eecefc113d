import { asked, at, made } from "../page/parts.js";

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
let key = new URLSearchParams(location.hash.slice(1)).get("rater"); // in the link: a reload goes on
let place = 0; // of the page that is shown, in this rater's order
let shownAt = 0;

/** The answer to a question of ours; while the server is away it is asked again, so that no mark is lost. */
async function sure(path, options) {
  for (;;) {
    try {
      const found = await asked(path, options);
      say("");
      return found;
    } catch (error) {
      if (error.status && error.status < 500) throw error;
      say(`${error.message} Your marks are kept here; trying again …`, true);
      await wait(2000);
    }
  }
}

function say(text, bad = false) {
  at("said").textContent = text;
  at("said").classList.toggle("bad", bad);
}

const json = (method, body) => ({ method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Meanwhile nothing can be marked; what goes wrong is said. */
async function trying(work) {
  busy(true);
  try {
    await work();
  } catch (error) {
    say(error.message, true);
  } finally {
    busy(false);
  }
}

async function start() {
  if (key) return resume();
  const study = await sure("v1/study");
  if (study.invited) return say("Raters of this study need a link. Ask who runs it for yours.", true);
  at("begin").hidden = false;
  at("name").focus();
}

const rater = () => `v1/raters/${encodeURIComponent(key)}`;
const resume = async () => go(await sure(rater()));

function go(progress) {
  at("who").textContent = progress.name;
  at("done").hidden = false;
  at("done").value = progress.done / progress.pages;
  at("done").title = `${progress.done} of ${progress.pages} pages`;
  return progress.next < progress.pages ? show(progress.next) : finished(progress);
}

function finished(progress) {
  at("page").hidden = true;
  at("clip").removeAttribute("src");
  say(`Thank you, ${progress.name}: all ${progress.pages} pages are answered.`);
}

async function show(which) {
  const page = await sure(`${rater()}/pages/${which}`);
  place = which;
  const boxes = page.tags.map(({ number, tag }) =>
    made("label", {}, made("input", { type: "checkbox", value: number, checked: page.marked?.includes(number) ?? false }), `#${tag}`));
  at("tags").replaceChildren(...boxes);
  at("part").textContent = page.of > 1 ? `(${page.part} of ${page.of})` : "";
  if (at("clip").getAttribute("src") !== page.clip) at("clip").src = page.clip;
  at("page").hidden = false;
  shownAt = performance.now();
  count();
}

/** Until the next page is there, nothing of this one can be marked any more. */
function busy(is) {
  at("marks").disabled = is;
  at("next").disabled = is;
  at("back").disabled = is || place === 0;
}

const checked = () => [...at("tags").querySelectorAll(":checked")].map((box) => Number(box.value));

function count() {
  const number = checked().length;
  at("count").textContent = `${number} of ${at("tags").children.length} marked`;
  at("next").textContent = number ? "Next" : "None is relevant";
}

async function begin() {
  ({ key } = await sure("v1/raters", json("POST", { name: at("name").value })));
  location.hash = new URLSearchParams({ rater: key });
  at("begin").hidden = true;
  await resume();
}

async function answer() {
  const marks = { relevant: checked(), seconds: (performance.now() - shownAt) / 1000 };
  const progress = await sure(`${rater()}/pages/${place}`, json("PUT", marks));
  // Who went back goes on where he was, page by page.
  await go({ ...progress, next: progress.next > place ? Math.min(place + 1, progress.next) : progress.next });
}

for (const [form, work] of [["begin", begin], ["answer", answer]]) {
  at(form).addEventListener("submit", (event) => {
    event.preventDefault();
    trying(work);
  });
}
at("tags").addEventListener("change", count);
at("back").addEventListener("click", () => trying(() => show(place - 1)));
document.addEventListener("keydown", (event) => {
  if (at("page").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const clip = at("clip");
  if (event.key === " " && !event.target.closest("input, button, video")) {
    event.preventDefault();
    clip.paused ? clip.play() : clip.pause();
  } else if (event.key.toLowerCase() === "r") {
    clip.currentTime = 0;
    clip.play();
  }
});
trying(start);
