// Adds comfort to a page that is whole without it: filter, sort, a link to either, theme, and copy. Asks the network for nothing.
(() => {
  "use strict";
  const make = (name, props, ...children) => {
    const element = Object.assign(document.createElement(name), props);
    element.append(...children);
    return element;
  };

  // Filter: every word must stand somewhere in the row.
  const addFilter = (box, changed) => {
    const table = box.querySelector("table");
    const rows = [...table.tBodies[0].rows];
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
    input.addEventListener("input", () => { apply(); changed(); });
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
    return { text: () => input.value.trim(), set: (text) => { input.value = text; apply(); } };
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
  const addSort = (box, changed) => {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const set = (column, order) => {
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (order) heads[column].setAttribute("aria-sort", order);
      const sign = order === "descending" ? -1 : 1;
      const key = (row) => row.cells[column].textContent.trim();
      body.append(...(order ? [...rows].sort((a, b) => sign * compare(key(a), key(b))) : rows));
    };
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        set(column, next === undefined ? "ascending" : next);
        changed();
      });
    });
    const sorted = () => heads.findIndex((head) => head.hasAttribute("aria-sort"));
    return { column: sorted, order: () => heads[sorted()]?.getAttribute("aria-sort"), columns: heads.length, set };
  };

  // The address holds how a table is filtered and sorted, so that a view can be handed on:
  // #exceptions?filter=critical&sort=3&order=descending
  const asked = () => {
    const [id, query = ""] = location.hash.slice(1).split("?");
    return { id: decodeURIComponent(id), query: new URLSearchParams(query) };
  };
  document.querySelectorAll(".table[data-filter]").forEach((box) => {
    const table = box.querySelector("table");
    if (table.querySelector(".empty") || table.tBodies[0].rows.length < 2) return;
    const changed = () => {
      const query = new URLSearchParams();
      if (filter.text()) query.set("filter", filter.text());
      if (sort.order()) { query.set("sort", sort.column() + 1); query.set("order", sort.order()); }
      const state = query.size > 0 ? `?${query}` : "";
      try { history.replaceState(null, "", `#${encodeURIComponent(table.id)}${state}`); } catch { /* The view stays, only its link does not. */ }
    };
    const filter = addFilter(box, changed);
    const sort = addSort(box, changed);
    const restore = () => {
      const { id, query } = asked();
      if (id !== table.id || query.size === 0) return;
      filter.set(query.get("filter") ?? "");
      const column = Number(query.get("sort")) - 1;
      const order = ["ascending", "descending"].find((known) => known === query.get("order"));
      if (order && column >= 0 && column < sort.columns && Number.isInteger(column)) sort.set(column, order);
      box.scrollIntoView();
    };
    addEventListener("hashchange", restore);
    restore();
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
