// Pointer and keys.

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
