// The head of the page, paper, and the start.

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
