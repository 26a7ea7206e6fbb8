// The page: only the pairs near the window are drawn, each when it comes near. All text goes in as text.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const MEANING = {
  link: "linked", right: "right", possible: "possible in the gold", wrong: "wrong: not in the gold",
  missing: "missing: sure in the gold", open: "possible, not linked", sure: "sure",
};
const $ = (id) => document.getElementById(id);
const state = { text: "", order: "number", filter: "all", view: "both", hidden: new Set(), pinned: null };

// Making elements.

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function draw(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const percent = (share) => (100 * share).toFixed(1);

// The marks of a panel: [source, target, verdict, score]. The gold's are read off those of any system.

function marksOf(pair, panel) {
  if (panel !== "gold") return pair.systems[panel].marks;
  const sure = { right: "right", missing: "right", possible: "possible", open: "possible" };
  return pair.systems[0].marks.filter((mark) => mark[2] in sure).map(([i, j, verdict]) => [i, j, sure[verdict]]);
}

const PANELS = [...DATA.systems.keys(), ...(DATA.gold ? ["gold"] : [])];
const nameOf = (panel) => (panel === "gold" ? DATA.gold : DATA.systems[panel].name);

// A symbol of 14 by 14, around (0, 0), for legend and grid alike; told apart by shape, and by colour.

function symbol(verdict, radius) {
  const group = draw("g", { class: `mark ${verdict}` });
  if (verdict === "wrong") {
    const r = radius * 0.8;
    group.append(draw("path", { d: `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}` }));
  } else {
    group.append(draw("circle", { r: radius }));
    if (verdict === "possible") group.append(draw("path", { class: "half", d: `M0 ${-radius}A${radius} ${radius} 0 0 0 0 ${radius}Z` }));
  }
  return group;
}

// Sentences: words in a line each, curves between them where both fit on a line.

function sentence(pair, side, view) {
  const words = side === "s" ? pair.s : pair.t;
  const line = make("p", { class: "sentence", dir: pair.rtl[side === "s" ? 0 : 1] ? "rtl" : "ltr", lang: DATA.languages[side === "s" ? 0 : 1] });
  words.forEach((word, index) => {
    const element = make("span", { class: "word", tabindex: -1, role: "button", "data-side": side, "data-index": index }, ...highlighted(word));
    for (const name of view.classes[side][index]) element.classList.add(name);
    view[side].push(element);
    line.append(element, " ");
  });
  return line;
}

function highlighted(word) {
  const at = state.text ? word.toLocaleLowerCase().indexOf(state.text) : -1;
  if (at < 0 || word.toLocaleLowerCase().length !== word.length) return [word];
  const end = at + state.text.length;
  return [word.slice(0, at), make("span", { class: "found" }, word.slice(at, end)), word.slice(end)];
}

function wordClasses(pair, marks) {
  const classes = { s: pair.s.map(() => new Set(["unlinked"])), t: pair.t.map(() => new Set(["unlinked"])) };
  for (const [i, j, verdict] of marks) {
    for (const set of [classes.s[i], classes.t[j]]) {
      if (verdict !== "missing" && verdict !== "open") set.delete("unlinked");
      if (verdict === "missing" || verdict === "wrong") set.add(verdict);
    }
  }
  return classes;
}

function drawCurves(view) {
  const frame = view.sentences.getBoundingClientRect();
  if (!frame.width || !view.s.length || !view.t.length) return;
  const oneLine = (words) => words[0].offsetTop === words.at(-1).offsetTop;
  view.sentences.classList.toggle("wrapped", !(oneLine(view.s) && oneLine(view.t)));
  const outer = view.sentences.getBoundingClientRect();
  const place = (word, edge) => {
    const box = word.getBoundingClientRect();
    return [box.left + box.width / 2 - outer.left, box[edge] - outer.top];
  };
  const sources = view.s.map((word) => place(word, "bottom"));
  const targets = view.t.map((word) => place(word, "top"));
  view.curves.replaceChildren(...view.marks.map(([i, j, verdict]) => {
    const [[x1, y1], [x2, y2]] = [sources[i], targets[j]];
    const bend = Math.max(12, (y2 - y1) / 2);
    const d = `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
    return draw("path", { d, class: verdict, "data-s": i, "data-t": j });
  }));
}

// The grid: the heat map below, rules and marks above it, source words at the left, target words slanted on top.

const measure = (() => {
  const context = document.createElement("canvas").getContext("2d");
  return (words) => {
    context.font = `12.5px ${getComputedStyle(document.body).fontFamily}`;
    return Math.max(0, ...words.map((word) => context.measureText(word).width));
  };
})();

const isOnPaper = () => document.documentElement.classList.contains("onpaper");

function grid(pair, view) {
  const [rows, columns] = [pair.s.length, pair.t.length];
  const cell = Math.max(rows, columns) > 60 ? 14 : Math.max(rows, columns) > 30 ? 18 : 22;
  const longest = measure(pair.t) * Math.SQRT1_2;
  const [left, top] = [Math.ceil(measure(pair.s)) + 12, Math.ceil(longest) + 14];
  const [width, height] = [columns * cell, rows * cell];
  const flipped = pair.rtl[1];
  const x = (j) => left + (flipped ? columns - 1 - j : j) * cell;
  const y = (i) => top + i * cell;
  const size = [left + width + Math.ceil(longest) + 4, top + height + 4];
  const svg = draw("svg", { viewBox: `0 0 ${size.join(" ")}`, role: "img", "aria-label": described(pair, view) });
  view.cross = [draw("rect", { class: "cross", height: cell, x: left, width }), draw("rect", { class: "cross", width: cell, y: top, height })];
  view.cross.forEach((bar) => { bar.style.display = "none"; });
  svg.append(...view.cross);
  let rules = "";
  for (let i = 0; i <= rows; i++) rules += `M${left} ${y(i)}h${width}`;
  for (let j = 0; j <= columns; j++) rules += `M${left + j * cell} ${top}v${height}`;
  svg.append(draw("path", { class: "rule", d: rules }));
  view.heads = {
    s: pair.s.map((word, i) => draw("text", { x: left - 7, y: y(i) + cell / 2 + 4.5, "text-anchor": "end", "data-side": "s", "data-index": i }, word)),
    t: pair.t.map((word, j) => {
      const [at, on] = [x(j) + cell / 2 + 2, top - 6];
      return draw("text", { x: at, y: on, transform: `rotate(-45 ${at} ${on})`, "data-side": "t", "data-index": j }, word);
    }),
  };
  for (const side of ["s", "t"]) {
    view.heads[side].forEach((head, k) => head.classList.toggle("unlinked", view.classes[side][k].has("unlinked")));
    svg.append(...view.heads[side]);
  }
  for (const [i, j, verdict] of view.marks) {
    const mark = symbol(verdict, cell * 0.27);
    mark.setAttribute("transform", `translate(${x(j) + cell / 2} ${y(i) + cell / 2})`);
    svg.append(mark);
  }
  view.place = (clientX, clientY) => {
    const box = svg.getBoundingClientRect();
    const scale = size[0] / box.width;
    const i = Math.floor(((clientY - box.top) * scale - top) / cell);
    const drawn = Math.floor(((clientX - box.left) * scale - left) / cell);
    if (i < 0 || i >= rows || drawn < 0 || drawn >= columns) return null;
    return [i, flipped ? columns - 1 - drawn : drawn];
  };
  view.cell = { x, y };
  const sheet = make("div", { class: "sheet" });
  sheet.style.width = `${size[0] * (isOnPaper() ? 0.72 : 1)}px`;
  if (pair.heat) sheet.append(heatMap(pair, flipped, [left, top, width, height], size));
  sheet.append(svg);
  return make("div", { class: "grid" }, sheet);
}

function described(pair, view) {
  const linked = view.marks.map(([i, j, verdict]) => `${pair.s[i]} and ${pair.t[j]}: ${MEANING[verdict]}`);
  return `Grid of ${pair.s.length} by ${pair.t.length} words. ${linked.join("; ")}`;
}

const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function heatMap(pair, flipped, place, size) {
  const [rows, columns] = [pair.s.length, pair.t.length];
  const canvas = make("canvas", { width: columns, height: rows, "aria-hidden": "true" });
  ["left", "top", "width", "height"].forEach((name, k) => { canvas.style[name] = `${(100 * place[k]) / size[k % 2]}%`; });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  bytesOf(pair.heat).forEach((value, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    const at = 4 * (i * columns + (flipped ? columns - 1 - j : j));
    image.data.set([78, 121, 226, Math.round(value * 0.72)], at);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

// A pair: its panels side by side.

function figures(pair, panel) {
  if (panel === "gold") return [];
  const { aer, score } = pair.systems[panel];
  const texts = [aer == null ? "" : `AER ${percent(aer)}`, score == null ? "" : `score ${score.toFixed(3)}`];
  return texts.filter(Boolean).map((text) => make("span", {}, text));
}

function panelOf(pair, panel) {
  const marks = marksOf(pair, panel);
  const view = { panel, marks, s: [], t: [], classes: wordClasses(pair, marks) };
  const element = make("section", { class: "panel", "aria-label": nameOf(panel) });
  element.append(make("h3", {}, make("b", {}, nameOf(panel)), ...figures(pair, panel)));
  if (state.view !== "grid") {
    view.curves = draw("svg", { class: "curves", "aria-hidden": "true" });
    view.sentences = make("div", { class: "sentences" }, sentence(pair, "s", view), sentence(pair, "t", view), view.curves);
    element.append(view.sentences);
  }
  if (state.view !== "sentences" && pair.s.length && pair.t.length) element.append(grid(pair, view));
  view.element = element;
  return view;
}

function fill(article) {
  if (article.views) return;
  const pair = article.pair;
  const link = make("a", { href: `#pair-${pair.number}`, tabindex: -1 }, `pair ${pair.number}`);
  article.views = PANELS.filter((panel) => !state.hidden.has(panel)).map((panel) => panelOf(pair, panel));
  const size = `${pair.s.length} and ${pair.t.length} words`;
  article.replaceChildren(make("h2", {}, link, size), make("div", { class: "panels" }, ...article.views.map((view) => view.element)));
  article.style.minHeight = "";
  for (const view of article.views) if (view.curves) drawCurves(view);
  if (state.pinned?.pair === pair) light(article, state.pinned.side, state.pinned.index);
}

function empty(article) {
  if (!article.views || article.contains(document.activeElement) && document.activeElement !== article) return;
  article.style.minHeight = `${article.offsetHeight}px`;
  article.replaceChildren();
  article.views = null;
}

// A guess at the height of a pair that was never drawn, so that the scroll bar is about right from the start.

function guess(pair) {
  const panels = PANELS.length - state.hidden.size;
  const beside = Math.max(1, Math.min(panels, Math.floor(Math.min(innerWidth, 1700) / 420)));
  const lines = Math.ceil((pair.letters * 9) / Math.max(300, Math.min(innerWidth, 1700) / beside));
  const words = state.view === "grid" ? 0 : 90 + 28 * lines;
  const cells = state.view === "sentences" ? 0 : 22 * pair.s.length + 90;
  return 60 + Math.ceil(panels / beside) * (words + cells);
}

const near = new IntersectionObserver(
  (entries) => entries.forEach((entry) => (entry.isIntersecting ? fill(entry.target) : empty(entry.target))),
  { rootMargin: "700px 0px" },
);

const ARTICLES = DATA.pairs.map((pair) => {
  pair.text = `${pair.s.join(" ")}\n${pair.t.join(" ")}`.toLocaleLowerCase();
  pair.letters = Math.max(pair.s.join(" ").length, pair.t.join(" ").length);
  const article = make("article", { id: `pair-${pair.number}`, tabindex: 0, "aria-label": `pair ${pair.number}` });
  article.pair = pair;
  return article;
});

// Order, filter, search.

const disagreement = (pair) => {
  const counts = new Map();
  for (const system of pair.systems) {
    for (const [i, j, verdict] of system.marks) {
      if (verdict !== "missing" && verdict !== "open") counts.set(`${i} ${j}`, (counts.get(`${i} ${j}`) ?? 0) + 1);
    }
  }
  return counts.size ? [...counts.values()].filter((count) => count < pair.systems.length).length / counts.size : 0;
};
const has = (name) => DATA.pairs.some((pair) => pair.systems[0]?.[name] != null);
const ORDERS = { number: ["as in the file", (pair) => pair.number] };
DATA.systems.forEach((system, k) => {
  const of = DATA.systems.length > 1 ? ` of ${system.name}` : "";
  if (has("aer")) ORDERS[`aer${k}`] = [`worst AER${of} first`, (pair) => -pair.systems[k].aer];
  if (DATA.pairs.some((pair) => pair.systems[k].score != null)) {
    ORDERS[`low${k}`] = [`lowest score${of} first`, (pair) => pair.systems[k].score ?? Infinity];
    ORDERS[`high${k}`] = [`highest score${of} first`, (pair) => -(pair.systems[k].score ?? -Infinity)];
  }
});
if (DATA.systems.length > 1) ORDERS.disagreement = ["least agreement first", (pair) => -disagreement(pair)];
ORDERS.length = ["longest first", (pair) => -(pair.s.length + pair.t.length)];

const isWrong = ([, , verdict]) => verdict === "wrong" || verdict === "missing";
const FILTERS = { all: ["all", () => true] };
if (DATA.gold) FILTERS.wrong = ["with errors", (pair) => pair.systems.some((system) => system.marks.some(isWrong))];
if (DATA.systems.length > 1) FILTERS.differ = ["where systems differ", (pair) => disagreement(pair) > 0];
FILTERS.unlinked = ["with words that have no link", (pair) =>
  pair.systems.some((system) => Object.values(wordClasses(pair, system.marks)).flat().some((set) => set.has("unlinked")))];

function matches(pair) {
  return !state.text || (/^\d+$/.test(state.text) && pair.number === Number(state.text)) || pair.text.includes(state.text);
}

// Again in the next frames, since pairs above it get their true height when they are drawn.
function bringUp(article, frames = 4) {
  article.scrollIntoView({ block: "start" });
  if (frames) requestAnimationFrame(() => bringUp(article, frames - 1));
}

// Draws what is chosen, from its top, or from the pair that was at the top before.
function arrange(stay = false) {
  const top = stay && ARTICLES.find((article) => article.isConnected && article.getBoundingClientRect().bottom > 160);
  near.disconnect();
  dim();
  const key = ORDERS[state.order][1];
  const shown = ARTICLES.filter(({ pair }) => FILTERS[state.filter][1](pair) && matches(pair))
    .map((article) => [key(article.pair), article])
    .sort(([a, first], [b, second]) => a - b || first.pair.number - second.pair.number)
    .map(([, article]) => article);
  for (const article of ARTICLES) {
    article.views = null;
    article.replaceChildren();
  }
  shown.forEach((article) => { article.style.minHeight = `${guess(article.pair)}px`; });
  $("pairs").replaceChildren(...shown);
  shown.forEach((article) => near.observe(article));
  if (top?.isConnected) bringUp(top);
  else scrollTo(0, 0);
  $("nothing").hidden = shown.length > 0;
  $("count").textContent = shown.length === ARTICLES.length ? `${shown.length} pairs` : `${shown.length} of ${ARTICLES.length} pairs`;
}

// Lighting a word up: it, what it is linked to, in every panel of its pair.

function light(article, side, index, other = null) {
  dim();
  const said = [];
  for (const view of article.views) {
    const own = side === "s" ? 0 : 1;
    const marks = view.marks.filter((mark) => mark[own] === index && (other == null || mark[1 - own] === other));
    view.sentences?.classList.add("lighting");
    view[side][index]?.classList.add("here");
    view.heads?.[side][index]?.classList.add("lit");
    const across = other == null ? marks.map((mark) => mark[1 - own]) : [other];
    for (const k of across) {
      view[side === "s" ? "t" : "s"][k]?.classList.add("lit");
      view.heads?.[side === "s" ? "t" : "s"][k]?.classList.add("lit");
    }
    for (const [i, j] of marks) view.curves?.querySelector(`[data-s="${i}"][data-t="${j}"]`)?.classList.add("lit");
    if (view.cross) {
      const bar = view.cross[own];
      bar.setAttribute(own ? "x" : "y", own ? view.cell.x(index) : view.cell.y(index));
      bar.style.display = "";
      if (other != null) {
        view.cross[1 - own].setAttribute(own ? "y" : "x", own ? view.cell.y(other) : view.cell.x(other));
        view.cross[1 - own].style.display = "";
      }
    }
    said.push(spoken(article.pair, view, marks, side));
  }
  const words = side === "s" ? article.pair.s : article.pair.t;
  const beside = other == null ? "" : ` – ${(side === "s" ? article.pair.t : article.pair.s)[other]}`;
  $("status").replaceChildren(make("b", {}, make("bdi", {}, words[index]), beside), ...said.map((text) => make("span", {}, text)));
  lit = article;
}

let lit = null;

function spoken(pair, view, marks, side) {
  const other = side === "s" ? pair.t : pair.s;
  const links = marks.map((mark) => {
    const score = mark[3] == null ? "" : ` ${mark[3].toFixed(2)}`;
    const verdict = mark[2] === "link" ? "" : ` (${MEANING[mark[2]]})`;
    return `\u2068${other[mark[side === "s" ? 1 : 0]]}\u2069${score}${verdict}`;
  });
  const name = PANELS.length > 1 ? `${nameOf(view.panel)}: ` : "";
  return `${name}${links.join(", ") || "no link"}`;
}

function dim() {
  if (!lit) return;
  for (const element of lit.querySelectorAll(".lit, .here, .lighting")) element.classList.remove("lit", "here", "lighting");
  for (const view of lit.views ?? []) view.cross?.forEach((bar) => { bar.style.display = "none"; });
  $("status").replaceChildren();
  lit = null;
}

function release() {
  dim();
  if (!state.pinned) return;
  const article = ARTICLES.find(({ pair }) => pair === state.pinned.pair);
  if (article.views) light(article, state.pinned.side, state.pinned.index);
}

function pin(article, side, index) {
  const { pinned } = state;
  const same = pinned && pinned.pair === article.pair && pinned.side === side && pinned.index === index;
  state.pinned = same ? null : { pair: article.pair, side, index };
  release();
}

// [article, side, index, index of the other side or null] of what an event is on.
function target(event) {
  const article = event.target.closest?.("article");
  if (!article?.views) return null;
  const word = event.target.closest("[data-side]");
  if (word) return [article, word.dataset.side, Number(word.dataset.index), null];
  const frame = event.target.closest(".grid");
  const view = frame && article.views.find(({ element }) => element.contains(frame));
  const place = view?.place(event.clientX, event.clientY);
  return place ? [article, "s", place[0], place[1]] : null;
}

$("pairs").addEventListener("pointermove", (event) => {
  const found = target(event);
  if (found) light(...found);
  else if (lit) release();
});
$("pairs").addEventListener("pointerleave", release);
$("pairs").addEventListener("focusin", (event) => {
  const found = event.target.matches(".word") && target(event);
  if (found) light(...found);
});
$("pairs").addEventListener("focusout", release);
$("pairs").addEventListener("click", (event) => {
  const found = target(event);
  if (found) pin(...found);
});

// Keys.

function step(by) {
  const shown = [...$("pairs").children];
  const at = shown.indexOf(document.activeElement?.closest?.("article"));
  const first = shown.findIndex((article) => article.getBoundingClientRect().bottom > 160);
  const article = shown[Math.min(shown.length - 1, Math.max(0, at < 0 ? first + (by > 0 ? 0 : by) : at + by))];
  if (!article) return;
  article.focus({ preventScroll: true });
  bringUp(article);
}

function walk(by) {
  const article = document.activeElement?.closest?.("article");
  if (!article?.views?.length) return;
  const panel = article.views.find(({ element }) => element.contains(document.activeElement)) ?? article.views[0];
  const words = [...panel.s, ...panel.t];
  const at = words.indexOf(document.activeElement);
  const flipped = at >= 0 && words[at].parentElement.dir === "rtl";
  words[at < 0 ? 0 : Math.min(words.length - 1, Math.max(0, at + (flipped ? -by : by)))]?.focus();
}

function next(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change"));
}

const KEYS = {
  j: () => step(1), k: () => step(-1), ArrowRight: () => walk(1), ArrowLeft: () => walk(-1),
  "/": () => $("search").focus(), g: () => next($("view")), o: () => next($("order")),
  t: () => $("theme").click(), "?": () => $("keys").showModal(),
  Escape: () => { state.pinned = null; release(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if ((event.key === "Enter" || event.key === " ") && event.target.matches(".word")) pin(...target(event));
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

// Tools.

function choices(name, options) {
  const select = $(name);
  select.append(...Object.entries(options).map(([key, [text]]) => make("option", { value: key }, text)));
  select.addEventListener("change", () => { state[name] = select.value; arrange(name === "view"); });
}

choices("order", ORDERS);
choices("filter", FILTERS);
choices("view", {});

let typing = 0;
$("search").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { state.text = $("search").value.trim().toLocaleLowerCase(); arrange(); }, 120);
});
$("tools").addEventListener("submit", (event) => event.preventDefault());
$("help").addEventListener("click", () => $("keys").showModal());
$("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
});

if (PANELS.length > 1) {
  for (const panel of PANELS) {
    const box = make("input", { type: "checkbox", checked: "" });
    box.addEventListener("change", () => {
      if (box.checked) state.hidden.delete(panel);
      else state.hidden.add(panel);
      arrange(true);
    });
    $("shown").append(make("label", {}, box, nameOf(panel)));
  }
} else $("shown").hidden = true;

$("totals").append(...DATA.systems.filter(({ total }) => total).map(({ name, total }) =>
  make("span", {}, make("b", {}, name), ` AER ${percent(total.aer)} · P ${percent(total.precision)} · R ${percent(total.recall)}`)));

const explained = DATA.gold ? ["right", "possible", "wrong", "missing", "open"] : ["link"];
$("legend").append(...explained.map((verdict) =>
  make("span", {}, draw("svg", { viewBox: "-7 -7 14 14", "aria-hidden": "true" }, symbol(verdict, 5)), MEANING[verdict])));

// Paper: every pair, at the width of a page, in light colours.

addEventListener("beforeprint", () => {
  document.documentElement.classList.add("onpaper");
  near.disconnect();
  for (const article of $("pairs").children) {
    article.views = null;
    fill(article);
  }
});
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("onpaper");
  arrange(true);
});

let resizing = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(resizing);
  resizing = requestAnimationFrame(() => {
    for (const article of $("pairs").children) for (const view of article.views ?? []) if (view.curves) drawCurves(view);
  });
});

arrange();
const asked = document.getElementById(location.hash.slice(1));
if (asked) bringUp(asked);
