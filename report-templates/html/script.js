// Adds comfort to a page that is whole without it: filter, sort, theme, and copy. Asks the network for nothing.
(() => {
  "use strict";
  const make = (name, props, ...children) => {
    const element = Object.assign(document.createElement(name), props);
    element.append(...children);
    return element;
  };

  // Filter: every word must stand somewhere in the row.
  const addFilter = (box) => {
    const table = box.querySelector("table");
    const rows = [...table.tBodies[0].rows].filter((row) => !row.querySelector(".empty"));
    if (rows.length < 2) return;
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const id = `${table.id}-filter`;
    const input = make("input", { type: "search", id, autocomplete: "off", spellcheck: false });
    const status = make("p", {});
    status.setAttribute("role", "status");
    const show = (shown) => {
      status.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
    };
    const apply = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        if (!row.hidden) shown += 1;
      });
      show(shown);
    };
    input.addEventListener("input", apply);
    show(rows.length);
    box.prepend(make("div", { className: "tools" }, make("label", { htmlFor: id }, "Filter"), input, status));
    // A link to a row that the filter hides would lead nowhere.
    addEventListener("hashchange", () => {
      const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (row && row.hidden && table.contains(row)) {
        input.value = "";
        apply();
        row.scrollIntoView();
      }
    });
  };

  // Sort: up, down, and back to the order of the report.
  const number = (text) => {
    const found = text.replace(/,/g, "").match(/^[−-]?\d+(\.\d+)?/);
    return found ? Number(found[0].replace("−", "-")) : NaN;
  };
  const compare = (a, b) => {
    const [x, y] = [number(a), number(b)];
    if (!Number.isNaN(x) && !Number.isNaN(y) && x !== y) return x - y;
    return a.localeCompare(b, "en", { numeric: true });
  };
  const addSort = (box) => {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    if (rows.length < 2) return;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (order) head.setAttribute("aria-sort", order);
        const sign = order === "descending" ? -1 : 1;
        const key = (row) => row.cells[column].textContent.trim();
        const sorted = order ? [...rows].sort((a, b) => sign * compare(key(a), key(b))) : rows;
        body.append(...sorted);
      });
    });
  };
  document.querySelectorAll(".table[data-filter]").forEach((box) => {
    addFilter(box);
    addSort(box);
  });

  // Copy: where the page may reach the clipboard at all.
  document.querySelectorAll("main .code code, .facts code.digest, footer code.digest").forEach((code) => {
    const text = code.classList.contains("digest") ? code.textContent.replace(/\s+/g, "") : code.textContent;
    const button = make("button", { type: "button", className: "copy" }, "Copy");
    button.setAttribute("aria-label", `Copy ${text.length > 24 ? `${text.slice(0, 12)}…` : text}`);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        const range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    code.after(button);
  });

  // Theme: as the system says, or as chosen. A file opened from disk may have no storage.
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const stored = () => { try { return localStorage.getItem("countersign-theme"); } catch { return null; } };
  const button = make("button", { type: "button", className: "theme" });
  const set = (theme) => {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.value = theme;
  };
  set(themes.includes(stored()) ? stored() : "system");
  button.addEventListener("click", () => {
    const theme = themes[(themes.indexOf(button.value) + 1) % themes.length];
    set(theme);
    try { localStorage.setItem("countersign-theme", theme); } catch { /* Stays for this view only. */ }
  });
  document.querySelector(".contents").append(button);

  // Contents: marks the section being read.
  const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
  const heads = [...document.querySelectorAll("section.level-1")];
  let waiting = false;
  const mark = () => {
    waiting = false;
    const current = heads.filter((section) => section.getBoundingClientRect().top < innerHeight / 3).pop();
    links.forEach((link, id) => {
      if (current && current.id === id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  };
  addEventListener("scroll", () => {
    if (!waiting) { waiting = true; requestAnimationFrame(mark); }
  }, { passive: true });
  mark();

  // Paper shows what a click would.
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((details) => { details.open = true; });
  });
})();
