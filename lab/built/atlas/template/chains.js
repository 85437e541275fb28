// A presented chain beside the verified path, root above: a key that is on both stands on one line.
const keyWords = { root: "genuine root key", intermediate: "genuine intermediate key", leaf: "genuine leaf key", backup: "the planned backup key" };

const certificate = (one) =>
  make(
    "div",
    { class: one.genuine ? "certificate genuine" : "certificate" },
    make("b", {}, one.key ? make("img", { class: "key", src: data.keys[one.key], alt: `key ${one.key}` }) : "", " ", one.name),
    make(
      "span",
      { class: "mark" },
      make("span", { class: "glyph", "aria-hidden": "true" }, one.genuine ? "◆" : "◇"),
      " ",
      one.genuine ? keyWords[one.genuine] || one.genuine : "another key",
    ),
    make("code", {}, `${one.pin.slice(0, 15)}…`),
  );

const chainRows = (meeting) => {
  const same = (a, b) => a.pin === b.pin && a.name === b.name;
  if (meeting.path === null) return [...meeting.presented].reverse().map((sent) => ({ sent, path: null }));
  const left = [...meeting.presented];
  const rows = [...meeting.path].reverse().map((path) => {
    const found = left.findIndex((sent) => same(sent, path));
    return { path, sent: found < 0 ? null : left.splice(found, 1)[0] };
  });
  // What was sent and leads nowhere comes first: the leaf belongs at the bottom.
  return [...left.map((sent) => ({ sent, path: null, stray: true })), ...rows];
};

const sender = (meeting) => (meeting.line === "attacker" ? "the attacker" : meeting.proxied ? "the proxy" : "the genuine server");

const chains = (meeting) => {
  if (meeting.resumed) return make("p", { class: "nothing" }, "The session was resumed. No certificate was presented, so there is no path.");
  if (!meeting.presented.length) return make("p", { class: "nothing" }, "No certificate was presented.");
  const rows = chainRows(meeting);
  const absent = (words) => make("div", { class: "certificate absent" }, words);
  const lines = rows.map(({ sent, path, stray }, index) => {
    const joined = index + 1 < rows.length;
    const cells = [
      make("td", { class: joined && sent && rows[index + 1].sent && !stray ? "signs" : null }, sent ? certificate(sent) : absent("not sent: the client's store has it")),
    ];
    if (meeting.path !== null) {
      const below = joined && path ? "signs" : null;
      cells.push(make("td", { class: below }, path ? certificate(path) : absent("sent, and on no path")));
    } else if (!index) {
      const why = make("div", { class: "certificate none" }, make("b", {}, "✗ no path"), make("span", {}, meeting.validation_error || ""));
      cells.push(make("td", { rowspan: rows.length }, why));
    }
    return make("tr", {}, cells);
  });
  const heads = [`presented by ${sender(meeting)}`, "path that the client verified"];
  return make(
    "table",
    { class: "chains" },
    make("caption", {}, "Certificates, root above. A letter with its colour and pattern is one key, whatever name it bears; ◆ marks a key of the genuine service."),
    make("thead", {}, make("tr", {}, heads.map((words) => make("th", { scope: "col" }, words)))),
    make("tbody", {}, lines),
  );
};
