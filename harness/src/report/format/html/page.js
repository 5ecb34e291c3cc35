"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.getElementById("theme").addEventListener("click", () => {
    const is = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = is === "dark" ? "light" : "dark";
  });

  const findings = [...document.querySelectorAll("details.finding")];
  const field = (name) => document.getElementById(name);
  const filter = () => {
    const words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const statuses = [...document.querySelectorAll("input[name=status]:checked")].map((it) => it.value);
    const [level, tier] = [field("level").value, field("tier").value];
    let shown = 0;
    for (const it of findings) {
      const text = it.textContent.toLowerCase();
      const matches = statuses.includes(it.dataset.status) && (!level || it.dataset.level === level) &&
        (!tier || it.dataset.tier === tier) && words.every((word) => text.includes(word));
      it.hidden = !matches;
      shown += matches ? 1 : 0;
    }
    field("shown").textContent = `${shown} of ${findings.length} shown`;
    field("none").hidden = shown > 0;
  };
  const form = document.querySelector("form.filter");
  if (form) {
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }

  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A page opened from a file may lack permission to use the clipboard.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  for (const button of document.querySelectorAll(".copy button")) {
    button.addEventListener("click", async () => {
      await copied(button.previousElementSibling.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  // Print all details open.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
})();
