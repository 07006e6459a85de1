// Keeps the part of a page that is marked with data-live up to date, from the server's events at that address.
// Where the browser cannot, or the server has no place left, the page is read again, as it is without scripts.
(() => {
  "use strict";
  const part = document.querySelector("[data-live]");
  if (!part) return;
  const readAgain = () => setTimeout(() => location.reload(), 2000);
  if (!("EventSource" in window)) {
    readAgain();
    return;
  }

  const find = (name) => part.querySelector(`[data-live-${name}]`);
  const source = new EventSource(part.dataset.live);
  let lost = 0;
  let tenth = -1;

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
    // A screen reader hears every tenth, not every step.
    const reached = Math.floor((10 * news.done) / Math.max(news.total, 1));
    const voice = find("voice");
    if (voice && reached !== tenth) {
      tenth = reached;
      voice.textContent = news.count;
    }
  };

  source.addEventListener("open", () => {
    clearTimeout(lost);
    lost = 0;
    find("lost")?.setAttribute("hidden", "");
  });
  source.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  source.addEventListener("done", async (event) => {
    source.close();
    show(JSON.parse(event.data));
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (!answer.ok || !fresh) throw new Error("no such part");
      part.replaceWith(fresh);
    } catch {
      location.reload();
    }
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      readAgain();
    } else if (!lost) {
      // A stream ends every few seconds by itself; only a longer silence is worth a word.
      lost = setTimeout(() => find("lost")?.removeAttribute("hidden"), 3000);
    }
  });
})();
