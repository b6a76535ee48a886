
"use strict";
(() => {
  const screens = [...document.querySelectorAll(".screen")];
  const links = [...document.querySelectorAll("nav li a")];
  const findable = [...document.querySelectorAll("[data-find]")];
  const body = document.body;
  // Where the links stand above the screens and not beside them.
  const narrow = matchMedia("(max-width: 60rem)");
  const words = document.getElementById("words");
  const found = document.getElementById("found");

  // One screen at a time: that of the address, or of whatever in it the address names.
  const show = () => {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const screen = (named && named.closest(".screen")) || screens[0];
    screens.forEach((each) => each.classList.toggle("shown", each === screen));
    links.forEach((link) => link.removeAttribute("aria-current"));
    const link = links.find((each) => each.hash === "#" + screen.id);
    if (link) link.setAttribute("aria-current", "page");
    if (named && named.tagName === "DETAILS") named.open = true;
    if (named && named !== screen) named.scrollIntoView({ block: "center" });
    else if (named && narrow.matches) screen.scrollIntoView();
    else scrollTo(0, 0);
    if (link && !narrow.matches) link.scrollIntoView({ block: "nearest" });
  };

  // Every word must occur; while there are words, all screens are searched and only what matches is shown.
  const search = () => {
    const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    body.classList.toggle("searching", asked.length > 0);
    let count = 0;
    findable.forEach((part) => {
      const text = part.dataset.find.toLowerCase();
      part.hidden = !asked.every((word) => text.includes(word));
      count += part.hidden ? 0 : 1;
    });
    screens.forEach((screen) => {
      screen.classList.toggle("matched", asked.length > 0 && screen.querySelector("[data-find]:not([hidden])") !== null);
    });
    document.querySelectorAll("tbody").forEach((group) => {
      group.hidden = group.querySelector("[data-find]") !== null && group.querySelector("[data-find]:not([hidden])") === null;
    });
    found.textContent = asked.length === 0 ? "" : count === 0 ? "Nothing found." : count + " found.";
  };

  document.getElementById("search").addEventListener("submit", (event) => event.preventDefault());
  words.addEventListener("input", search);
  words.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { words.value = ""; search(); }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== words) { event.preventDefault(); words.focus(); }
  });
  addEventListener("hashchange", () => {
    if (words.value) { words.value = ""; search(); }
    show();
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((rule) => { rule.open = true; }));

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  document.querySelectorAll("#search, #theme").forEach((part) => { part.hidden = false; });
  body.classList.add("routed");
  show();
})();
