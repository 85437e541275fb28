// A trace: one trial in words and tables, from its record.
const row = (head, ...cells) => make("tr", {}, make("th", { scope: "row" }, head), cells.map((one) => make("td", {}, one)));
const fact = (term, ...said) => (said.flat().some(Boolean) ? [make("dt", {}, term), make("dd", {}, ...said)] : []);
const code = (text) => make("code", {}, text);

// What was seen and what was wanted, under a refusal that compared keys.
const bothSides = ({ seen, wanted }) => {
  const side = (word, keys) =>
    keys.map(({ pin, name, key }, at) => `${(at ? "" : word).padEnd(8)}${key ?? "-"} ${(pin ?? "(no such pin)").padEnd(51)}  ${name}`.trimEnd());
  const lines = [...side("seen", seen), ...side("wanted", wanted)];
  return wanted.length ? make("pre", { class: "sides" }, lines.join("\n")) : "";
};

const checksTable = (meeting, client) => {
  const asked = meeting.checks;
  const silent = meeting.component ? [] : client.checks.slice(asked.length);
  if (!asked.length) return make("p", {}, make("b", {}, meeting.deciding_check), `: ${meeting.reason}`);
  const said = (one) => {
    const decides = one.check === meeting.deciding_check ? make("span", { class: "decides" }, "◀ decides") : "";
    const [glyph, word, kind] = one.passed ? ["✓", "passes", "passed"] : ["✗", "refuses", "refused"];
    const mark = make("span", { class: kind }, make("span", { class: "glyph", "aria-hidden": "true" }, glyph), ` ${word}`);
    const line = row(one.check, [mark, " ", decides], one.reason);
    if (decides) line.className = "deciding";
    return line;
  };
  const lines = [
    ...asked.map(said),
    ...silent.map((name) => row(name, make("span", { class: "silent" }, "· not asked"), "a check before it had decided")),
  ];
  const table = make(
    "table",
    { class: "checks" },
    make("caption", {}, "Checks, in order"),
    make("thead", {}, make("tr", {}, ["check", "finding", "why"].map((word) => make("th", { scope: "col" }, word)))),
    make("tbody", {}, lines),
  );
  const sides = asked.map(bothSides);
  if (asked.some((one) => one.check === meeting.deciding_check)) return [table, ...sides];
  return [table, ...sides, make("p", {}, make("b", {}, `Decided by: ${meeting.deciding_check}`), `. ${meeting.reason}`)];
};

const otherSide = (meeting) => {
  const { alert, client_hung_up: hungUp, read, requests } = meeting.other_side;
  const who = meeting.line === "attacker" ? "The attacker" : meeting.proxied ? "The proxy" : "The server";
  return make(
    "dl",
    { class: "facts" },
    fact(`${who} saw the client hang up`, hungUp),
    fact("and its alert was", alert || "none"),
    fact("bytes it read", String(read)),
    fact("requests it read", requests.length ? requests.map((one) => make("div", {}, code(one))) : "none"),
    meeting.line === "attacker" ? fact("bytes leaked to the attacker", String(meeting.leaked)) : [],
    meeting.line === "attacker" ? fact("carried on in the client's name", meeting.relayed_in_your_name ? "yes" : "no") : [],
  );
};

// How long after the first meeting this one is, in days and hours; nothing where it is the same day.
const afterwards = ({ after }) => {
  const days = Math.floor(after / 86400);
  const hours = Math.ceil((after % 86400) / 3600);
  return after ? `, after ${[days && `${days} d`, hours && `${hours} h`].filter(Boolean).join(" ")}` : "";
};

const meetingPart = (record, meeting, index, client, level) => {
  const shown = index === record.shows_meeting;
  const mark = meeting.outcome ? outcomeMark(meeting.outcome) : make("span", { class: "outcome" }, "another part of the program");
  const summary = make(
    "summary",
    {},
    make(`h${level + 1}`, {}, `Meeting ${index + 1}${afterwards(meeting)}: ${meeting.title}`),
    " ",
    mark,
    shown ? make("span", { class: "here" }, "the cell shows this meeting") : "",
  );
  return make("details", { class: "meeting", open: shown }, summary, chains(meeting), checksTable(meeting, client), otherSide(meeting));
};

const twinPart = (record, alone) => {
  const twin = record.twin && trials.get(cellName(record.client, record.twin));
  if (!twin) return null;
  const same = twin.verdict === record.verdict;
  const title = scenes.get(twin.scene).title;
  const link = cellLink(twin.client, twin.scene, title);
  const verdict = same ? `The same verdict: ${twin.verdict}. What it means is another thing.` : `Another verdict: ${twin.verdict}. Something other than the path told the two apart.`;
  const beside = alone ? make("button", { type: "button", "data-action": "beside" }, "Side by side") : "";
  const board = [record.scene, record.twin].map((name) => `apart-${name}`).find((name) => document.getElementById(name));
  const told = board ? make("a", { href: `#${board}` }, "What tells them apart") : "";
  return make("div", { class: "twin" }, make("p", {}, `Its twin, the ${twin.kind} `, link, ": ", outcomeMark(twin.outcome)), make("p", {}, verdict, " ", told, " ", beside));
};

