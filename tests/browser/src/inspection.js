// Run in the page: what is wrong with its structure, and the words that a visitor reads.
const [lang, theme] = arguments;
const faults = [];
const expect = (holds, fault) => { if (!holds) faults.push(fault); };
const all = (selector) => [...document.querySelectorAll(selector)];
const seen = (element) => element.checkVisibility({ visibilityProperty: true });

expect(all("h1").filter(seen).length === 1, `${all("h1").length} headings of the first order`);
expect(document.documentElement.lang === lang, `lang is ${document.documentElement.lang}`);
expect(document.documentElement.dataset.theme === theme, `theme is ${document.documentElement.dataset.theme}`);
for (const landmark of ["header", "main", "footer"]) expect(all(`body ${landmark}`).length === 1, `${all(`body ${landmark}`).length} × ${landmark}`);
if (all(".menu-who strong").length) expect(all("nav.places").length === 1, "no main navigation");
expect(document.body.firstElementChild?.matches("a.skip[href='#main']"), "the first element is not the skip link");
for (const table of all("main table")) {
  const name = table.id || table.className || "table";
  expect(table.caption?.textContent.trim(), `${name} has no caption`);
  for (const head of table.querySelectorAll("th")) expect(["col", "row", "colgroup", "rowgroup"].includes(head.scope), `${name}: a head without scope: ${head.textContent.trim()}`);
}
for (const field of all("main input:not([type=hidden]), main select, main textarea")) {
  expect(field.labels?.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby"), `no label: ${field.name}`);
}
const ids = all("[id]").map((element) => element.id);
for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) faults.push(`id twice: ${id}`);
for (const element of all("[style]")) faults.push(`inline style: ${element.localName}`);

// What people wrote, called themselves, or gave as a code is in whatever language it is.
const theirs = "[translate=no], code, pre, kbd, samp, script, style, noscript, textarea, svg, iframe, .person, .uid, time, option[lang], [lang]:not(html)";
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const words = [];
while (walker.nextNode()) {
  const holder = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (text && !holder.closest(theirs)) words.push(text);
}
for (const element of all("[aria-label], [placeholder], [title], [alt], [data-l]")) {
  if (element.closest(theirs)) continue;
  for (const name of ["aria-label", "placeholder", "title", "alt", "data-l"]) {
    const text = element.getAttribute(name);
    if (text) words.push(text);
  }
}
return { faults, words };
