// One table with its filters: the matrix, or the profiles. State comes from the address and goes there.
const makeGrid = (name, prefix) => {
  const table = document.getElementById(name);
  const form = document.getElementById(`${name}-controls`);
  if (!table || !form) return null;
  const heads = [...table.querySelectorAll("thead th[data-client]")];
  const names = heads.map((one) => one.dataset.client);
  const rows = [...table.querySelectorAll("tr[data-scene]")];
  const bodies = [...table.tBodies];
  const places = new Map(rows.map((row) => [row, row.parentNode]));
  const byKind = new Map();
  const switchable = Boolean(form.elements.agree);
  const story = heads.filter((one) => "story" in one.dataset).map((one) => one.dataset.client);
  const presets = {
    all: names,
    none: [],
    story,
    working: heads.filter((one) => !("idle" in one.dataset)).map((one) => one.dataset.client),
    ran: heads.filter((one) => !("modelled" in one.dataset)).map((one) => one.dataset.client),
  };
  const usual = story.length && names.length > 10 ? "story" : presets.working.length ? "working" : "all";
  const boxes = (field) => [...form.querySelectorAll(`input[name="${field}"]`)];
  const chosen = (field) => boxes(field).filter((one) => one.checked).map((one) => one.value);
  const cellAt = (row, column) => row.cells[column + 1];

  // ---- the form and the address --------------------------------------------------------------------
  const columnsWord = () => {
    const now = chosen("client");
    const same = (some) => some.length === now.length && some.every((one) => now.includes(one));
    return [usual, ...Object.keys(presets)].find((word) => same(presets[word])) || now.join(",");
  };
  const setColumns = (word) => {
    const wanted = Object.hasOwn(presets, word) ? presets[word] : word.split(",");
    for (const box of boxes("client")) box.checked = wanted.includes(box.value);
  };
  const read = (query) => {
    const get = (field, otherwise) => query.get(prefix + field) ?? otherwise;
    form.elements.find.value = get("find", "");
    for (const box of boxes("kind")) box.checked = box.value === get("kind", "all");
    if (!chosen("kind").length) boxes("kind")[0].checked = true;
    const ends = get("outcome", "").split(",");
    for (const box of boxes("outcome")) box.checked = ends.includes(box.value);
    form.elements.order.checked = get("order", "") === "kind";
    if (switchable) form.elements.agree.checked = get("agree", "") === "1";
    setColumns(get("clients", usual));
    apply();
  };
  const write = () => {
    const { place, query } = readAddress();
    const put = (field, value, otherwise) => {
      if (value && value !== otherwise) query.set(prefix + field, value);
      else query.delete(prefix + field);
    };
    put("find", form.elements.find.value.trim(), "");
    put("kind", chosen("kind")[0], "all");
    put("outcome", chosen("outcome").join(","), "");
    put("order", form.elements.order.checked ? "kind" : "", "");
    if (switchable) put("agree", form.elements.agree.checked ? "1" : "", "");
    put("clients", columnsWord(), usual);
    goTo({ place, query }, true);
  };

  // ---- what is shown -------------------------------------------------------------------------------
  const arrange = (apart) => {
    const order = [...byKind.values()];
    if (apart && !order.length) {
      for (const kind of new Set(rows.map((row) => row.dataset.kind))) {
        const title = { attack: "Attacks", rotation: "Rotations", slip: "Slips" }[kind] || kind;
        const head = make("th", { scope: "rowgroup", colspan: names.length + 1 }, make("span", {}, title));
        byKind.set(kind, make("tbody", {}, make("tr", { class: "group" }, head)));
      }
    }
    for (const row of rows) (apart ? byKind.get(row.dataset.kind) : places.get(row)).append(row);
    for (const body of byKind.values()) apart ? table.tFoot.before(body) : body.remove();
    table.classList.toggle("apart", apart);
  };
  const apply = () => {
    const columns = chosen("client");
    const kind = chosen("kind")[0];
    const ends = chosen("outcome");
    const words = form.elements.find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const seen = names.map((one) => columns.includes(one));
    for (const row of [table.tHead.rows[0], ...rows, ...table.tFoot.rows]) {
      seen.forEach((yes, column) => { cellAt(row, column).hidden = !yes; });
    }
    for (const row of rows) {
      const text = `${row.dataset.scene} ${row.cells[0].textContent}`.toLowerCase();
      const ended = seen.some((yes, column) => yes && ends.includes(cellAt(row, column).className));
      const agree = new Set(names.map((_, column) => (seen[column] ? cellAt(row, column).className : "")).filter(Boolean)).size < 2;
      row.hidden =
        (kind !== "all" && row.dataset.kind !== kind) ||
        (switchable && agree && !form.elements.agree.checked) ||
        (ends.length > 0 && !ended) ||
        !words.every((word) => text.includes(word));
    }
    arrange(form.elements.order.checked);
    const many = seen.filter(Boolean).length;
    for (const body of table.tBodies) {
      body.hidden = ![...body.rows].some((row) => row.dataset.scene && !row.hidden);
      body.rows[0].cells[0].colSpan = many + 1;
    }
    table.classList.toggle("many", many > 12);
    table.classList.toggle("crowded", many > 20);
    table.classList.toggle("picked", ends.length > 0);
    for (const end of Object.keys(data.outcomes)) table.classList.toggle(`pick-${end}`, ends.includes(end));
    const shown = rows.filter((row) => !row.hidden).length;
    table.style.setProperty("--rows", shown);
    form.querySelector(".count").textContent = `(${many} of ${names.length})`;
    const said = `${shown} of ${rows.length} scenes, ${many} of ${names.length} ${name === "clients" ? "clients" : "profiles"}`;
    const status = form.querySelector("output");
    if (status.textContent !== said) status.textContent = said;
    rove(current());
  };

  // ---- keyboard ------------------------------------------------------------------------------------
  // One cell of the table is in the tab order; arrow keys move from there.
  const visible = () => [...table.querySelectorAll("td > a")].filter((one) => one.getClientRects().length);
  const current = () => table.querySelector('td > a[tabindex="0"]');
  const rove = (link) => {
    const good = link && link.getClientRects().length ? link : visible()[0];
    for (const one of table.querySelectorAll("td > a")) one.tabIndex = one === good ? 0 : -1;
    return good;
  };
  const inOrder = () => [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => row.dataset.scene);
  const step = (link, [down, right]) => {
    const lines = inOrder().filter((row) => row.getClientRects().length);
    const columns = names.map((_, column) => column).filter((column) => !heads[column].hidden);
    const cell = link.closest("td");
    const line = lines.indexOf(cell.parentNode);
    const column = columns.indexOf(cell.cellIndex - 1);
    const at = (list, index) => list[Math.min(Math.max(index, 0), list.length - 1)];
    return cellAt(at(lines, line + down), at(columns, column + right)).querySelector("a") || link;
  };
  table.addEventListener("keydown", (event) => {
    const link = event.target.closest("td > a");
    if (!link || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const far = names.length + rows.length;
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -far], End: [0, far] }[event.key];
    if (!move) return;
    event.preventDefault();
    const next = rove(step(link, move));
    next.focus();
  });
  table.addEventListener("focusin", (event) => {
    if (event.target.matches("td > a")) rove(event.target);
  });

  // ---- wiring --------------------------------------------------------------------------------------
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { apply(); write(); });
  form.addEventListener("click", (event) => {
    const word = event.target.dataset.preset;
    if (!word) return;
    setColumns(word);
    apply();
    write();
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    read(new URLSearchParams());
    write();
  });
  // A cell that is opened from a link is shown, whatever the filters hide.
  const reveal = (client, scene) => {
    const row = rows.find((one) => one.dataset.scene === scene);
    if (!row || !names.includes(client)) return;
    for (const box of boxes("client")) box.checked ||= box.value === client;
    apply();
    if (!row.hidden) return;
    form.elements.find.value = "";
    for (const box of boxes("kind")) box.checked = box.value === "all";
    for (const box of boxes("outcome")) box.checked = false;
    if (switchable) form.elements.agree.checked = true;
    apply();
  };
  const linkTo = (client, scene) => {
    const row = rows.find((one) => one.dataset.scene === scene);
    const column = names.indexOf(client);
    return row && column >= 0 ? cellAt(row, column).querySelector("a") : null;
  };
  return { read, reveal, linkTo, rove, step, table };
};
