// A form whose typing is never lost ([data-kept]): checked as it is left, kept through an ended session and a lost line.
"use strict";

(() => {
  const form = () => document.querySelector("form[data-kept]");
  const live = () => document.getElementById("live");
  let ended = false;
  let leaving = false;

  document.documentElement.classList.add("js");

  const untouched = (control) => {
    if (control.type === "hidden" || control.type === "submit") {
      return true;
    }
    if (control.type === "checkbox" || control.type === "radio") {
      return control.checked === control.defaultChecked;
    }
    if (control.tagName === "SELECT") {
      return [...control.options].every((option) => option.selected === option.defaultSelected);
    }
    return control.value === control.defaultValue;
  };

  // Is there anything that a save has not taken yet?
  function unsaved() {
    const kept = form();
    return Boolean(kept) && ("dirty" in kept.dataset || ![...kept.elements].every(untouched));
  }
  window.cometadmin = { unsaved, throwAway: () => form()?.remove() };

  window.addEventListener("beforeunload", (event) => {
    if (!leaving && unsaved()) {
      event.preventDefault();
    }
  });
  // Forms that go to another page by themselves: saving without htmx, disabling at once, signing out.
  document.addEventListener("submit", () => {
    leaving = true;
    setTimeout(() => (leaving = false), 1000);
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
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { status } = event.detail.xhr;
    if (form() && (status === 401 || (status === 403 && event.detail.elt.closest("form[data-kept], #others")))) {
      event.preventDefault();
      ended = true;
      if (status === 403) {
        signedInAgain();
      } else {
        sayEnded();
      }
    }
  });

  function sayEnded() {
    const { ended: words, signIn, signInAt } = live().dataset;
    const link = Object.assign(document.createElement("a"), { href: signInAt, target: "_blank", textContent: signIn });
    tell("warn", words, " ", link);
  }

  function tell(tone, ...parts) {
    const notice = document.createElement("p");
    notice.className = `notice notice--${tone} notice--plain`;
    notice.append(...parts);
    live().replaceChildren(notice);
  }

  // Signing in makes a new token against forgery; the form takes it over.
  async function signedInAgain() {
    const open = document.getElementById("others")?.getAttribute("hx-post");
    const answer = open && (await fetch(open, { headers: { "HX-Request": "true" }, redirect: "manual" }).catch(() => null));
    if (answer?.status === 401) {
      return sayEnded();
    }
    if (answer?.status !== 200) {
      return tell("bad", live().dataset.failed.replace("%s", answer?.status ?? "–"));
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("[data-csrf]").dataset.csrf;
    document.body.setAttribute("hx-headers", JSON.stringify({ "x-csrftoken": token }));
    document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((input) => (input.value = token));
    ended = false;
    tell("good", live().dataset.back);
  }
  window.addEventListener("focus", () => ended && signedInAgain());
  document.addEventListener("visibilitychange", () => ended && !document.hidden && signedInAgain());

  // A moment that is typed is meant, and so is a day that is chosen.
  document.addEventListener("input", (event) => {
    const { target } = event;
    const expiry = target.form?.elements.expired_time;
    if (target === expiry && target.value) {
      target.form.querySelector("[name=expiry][value=at]").checked = true;
    } else if (expiry && target.name === "expiry" && target.value !== "at") {
      expiry.value = expiry.defaultValue;
    }
  });
})();