const sceneFacts = (scene) => {
  const [, ...rest] = scene.text.split("\n");
  return [
    make("pre", { tabindex: "0", role: "region", "aria-label": "the scene as its author drew it" }, rest.join("\n").trim() || scene.title),
    make(
      "dl",
      { class: "facts" },
      fact("shares with the genuine path", scene.reach.join(" + ") || "trust store only"),
      fact("ordinary TLS refuses it:", scene.fails),
      fact("the attacker holds", scene.attacker_holds.join("; ")),
      fact("gets on the path by", scene.way),
      fact("what loopback leaves out", scene.loopback_leaves_out),
      fact("seen in the field", scene.incident),
    ),
  ];
};

const clientFacts = (client) => {
  const profile = client.profile || {};
  const ran = profile.ran === false ? "modelled, not run" : "run in the field test";
  return make(
    "dl",
    { class: "facts" },
    fact("what it does", client.title),
    fact("its checks, in order", client.checks.join(", ") || "none"),
    fact("learnt by", client.learnt.join(" and ") || "nothing to learn"),
    fact("its bug", client.bug),
    fact("program", profile.program),
    fact("pinned", profile.pinned),
    fact("its pinning switches off", profile.switches_off),
    client.profile ? fact("how it is known", ran) : [],
    fact("source", client.source || profile.source),
  );
};

const fieldPart = (record, level) => {
  const rows = ((data.field || {}).results || []).filter((one) => one.profile === record.client && one.scene === record.scene);
  if (!rows.length) return null;
  const versions = new Map((data.field.programs || []).map((one) => [one.name, one.version]));
  const told = rows.map((one) => {
    const why = one.explained && (one.explained.why || one.explained);
    const agrees = one.agree === true ? "✓ as predicted" : why ? `≠ ${one.predicted} was predicted; ${why}` : `✗ ${one.predicted} was predicted`;
    return make("li", {}, `${one.program} ${versions.get(one.program) || ""}: ${one.did}. ${agrees}.`, one.note ? make("span", { class: "note" }, one.note) : "");
  });
  return make("section", {}, make(`h${level}`, {}, "In the field"), make("ul", {}, told));
};

const flipPart = (record, level) => {
  const flip = record.would_flip;
  const others = flip.other_scenes_changed || [];
  const links = others.map((name) => {
    const known = trials.has(cellName(record.client, name));
    return make("li", {}, known ? cellLink(record.client, name, (scenes.get(name) || { title: name }).title) : name);
  });
  return make(
    "section",
    {},
    make(`h${level}`, {}, "What would flip it"),
    make("p", {}, `${flip.words[0].toUpperCase()}${flip.words.slice(1)}.`),
    flip.policy ? make("p", { class: "small" }, "The checks would then be: ", flip.policy.join(", ") || "none", ".") : "",
    links.length ? make("details", {}, make("summary", {}, `The other scenes that would change (${links.length})`), make("ul", {}, links)) : "",
  );
};

const opinionPart = (record, level) => {
  const opinion = record.second_opinion;
  const said = opinion.accepts === null
    ? `None: ${opinion.reason}.`
    : `A second path validator, which shares no code with the first, ${opinion.accepts ? "accepts path and host name" : "refuses"}${opinion.accepts ? "" : `: ${opinion.reason}`}.`;
  return make("section", {}, make(`h${level}`, {}, "Second opinion"), make("p", {}, said));
};

// The whole trace; `id` goes to its heading, `alone` says that its twin is not beside it.
const trace = (record, id, alone) => {
  const level = 2;
  const scene = scenes.get(record.scene);
  const client = clients.get(record.client);
  const decided = record.meetings[record.shows_meeting];
  const bySomething = ["no check", "switched off", "handshake"].includes(record.deciding_check)
    ? `${record.verdict} (${record.deciding_check})`
    : `${record.verdict} by the ${record.deciding_check} check`;
  return make(
    "article",
    { class: "trace" },
    make("p", { class: "eyebrow" }, `${record.kind} · ${record.scene}`),
    make(`h${level}`, { id, tabindex: "-1" }, make("span", { class: "who" }, record.client), make("span", { class: "and" }, " in "), scene.title),
    make(
      "div",
      { class: `verdict ${record.outcome}` },
      make("p", { class: "big" }, outcomeMark(record.outcome), make("small", {}, data.outcomes[record.outcome].meaning + afterwards(decided))),
      make("p", {}, `${bySomething[0].toUpperCase()}${bySomething.slice(1)}: ${decided.reason}.`, record.leaked ? ` The attacker read ${record.leaked} bytes.` : ""),
    ),
    twinPart(record, alone),
    make("section", { class: "meetings" }, make(`h${level + 1}`, {}, "Meetings"), record.meetings.map((one, index) => meetingPart(record, one, index, client, level + 1))),
    flipPart(record, level + 1),
    opinionPart(record, level + 1),
    fieldPart(record, level + 1),
    make("section", {}, make(`h${level + 1}`, {}, "The scene"), sceneFacts(scene)),
    make("section", {}, make(`h${level + 1}`, {}, "The client"), clientFacts(client)),
    make("p", { class: "small" }, "The same in a terminal: ", code(`python -m lab trial ${record.client} ${record.scene}`)),
  );
};
