// The catalogue of models beside its field: a tick writes into the field, what is typed there ticks. The field is what counts.
"use strict";

(() => {
  const SEPARATORS = /[\s,;\u060c\u061b\uff0c\uff1b\u3001]+/;
  // What JSON, Python and YAML write around an id, as the server takes it off.
  const AROUND = /^["'`´‘’‚‛“”„‟‹›«»[({]+|["'`´‘’‚‛“”„‟‹›«»\])}]+$/g;
  const catalogue = () => document.querySelector("[data-catalogue]");
  const field = (shown) => document.getElementById(shown.dataset.catalogue);
  const idsOf = (text) => text.split(SEPARATORS).map((id) => id.replace(AROUND, "")).filter(Boolean);

  function count(shelf) {
    const words = shelf.querySelector("[data-count]");
    words.textContent = words.dataset.count.replace("%s", shelf.querySelectorAll("input:checked").length);
  }

  // The boxes as the field has it.
  function follow() {
    const shown = catalogue();
    if (!shown) {
      return;
    }
    const chosen = new Set(idsOf(field(shown).value));
    for (const box of shown.querySelectorAll("input[type=checkbox]")) {
      box.checked = chosen.has(box.value);
    }
    shown.querySelectorAll("details").forEach(count);
  }

  function tick(box) {
    const area = field(catalogue());
    if (box.checked) {
      area.value += (area.value && !area.value.endsWith("\n") ? "\n" : "") + box.value;
    } else {
      area.value = idsOf(area.value).filter((id) => id !== box.value).join("\n");
    }
    count(box.closest("details"));
    for (const kind of ["input", "change"]) {
      area.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  }

  function find(box) {
    const wanted = box.value.trim().toLowerCase();
    let found = 0;
    for (const shelf of catalogue().querySelectorAll("details")) {
      const provider = shelf.querySelector("bdi").textContent.toLowerCase();
      let here = 0;
      for (const offer of shelf.querySelectorAll("label")) {
        const fits = provider.includes(wanted) || offer.textContent.toLowerCase().includes(wanted);
        offer.hidden = !fits;
        here += fits;
      }
      shelf.hidden = here === 0;
      shelf.open = wanted ? here > 0 : shelf.querySelector("input:checked") !== null;
      found += here;
    }
    const words = catalogue().querySelector("[data-found]");
    words.textContent = wanted ? words.dataset.found.replace("%s", found) : "";
  }

  document.addEventListener("input", (event) => {
    const shown = catalogue();
    if (!shown) {
      return;
    }
    if (event.target.matches("[data-find]")) {
      find(event.target);
    } else if (event.target === field(shown)) {
      follow();
    } else if (shown.contains(event.target)) {
      tick(event.target);
    }
  });

  // Enter in the search box is no wish to save the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-find]")) {
      event.preventDefault();
    }
  });

  // A button took an id out of the field.
  document.addEventListener("htmx:oobAfterSwap", follow);
})();
