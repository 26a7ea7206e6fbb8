// What all parts of the page share: the data, ways to make elements, and the symbols. All text goes in as text.
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
