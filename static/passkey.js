// Makes and shows passkeys. A form marked with data-passkey asks its address for a question, lets the browser answer it, and is
// sent with the answer. It stays hidden where the browser has no passkeys.
(() => {
  "use strict";
  const able =
    window.PublicKeyCredential &&
    PublicKeyCredential.parseCreationOptionsFromJSON &&
    PublicKeyCredential.parseRequestOptionsFromJSON;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!able) continue;
    form.hidden = false;
    for (const hint of document.querySelectorAll("[data-passkey-none]")) hint.hidden = true;
    const said = form.querySelector("[data-said]");
    const making = form.dataset.passkeyKind === "make";
    const answer = async (question) => {
      const asked = question.publicKey ?? question;
      if (making) {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked);
        return navigator.credentials.create({ publicKey });
      }
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked);
      return navigator.credentials.get({ publicKey });
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      said.textContent = "";
      try {
        const fields = new URLSearchParams({ csrf: form.elements.csrf.value });
        if (making) fields.set("password", form.elements.password.value);
        const response = await fetch(form.dataset.passkey, { method: "POST", body: fields });
        if (!response.ok) {
          said.textContent = making && response.status === 422 ? said.dataset.wrong : said.dataset.failed;
          return;
        }
        const credential = await answer(await response.json());
        form.elements.credential.value = JSON.stringify(credential);
        if (making) form.elements.password.disabled = true;
        form.submit();
      } catch {
        said.textContent = said.dataset.failed;
      }
    });
  }
})();
