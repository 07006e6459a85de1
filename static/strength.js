// Shows how strong a new password is while it is typed. The server judges, by the rule that it applies when the form is sent.
(() => {
  "use strict";
  const typed = (form, name, field) => form?.querySelector(`#${name}`)?.value || field.dataset[name] || "";
  for (const field of document.querySelectorAll("input[data-strength]")) {
    const place = document.getElementById(`${field.id}-strength`);
    if (!place) continue;
    const [meter, words, link] = ["meter", "span", "a"].map((name) => place.querySelector(name));
    link.hidden = true;
    let waiting = 0;
    let asked = 0;
    const ask = async () => {
      const number = ++asked;
      if (!field.value) {
        meter.hidden = true;
        words.textContent = "";
        return;
      }
      const body = new URLSearchParams({
        csrf: field.form.elements.csrf.value,
        password: field.value,
        username: typed(field.form, "username", field),
        email: typed(field.form, "email", field),
      });
      try {
        const headers = { accept: "application/json" };
        const answer = await fetch(field.dataset.strength, { method: "POST", body, headers, credentials: "same-origin" });
        if (!answer.ok || number !== asked) return;
        const judged = await answer.json();
        meter.hidden = false;
        meter.value = judged.score;
        words.textContent = judged.words;
      } catch {
        meter.hidden = true;
      }
    };
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 250);
    });
  }
})();
