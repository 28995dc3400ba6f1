// A form whose typing is never lost ([data-kept]): checked as it is left, kept through an ended session and a lost line.
// And the note beside it.
"use strict";

(() => {
  const form = () => document.querySelector("form[data-kept]");
  const note = () => document.querySelector("#note form");
  const live = () => document.getElementById("live");
  let ended = false;
  let leaving = false;

  document.documentElement.classList.add("js");

  // A browser shows some values in its own writing: a moment whose seconds are 0 without them.
  const asShown = (control, text) => Object.assign(control.cloneNode(), { value: text }).value;

  // What is typed to look something up is not saved anywhere.
  const untouched = (control) => {
    if (control.type === "hidden" || control.type === "submit" || control.matches("[data-find], [data-line]")) {
      return true;
    }
    if (control.closest("[data-as-shown]")) {
      return true; // the same amount in another unit
    }
    if (control.type === "checkbox" || control.type === "radio") {
      return control.checked === control.defaultChecked;
    }
    if (control.validity?.badInput) {
      return false; // half a moment, which has no value
    }
    if (control.tagName === "SELECT") {
      return [...control.options].every((option) => option.selected === option.defaultSelected);
    }
    return control.value === asShown(control, control.defaultValue);
  };

  // Is there anything that a save has not taken yet?
  const typed = (kept) => Boolean(kept) && ("dirty" in kept.dataset || ![...kept.elements].every(untouched));
  const unsaved = () => typed(form()) || typed(note());
  window.cometadmin = Object.assign(window.cometadmin ?? {}, {
    unsaved,
    formTyped: () => typed(form()),
    throwAway: () => [form(), note()].forEach((kept) => kept?.remove()),
  });

  // Saving the key or taking a change back brings its whole page anew: what is typed into the note goes along.
  let carried = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const comes = event.detail.shouldSwap && event.detail.target.id === "panel" && typed(note());
    carried = comes ? [...note().elements].filter((one) => one.name && one.name !== "csrfmiddlewaretoken") : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (carried && event.target.id === "panel" && note()) {
      carried.forEach(({ name, value }) => (note().elements[name].value = value));
      note().closest("details").open = true;
      carried = null;
    }
  });

  // A change that was unknown is settled: the form as the key reads now comes in the place of this one, unless somebody
  // has typed into it since, or what it holds is on its way, or was not saved.
  const SET_BY_US = ["csrfmiddlewaretoken", "base", "change_id"];
  const holds = (kept) => JSON.stringify([...new FormData(kept)].filter(([name]) => !SET_BY_US.includes(name)));
  const came = new WeakMap();
  const remember = () => form() && !came.has(form()) && came.set(form(), holds(form()));
  remember();
  document.addEventListener("htmx:load", remember);
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target !== form()) {
      return;
    }
    const typedSince = ![...target.elements].every(untouched) || came.get(target) !== holds(target);
    const unsaved = "dirty" in target.dataset && !("taken" in fragment.firstElementChild.dataset);
    event.detail.shouldSwap = !(typedSince || unsaved || target.classList.contains("htmx-request"));
  });

  // What is typed while it is being saved would go with the answer: nothing can be, until that is there.
  let stoodOn = null;
  const taken = ({ requestConfig: { elt } }) => Boolean(form()) && (elt === form() || elt.matches("#glance form"));
  document.addEventListener("htmx:beforeSend", ({ detail }) => {
    if (taken(detail)) {
      stoodOn = document.activeElement;
      form().inert = true;
    }
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (taken(detail)) {
      form().inert = false;
      stoodOn?.focus({ preventScroll: true });
    }
  });

  window.addEventListener("beforeunload", (event) => {
    if (!leaving && unsaved()) {
      event.preventDefault();
    }
  });
  // Forms that go to another page by themselves: signing out, and what htmx does not post.
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) {
      leaving = true;
      setTimeout(() => (leaving = false), 1000);
    }
  });

  // Without JavaScript a step of its own shows what will change; with it that is always in sight.
  const arm = (root) => root.querySelectorAll?.(".without-script").forEach((button) => button.remove());
  arm(document);
  document.addEventListener("htmx:load", (event) => arm(event.detail.elt));

  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters, triggeringEvent } = event.detail;
    if (elt.id === "preview" && triggeringEvent?.type === "input") {
      parameters.typing = document.activeElement?.name ?? "";
    }
  });

  // A check that answers after a save would tell of a form that is gone.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "preview" && form()?.classList.contains("htmx-request")) {
      event.preventDefault();
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.elt.isConnected) {
      event.detail.shouldSwap = false;
    }
  });

  // What a check says of a field is tied to its control, so that it is read out with it.
  function tie(said) {
    const field = said.closest(".field");
    const errors = said.querySelector(".errorlist");
    field?.classList.toggle("field--bad", Boolean(errors));
    for (const control of field?.querySelectorAll("input:not([type=hidden]), select, textarea") ?? []) {
      const told = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.endsWith("_error"));
      set(control, "aria-describedby", [...told, errors?.id].filter(Boolean).join(" "));
      set(control, "aria-invalid", errors ? "true" : "");
    }
  }
  const set = (control, name, value) => (value ? control.setAttribute(name, value) : control.removeAttribute(name));
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.elt.id === "preview") {
      form()?.querySelectorAll(".field__said").forEach(tie);
    }
  });

  // The end of the form stays in sight, and grows; whoever types or comes by Tab stays in sight too.
  function uncover() {
    const control = document.activeElement;
    const end = form()?.querySelector(".form-end");
    if (!end || !form().contains(control) || end.contains(control)) {
      return;
    }
    const hidden = control.getBoundingClientRect().bottom - end.getBoundingClientRect().top;
    if (hidden > 0) {
      (control.closest("dialog") ?? window).scrollBy(0, hidden + 8);
    }
  }
  document.addEventListener("focusin", uncover);
  document.addEventListener("htmx:afterSettle", uncover);

  const lost = (event) => {
    if (event.detail.elt.id === "preview") {
      const words = Object.assign(document.createElement("p"), { textContent: event.detail.elt.dataset.lost });
      words.className = "preview__refused";
      event.detail.elt.replaceChildren(words);
    }
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);

  // The session ended: no page is left, the way to sign in opens beside it.
  const KEPT = "form[data-kept], #others, #note, #note-form";
  const missed = new Map();
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, requestConfig, xhr } = event.detail;
    const typing = form() || elt.closest(KEPT);
    const alone = window.cometadmin.byItself(event.detail) || elt.closest("[data-quiet]");
    if ((xhr.status === 401 && (typing || alone)) || (xhr.status === 403 && elt.closest(KEPT))) {
      event.preventDefault();
      ended = true;
      alone && missed.set(elt, requestConfig);
      if (xhr.status === 403) {
        signedInAgain();
      } else {
        sayEnded();
      }
    }
  });

  // Once, however often a page asks: whoever is on the way to the link finds it there.
  let said = null;
  function sayEnded() {
    const { ended: words, signIn, signInAt } = live().dataset;
    if (!said?.isConnected) {
      const link = Object.assign(document.createElement("a"), { href: signInAt, target: "_blank", textContent: signIn });
      said = tell("warn", words, " ", link);
    }
  }

  function tell(tone, ...parts) {
    const notice = document.createElement("p");
    notice.className = `notice notice--${tone} notice--plain`;
    notice.append(...parts);
    live().replaceChildren(notice);
    return notice;
  }

  // Signing in makes a new token against forgery; the page takes it over, and what it had asked is asked again.
  async function signedInAgain() {
    const open = document.getElementById("others")?.getAttribute("hx-post");
    const headers = open ? { "HX-Request": "true" } : {};
    const answer = await fetch(open ?? location.href, { headers, redirect: "manual" }).catch(() => null);
    if (answer?.status === 401 || answer?.type === "opaqueredirect") {
      return sayEnded();
    }
    if (answer?.status !== 200) {
      return tell("bad", live().dataset.failed.replace("%s", answer?.status ?? "–"));
    }
    const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
    const alone = body.querySelector("[data-csrf]");
    const token = alone ? alone.dataset.csrf : JSON.parse(body.getAttribute("hx-headers"))["x-csrftoken"];
    document.body.setAttribute("hx-headers", JSON.stringify({ "x-csrftoken": token }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => (input.value = token));
    ended = false;
    tell("good", live().dataset.back);
    missed.forEach(window.cometadmin.again);
    missed.clear();
  }
  window.addEventListener("focus", () => ended && signedInAgain());
  document.addEventListener("visibilitychange", () => ended && !document.hidden && signedInAgain());

  // In a conflict: who types into a field wants what they type, whatever was chosen for it before.
  document.addEventListener("input", ({ target }) => {
    const choices = target.form?.elements[`choose-${target.name}`];
    if (choices?.value === "theirs") {
      choices.value = "mine";
    }
  });

  // Half a moment has no value, so that the browser itself says nothing of it.
  document.addEventListener("keyup", ({ target }) => {
    if (target.validity?.badInput) {
      target.dispatchEvent(new Event("input", { bubbles: true }));
    }
  });

  // A moment that is typed is meant, and so is a day that is chosen.
  document.addEventListener("input", (event) => {
    const { target } = event;
    const expiry = target.form?.elements.expired_time;
    if (target === expiry && (target.value || target.validity.badInput)) {
      target.form.querySelector("[name=expiry][value=at]").checked = true;
    } else if (expiry && target.name === "expiry" && target.value !== "at") {
      expiry.value = expiry.dataset.shown; // as the key has it: what stood there may have been typed before
    }
  });
})();
