"use strict";
// The page can be read without this script. It adds the filter, buttons that copy, and the
// age of the facts; it sends and stores nothing.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const checks = all(".check");
  const sections = all("main section[data-status]");
  const find = one("find"), area = one("area"), shown = one("shown"), unfold = one("unfold"), form = one("filter");
  const pressed = new Set();
  const texts = new Map();

  // text is what a check says, gathered when somebody first looks for something.
  const text = (check) => {
    if (!texts.has(check)) texts.set(check, check.textContent.toLowerCase());
    return texts.get(check);
  };

  const show = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const narrowed = words.length > 0 || area.value !== "";
    let count = 0;
    for (const check of checks) {
      const fits = (pressed.size === 0 || pressed.has(check.dataset.status)) &&
        (area.value === "" || check.dataset.area === area.value) && words.every((word) => text(check).includes(word));
      check.hidden = !fits;
      if (fits) count++;
    }
    const filtered = narrowed || pressed.size > 0;
    for (const group of all(".group")) {
      const some = all(".check", group).some((check) => !check.hidden);
      group.hidden = !some;
      if (filtered && some) group.open = true;
    }
    for (const section of sections) {
      const some = all(".check", section).some((check) => !check.hidden);
      section.hidden = filtered && !some;
      for (const extra of all(":scope > .causes, :scope > .accepted, :scope > .rest", section)) extra.hidden = narrowed;
    }
    for (const other of all("#confirm, #checker, #environment")) other.hidden = filtered;
    shown.textContent = filtered ? `${count} of ${checks.length} checks` : "";
  };

  // Links that lead to a section become buttons that leave only what has their status.
  for (const link of all(".count")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = link.className;
    button.dataset.status = link.dataset.status;
    button.setAttribute("aria-pressed", "false");
    button.append(...link.childNodes);
    button.addEventListener("click", () => {
      const on = !pressed.delete(button.dataset.status);
      if (on) pressed.add(button.dataset.status);
      button.setAttribute("aria-pressed", String(on));
      show();
    });
    link.replaceWith(button);
  }
  find.addEventListener("input", show);
  area.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    pressed.clear();
    for (const button of all(".count")) button.setAttribute("aria-pressed", "false");
    setTimeout(show); // when the fields are empty
  });
  unfold.addEventListener("click", () => {
    const open = unfold.textContent === "Unfold all";
    for (const fold of all("details.check, details.group")) fold.open = open;
    unfold.textContent = open ? "Fold all" : "Unfold all";
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
      event.preventDefault();
      find.focus();
    }
    if (event.key === "Escape" && event.target === find) {
      find.value = "";
      show();
    }
  });
  form.hidden = false;

  // A link to a check that is folded, or filtered away, shows it.
  const reveal = () => {
    let target = null;
    try {
      target = one(decodeURIComponent(location.hash.slice(1)));
    } catch {
      return; // no address of this page
    }
    if (target === null) return;
    if (target.closest("[hidden]") !== null) form.reset();
    for (let fold = target.closest("details"); fold !== null; fold = fold.parentElement.closest("details")) fold.open = true;
    setTimeout(() => target.scrollIntoView());
  };
  window.addEventListener("hashchange", reveal);
  if (location.hash !== "") reveal();

  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return document.execCommand("copy");
    }
  };
  for (const box of all(".command:not(.cut)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      button.textContent = await copy(box.querySelector("code")) ? "Copied" : "Select it by hand";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.prepend(button);
  }

  const stale = one("stale");
  const read = new Date(stale.dataset.read), over = Date.now() - new Date(stale.dataset.until);
  if (over > 0) {
    const hours = Math.floor((Date.now() - read) / 3600000);
    stale.querySelector("span").textContent = hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`;
    stale.hidden = false;
  }
})();
