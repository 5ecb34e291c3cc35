"use strict";
(() => {
  const list = document.querySelector("section.text");
  const label = document.createElement("label");
  label.textContent = "Filter ";
  const input = document.createElement("input");
  input.type = "search";
  input.autocomplete = "off";
  label.append(input);
  list.prepend(label);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const rules of list.querySelectorAll("ul")) {
      for (const rule of rules.children) {
        const text = rule.textContent.toLowerCase();
        rule.hidden = !words.every((word) => text.includes(word));
      }
      rules.previousElementSibling.hidden = [...rules.children].every((rule) => rule.hidden);
    }
  });
})();
