// The allowlist editor, where htmx does not suffice. Everything works without this file.
"use strict";

(() => {
  // A box of one line: Enter asks at once, and neither breaks the line nor saves the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing && event.target.matches("[data-line]")) {
      event.preventDefault();
      htmx.trigger(event.target.closest("[hx-post]"), "look");
    }
  });

  // What a button wrote into a field counts as typed, for whoever listens to the form, and is asked about before it is
  // thrown away: the field came anew, and was not what it shows.
  const shown = new Map();
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const area = event.target.querySelector("textarea");
    area && shown.set(area.id, area.defaultValue);
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.matches("[data-retyped]")) {
      const area = event.target.querySelector("textarea");
      const written = area.value;
      area.defaultValue = shown.get(area.id);
      area.value = written;
      area.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
})();
