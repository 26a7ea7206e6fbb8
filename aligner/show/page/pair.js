// One pair: both sentences with curves between them, and the grid, in a panel per system.

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
