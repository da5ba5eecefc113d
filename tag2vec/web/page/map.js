import { asked, at } from "./parts.js";

const canvas = at("map");
const pen = canvas.getContext("2d");
const STEP = 1.5; // closer or farther at once
const GAP = 4; // pixels between names
let tags = [];
let middle = [0, 0];
let zoom = 1;

async function draw() {
  at("draw").disabled = true;
  at("mapped").textContent = "Drawing takes some seconds …";
  try {
    tags = (await asked("v1/map")).tags;
  } catch (error) {
    at("mapped").textContent = error.message;
    at("draw").disabled = false;
    return;
  }
  canvas.hidden = false;
  at("draw").hidden = true;
  at("closer").disabled = at("farther").disabled = false;
  paint();
}

const place = ([x, y]) => {
  const half = Math.min(canvas.width, canvas.height) / 2.2;
  return [canvas.width / 2 + (x - middle[0]) * half * zoom, canvas.height / 2 - (y - middle[1]) * half * zoom];
};

function paint() {
  const dots = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * dots;
  canvas.height = canvas.clientHeight * dots;
  const size = 13 * dots;
  pen.font = `${size}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  const taken = [];
  let named = 0;
  for (const { tag, at: where, group } of tags) { // the most frequent first: they are named first
    const [x, y] = place(where);
    if (x < 0 || y < 0 || x > canvas.width || y > canvas.height) continue;
    pen.fillStyle = `hsl(${(group * 137) % 360} 65% ${matchMedia("(prefers-color-scheme: dark)").matches ? 70 : 38}%)`;
    pen.beginPath();
    pen.arc(x, y, 2.5 * dots, 0, 7);
    pen.fill();
    const box = [x + 5 * dots, y - size / 2, x + 5 * dots + pen.measureText(tag).width + GAP, y + size / 2];
    if (taken.some((one) => one[0] < box[2] && box[0] < one[2] && one[1] < box[3] && box[1] < one[3])) continue;
    taken.push(box);
    pen.fillText(tag, box[0], y);
    named++;
  }
  at("mapped").textContent = `${named} of ${tags.length} hashtags are named here. Come closer for more.`;
}

function come(factor) {
  zoom = Math.min(64, Math.max(1, zoom * factor));
  if (zoom === 1) middle = [0, 0];
  paint();
}

function move(right, up) {
  middle = [middle[0] + right / zoom, middle[1] + up / zoom];
  paint();
}

at("draw").addEventListener("click", draw);
at("closer").addEventListener("click", () => come(STEP));
at("farther").addEventListener("click", () => come(1 / STEP));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  come(event.deltaY < 0 ? STEP : 1 / STEP);
});
canvas.addEventListener("pointermove", (event) => {
  if (!event.buttons) return;
  const half = Math.min(canvas.clientWidth, canvas.clientHeight) / 2.2;
  move(-event.movementX / half, event.movementY / half);
});
canvas.addEventListener("keydown", (event) => {
  const keys = {
    ArrowRight: () => move(0.2, 0), ArrowLeft: () => move(-0.2, 0), ArrowUp: () => move(0, 0.2), ArrowDown: () => move(0, -0.2),
    "+": () => come(STEP), "-": () => come(1 / STEP),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener("resize", () => tags.length && paint());
