"use strict";
// Without this script every miss is on the page; with it they can be filtered.
(() => {
  const form = document.getElementById("filters");
  if (!form) return;
  const groups = [...document.querySelectorAll("#gallery .group")];
  const said = document.getElementById("shown");

  function apply() {
    const { group, lang, suite } = form.elements;
    const texts = new Set();
    for (const part of groups) {
      let any = false;
      for (const miss of part.querySelectorAll(".miss")) {
        const fits =
          (!group.value || group.value === part.dataset.group) &&
          (!lang.value || lang.value === miss.dataset.lang) &&
          (!suite.value || suite.value === miss.dataset.suite);
        miss.hidden = !fits;
        any ||= fits;
        if (fits) texts.add(miss.textContent);
      }
      part.hidden = !any;
    }
    const count = texts.size;
    said.textContent =
      count === 0 ? "No miss on this page fits." : `${count} different ${count === 1 ? "miss" : "misses"} shown`;
  }

  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  apply();
})();
