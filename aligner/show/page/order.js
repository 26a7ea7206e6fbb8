// Which pairs are on the page, in which order; of these only those near the window are drawn.

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
