// Puts the code of a mailed link into its field, and takes it out of the address.
(() => {
  "use strict";
  const field = document.getElementById("token");
  if (!field) return;
  const take = () => {
    const code = location.hash.slice(1);
    if (!/^[\w-]{40,100}$/.test(code)) return;
    field.value = code;
    history.replaceState(null, "", location.pathname + location.search);
    document.querySelector("input[type=password]")?.focus();
  };
  take();
  // The link was opened where its page was open already.
  addEventListener("hashchange", take);
})();
