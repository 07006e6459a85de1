// Keys, the palette and busy buttons. Nothing here is the only way to anything; the keys can be switched off in one's profile.
(() => {
  "use strict";
  const one = (selector, part = document) => part?.querySelector(selector);
  const go = (href) => location.assign(href);

  // A form is sent once; its button shows that it is on its way.
  document.addEventListener("submit", (event) => {
    const { target: form, submitter: button } = event;
    if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
    if (form.dataset.busy) return event.preventDefault();
    form.dataset.busy = "yes";
    button?.setAttribute("aria-busy", "true");
    const free = () => {
      delete form.dataset.busy;
      button?.removeAttribute("aria-busy");
    };
    setTimeout(free, 8000);
    addEventListener("pageshow", free, { once: true });
  });

  const leaps = document.body.dataset.leaps;
  if (leaps === undefined) return;
  let leaping, shut;
  const make = (name, parts) => Object.assign(document.createElement(name), parts);
  const show = (dialog) => {
    document.body.append(dialog);
    dialog.onclose = () => dialog.remove();
    dialog.showModal();
  };

  const help = async () => {
    if (one("#shortcuts")) return;
    try {
      const page = await (await fetch("/help/shortcuts")).text();
      const dialog = make("dialog");
      dialog.setAttribute("aria-labelledby", "shortcuts-title");
      dialog.append(one("#shortcuts", new DOMParser().parseFromString(page, "text/html")));
      show(dialog);
    } catch {
      go("/help/shortcuts");
    }
  };

  const palette = () => {
    const dialog = one("#palette").content.firstElementChild.cloneNode(true);
    const [input, list, said] = dialog.children;
    let [items, at, asked, answered] = [[], 0, 0, 0];
    let chosen, timer;
    const words = () => encodeURIComponent(input.value);
    const mark = () => {
      [...list.children].forEach((row, n) => row.setAttribute("aria-selected", n === at));
      input.setAttribute("aria-activedescendant", items.length ? `palette-${at}` : "");
      input.setAttribute("aria-expanded", !(list.hidden = !items.length));
      list.children[at]?.scrollIntoView({ block: "nearest" });
    };
    const choose = () => {
      if (answered === asked) go(items[at]?.href ?? `/search?q=${words()}`);
      else chosen = true;
    };
    const row = ({ label, note, bird, href }, n) => {
      const line = make("li", { id: `palette-${n}`, role: "option", onclick: () => go(href) });
      if (bird) line.append(make("img", { src: bird, alt: "", className: "parrot", width: 24, height: 24 }));
      line.append(make("span", { textContent: label }), " ", make("small", { textContent: note }));
      return line;
    };
    const ask = async (mine) => {
      let found = { items: [], said: said.dataset.lost };
      try {
        const answer = await fetch(`/search/palette?q=${words()}`);
        if (answer.ok) found = await answer.json();
      } catch {}
      if (mine !== asked) return;
      answered = mine;
      items = found.items;
      at = 0;
      list.replaceChildren(...items.map(row));
      said.textContent = found.said;
      mark();
      if (chosen) choose();
    };

    input.oninput = () => {
      clearTimeout(timer);
      chosen = false;
      timer = setTimeout(ask, 100, ++asked);
    };
    input.onkeydown = (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.isComposing || (!by && event.key !== "Enter")) return;
      event.preventDefault();
      if (!by) return choose();
      at = (at + by + items.length) % (items.length || 1);
      mark();
    };
    dialog.oncancel = (event) => {
      shut = true;
      if (!input.value) return;
      event.preventDefault();
      input.value = "";
      input.oninput();
    };
    show(dialog);
    ask(asked);
  };

  const field = () => {
    const found = one(".filters input:not([type=hidden], [type=checkbox]), main [type=search]") ?? one("#find");
    found?.closest("details")?.setAttribute("open", "");
    found?.focus();
  };

  const handle = "a, button, input:not([type=hidden])";
  const here = () => document.activeElement.closest("main tbody tr");
  const step = (by) => {
    const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => one(handle, row) && row.checkVisibility());
    const at = here() ? rows.indexOf(here()) + by : by > 0 ? 0 : rows.length - 1;
    const row = rows[Math.max(0, Math.min(at, rows.length - 1))];
    (one("a", row) ?? one(handle, row))?.focus();
  };

  const back = () => {
    const menu = one("details.menu[open] > summary");
    if (menu) {
      menu.click();
      menu.focus();
    } else if (!shut && !one("main form.stacked")) {
      one(".crumbs a:last-of-type")?.click();
    }
  };

  const acts = {
    "?": help,
    "/": field,
    c: () => go("/tasks/new"),
    d: () => one('form[action$="/completion"] button', here() ?? one("main .head"))?.click(),
    j: () => step(1),
    k: () => step(-1),
    r: () => one("[data-live-pause]:not([hidden])")?.click(),
    escape: back,
  };

  document.addEventListener("keydown", (event) => {
    const { code, target } = event;
    let key = event.key.toLowerCase();
    // With Cyrillic letters a key does what it does with Latin ones.
    if (key > "~" && code.startsWith("Key")) key = code[3].toLowerCase();
    if (code === "Slash") key = { ".": "/", ",": "?" }[key] ?? key;
    if (one("dialog[open]") || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (key !== "k" || event.shiftKey) return;
      event.preventDefault();
      return palette();
    }
    if (target.closest("input:not([type=checkbox]), textarea, select")) return;
    const leap = leaping && leaps.split(" ").find((place) => place[0] === key);
    leaping = !leaping && key === "g";
    const act = leap ? () => go(leap.slice(1)) : acts[key];
    if (act && (!event.repeat || "jk".includes(key))) {
      event.preventDefault();
      act();
    }
    shut = false;
  });
})();
