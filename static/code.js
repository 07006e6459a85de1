// Puts the code of a mailed link into its field, and takes it out of the address.
(() => {
  "use strict";
  const field = document.getElementById("token");
  const code = location.hash.slice(1);
  if (!field || !/^[\w-]{40,100}$/.test(code)) return;
  field.value = code;
  history.replaceState(null, "", location.pathname + location.search);
  const next = document.querySelector("input[type=password]");
  if (next) next.focus();
})();
