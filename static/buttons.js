// What only a script can do: print the sheet, copy the page's address or a part's text, show a password while it is typed. Each is there
// only where it works.
(() => {
  "use strict";
  const every = (name, act) => document.querySelectorAll(`[data-${name}]`).forEach(act);

  every("print", (button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

  every("copy", (button) => {
    if (!navigator.clipboard) return;
    const said = button.nextElementSibling;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const part = document.getElementById(button.dataset.copy);
      await navigator.clipboard.writeText(part ? part.textContent : location.origin + location.pathname);
      said.textContent = said.dataset.done;
    });
  });

  every("show", (box) => {
    const field = document.getElementById(box.dataset.show);
    const hide = () => {
      box.checked = false;
      field.type = "password";
    };
    box.closest("label").hidden = false;
    box.addEventListener("change", () => (field.type = box.checked ? "text" : "password"));
    // What is sent is a password, for the browser that offers to keep it too.
    field.form.addEventListener("submit", hide);
    addEventListener("pageshow", hide);
  });
})();
