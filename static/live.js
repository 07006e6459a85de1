// Keeps the part of a page that is marked with data-live up to date, from the server's events at that address.
// Where the browser cannot, or the server has no place left, the page is read again, as it is without scripts.
// A part marked with data-again is read again every so many seconds, and what has another state is said aloud, by its data-say. Both rest while nobody looks, and while they are paused.
(() => {
  "use strict";
  const part = document.querySelector("[data-live], [data-again]");
  if (!part) return;
  const readAgain = () => setTimeout(() => location.reload(), 2000);
  if (part.dataset.live && !("EventSource" in window)) {
    readAgain();
    return;
  }

  const find = (name) => document.querySelector(`[data-live-${name}]`);
  const pause = find("pause");
  let source = null;
  let over = false;
  let lost = 0;
  let tenth = -1;
  let spoken = -Infinity;

  const show = (news) => {
    for (const place of part.querySelectorAll("[data-live-text]")) {
      const text = news[place.dataset.liveText] ?? "";
      if (place.textContent !== text) place.textContent = text;
    }
    const chip = find("chip");
    if (chip) chip.className = `chip ${news.chip}`;
    const bar = find("bar");
    if (bar) {
      bar.max = Math.max(news.total, 1);
      bar.value = news.done;
    }
    // A screen reader hears tenths, not every step, and none within five seconds of the last; always the end.
    const reached = Math.floor((10 * news.done) / Math.max(news.total, 1));
    const voice = find("voice");
    const now = performance.now();
    if (voice && reached !== tenth && (reached >= 10 || now - spoken >= 5000)) {
      tenth = reached;
      spoken = now;
      voice.textContent = news.count;
    }
  };

  const found = () => {
    clearTimeout(lost);
    lost = 0;
    find("lost")?.setAttribute("hidden", "");
  };
  const rest = () => {
    source?.close();
    source = null;
    found();
  };
  const read = async () => {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (!answer.ok || !fresh) throw new Error("no such part");
    return fresh;
  };
  const finish = async (event) => {
    over = true;
    rest();
    show(JSON.parse(event.data));
    try {
      const fresh = await read();
      const held = part.contains(document.activeElement);
      part.replaceWith(fresh);
      if (held) {
        fresh.tabIndex = -1;
        fresh.focus();
      }
    } catch {
      location.reload();
    }
  };
  const again = () => 1000 * Number(part.dataset.again ?? 0);
  let next = 0;
  // A screen reader hears what another state is, and nothing of what is as it was.
  const told = (whole) => new Map([...whole.querySelectorAll("[data-say]")].map((one) => [one.id, one.dataset.say]));
  let known = told(part);
  const say = (fresh) => {
    const now = told(fresh);
    const news = [...now].filter(([id, text]) => known.get(id) !== text).map(([, text]) => text);
    known = now;
    if (news.length) find("voice")?.replaceChildren(news.join(". "));
  };
  const readOnce = async () => {
    try {
      const fresh = await read();
      found();
      say(fresh);
      // Whoever is at one of its links keeps it.
      if (!part.contains(document.activeElement)) {
        part.replaceChildren(...fresh.childNodes);
        // What says so no longer has come to its end.
        if (!fresh.dataset.again) {
          over = true;
          pause?.remove();
        }
      }
    } catch {
      find("lost")?.removeAttribute("hidden");
    }
    follow();
  };
  const follow = () => {
    const isPaused = pause?.getAttribute("aria-pressed") === "true";
    clearTimeout(next);
    if (over || isPaused || document.hidden) {
      rest();
      return;
    }
    if (again()) {
      next = setTimeout(readOnce, again());
      return;
    }
    if (source) return;
    source = new EventSource(part.dataset.live);
    source.addEventListener("open", found);
    source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
    source.addEventListener("done", finish);
    source.addEventListener("error", () => {
      if (source?.readyState === EventSource.CLOSED) {
        readAgain();
      } else if (!lost) {
        // A stream ends every few seconds by itself; only a longer silence is worth a word.
        lost = setTimeout(() => find("lost")?.removeAttribute("hidden"), 3000);
      }
    });
  };

  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      pause.setAttribute("aria-pressed", String(pause.getAttribute("aria-pressed") !== "true"));
      follow();
    });
  }
  document.addEventListener("visibilitychange", follow);
  follow();
})();
