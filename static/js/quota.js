// The amount that is typed, in the other unit too, and what it leaves; the one that was shown follows the unit.
// Whole numbers all the way; the server has the say.
"use strict";

(() => {
  const SPACES = /[\u00a0\u2007\u2009\u202f]/g;
  const PLAIN = /^[0-9]+(\.[0-9]+)?$/;
  const BY_COMMA = /^[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]+)?$/;
  const BY_BLANK = /^[1-9][0-9]{0,2}( [0-9]{3})+(\.[0-9]+)?$/;
  const ONE_COMMA = /^[0-9]+,[0-9]+$/;
  const LONGEST = 60;
  const PLACES = 12;

  // Units as a BigInt; null for what is no amount, or none that can be stored.
  function unitsOf(typed, unit, ratio) {
    let text = typed.trim().replace(SPACES, " ");
    if (unit === "usd" && text.startsWith("$")) {
      text = text.slice(1).trimStart();
    }
    const unclear = unit === "usd" && ONE_COMMA.test(text);
    if (text.length > LONGEST || unclear || !(PLAIN.test(text) || BY_COMMA.test(text) || BY_BLANK.test(text))) {
      return null;
    }
    const [whole, decimals = ""] = text.replace(/[ ,]/g, "").split(".");
    if (unit === "units") {
      return decimals ? null : BigInt(whole);
    }
    const scale = 10n ** BigInt(decimals.length);
    const scaled = BigInt(whole + decimals) * ratio;
    return scaled % scale === 0n ? scaled / scale : null;
  }

  const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");

  function usd(units, ratio) {
    let rest = units % ratio;
    let decimals = "";
    while (rest && decimals.length < PLACES) {
      rest *= 10n;
      decimals += rest / ratio;
      rest %= ratio;
    }
    return `${rest ? "≈ " : ""}$${grouped(String(units / ratio))}.${decimals.padEnd(2, "0")}`;
  }

  function tell(box) {
    const { elements } = box.closest("form");
    const told = document.getElementById("quota-told");
    const ratio = BigInt(box.dataset.ratio);
    const unit = elements.quota_unit.value;
    const units = unitsOf(elements.remain_quota.value, unit, ratio);
    told.hidden = units === null;
    if (units === null) {
      return;
    }
    const inUnits = (count) =>
      count === 1n ? told.dataset.unit : told.dataset.units.replace("%s", grouped(String(count)));
    const words = [told.dataset.same.replace("%s", unit === "usd" ? inUnits(units) : usd(units, ratio))];
    const mode = elements.quota_mode.value;
    const now = BigInt(box.dataset.left);
    if (mode === "add" || (mode === "take" && now > 0n)) {
      const sum = now + (mode === "add" ? units : -units);
      const left = sum < 0n ? 0n : sum;
      words.push(told.dataset.leaves.replace("%s", `${usd(left, ratio)} (${inUnits(left)})`));
    }
    told.textContent = words.join(" · ");
  }

  // What the key has left, as one would type it; null where that unit has no exact amount for it.
  function shownIn(unit, { left, ratio }) {
    if (unit === "units") {
      return left;
    }
    const amount = BigInt(left) < 0n ? "" : usd(BigInt(left), BigInt(ratio));
    return amount.startsWith("$") ? amount.slice(1).replaceAll(",", "") : null;
  }

  // An amount that was typed is the person's own, in the unit that they choose for it. The one that was shown is turned
  // into the other unit, and is nothing to top up by or to take away.
  function follow(box, changed) {
    const { remain_quota: amount, quota_unit: unit, quota_mode: mode } = box.closest("form").elements;
    const shown = shownIn(unit.value, box.dataset);
    const other = shownIn(unit.value === "usd" ? "units" : "usd", box.dataset);
    if (changed === unit && mode.value === "set" && amount.value === other && shown !== null) {
      amount.value = shown;
    } else if (changed === mode && mode.value !== "set" && amount.value === shown) {
      amount.value = "";
    } else if (changed === mode && mode.value === "set" && !amount.value.trim()) {
      amount.value = shown ?? "";
    }
    box.toggleAttribute("data-as-shown", mode.value === "set" && amount.value === shown);
  }

  // In whatever unit it stands there: what was shown goes out as it was shown, so that it is no change.
  document.addEventListener("htmx:configRequest", ({ detail: { parameters } }) => {
    const box = document.querySelector("#quota[data-as-shown]");
    if (box && parameters.quota_unit !== undefined) {
      parameters.quota_unit = "units";
      parameters.remain_quota = box.dataset.left;
    }
  });

  document.addEventListener("input", ({ target }) => {
    const box = target.closest?.("#quota");
    if (box) {
      follow(box, target);
      tell(box);
    }
  });
})();
