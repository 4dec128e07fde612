// The space-time diagram of one write: a line down for each region, time runs down, a message is a slanted line. Messages
// appear one after the other.
import { el, svg, ms, ticks, byId } from "./dom.js";

const shortName = (name) => name.length > 15 ? name.slice(0, 14) + "…" : name;
const kind = (text) => text.split(/[\s(:]/)[0];

export class Stepper {
  constructor() {
    this.write = null;
    this.at = 0;
    for (const [id, move] of [["first", () => 0], ["back", (at) => at - 1], ["next", (at) => at + 1], ["last", () => Infinity]]) {
      byId(id).addEventListener("click", () => this.go(move(this.at)));
    }
    byId("others").addEventListener("change", () => this.go(0));
    byId("step").addEventListener("keydown", (e) => {
      if (e.target.matches("select, input") || e.altKey || e.ctrlKey || e.metaKey) return;
      const move = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!move) return;
      e.preventDefault();
      this.go(this.at + move);
    });
    new ResizeObserver(() => this.draw()).observe(byId("diagram"));
  }

  show(write) {
    this.write = write;
    this.at = 0;
    this.go(0);
  }

  messages() {
    if (!this.write) return [];
    return this.write.messages.filter((m) => m.part !== "other" || byId("others").checked);
  }

  go(at) {
    const all = this.messages();
    this.at = Math.max(0, Math.min(at, all.length + (this.write ? 1 : 0))); // one step more: the answer
    for (const id of ["first", "back"]) byId(id).disabled = this.at === 0;
    for (const id of ["next", "last"]) byId(id).disabled = !this.write || this.at > all.length;
    this.tell(all);
    this.draw();
  }

  tell(all) {
    const w = this.write;
    const box = byId("telling");
    if (!w) {
      box.textContent = "Run an experiment first.";
      byId("messages").replaceChildren();
      return;
    }
    const name = (i) => w.places[i].region;
    const awaited = all.filter((m) => m.part === "awaited");
    if (this.at === 0) {
      box.textContent = `Write ${w.number} of ${w.region} arrives ${ms(w.at_ns)} into the measured time. ${all.length} messages follow; ${awaited.length} of them, one after the other, are what the client waits for.`;
    } else if (this.at > all.length) {
      const rest = w.response_ns - awaited.reduce((sum, m) => sum + m.arrives_ns - m.sent_ns, 0);
      const line = (ns, what) => el("li", {}, el("span", {}, ms(ns)), what);
      box.replaceChildren(
        el("p", {}, `Answered after ${ms(w.response_ns)}; the floor is ${ms(w.floor_ns)}. ${awaited.length ? "Where the time went:" : "No message was waited for."}`),
        el("ol", {}, ...awaited.map((m) => line(m.arrives_ns - m.sent_ns, `${kind(m.text)}, ${name(m.from)} → ${name(m.to)}`)),
          rest > 1000 ? line(rest, "waiting within regions, or behind other writes") : undefined));
    } else {
      const m = all[this.at - 1];
      const part = { awaited: "The client waits for it.", caused: "The client does not wait for it.", other: "It belongs to another write." }[m.part];
      const way = m.lost ? "and is lost" : `and arrives after ${ms(m.arrives_ns - m.sent_ns)}, at ${ms(m.arrives_ns)}`;
      box.textContent = `${this.at} of ${all.length}. At ${ms(m.sent_ns)} ${name(m.from)} sends ${m.text} to ${name(m.to)}, ${way}. ${part}`;
    }
    byId("messages").replaceChildren(...all.slice(0, this.at).map((m, i) =>
      el("li", { class: `${m.part}${i === this.at - 1 ? " now" : ""}`, "data-sent-ns": m.sent_ns, "data-arrives-ns": m.lost ? undefined : m.arrives_ns },
        `${ms(m.sent_ns)}  ${name(m.from)} → ${name(m.to)}  ${m.text}${m.lost ? " (lost)" : ""}`)));
  }

  draw() {
    const w = this.write;
    const box = byId("diagram");
    if (!w) {
      box.replaceChildren();
      return;
    }
    const all = this.messages();
    const narrow = box.clientWidth < 520;
    const left = narrow ? 46 : 62;
    const column = Math.max(narrow ? 92 : 120, ((box.clientWidth || 700) - left - 16) / w.places.length);
    const width = left + column * w.places.length;
    const top = 44, bottom = 26, height = 420;
    const end = Math.max(w.response_ns, 1) * 1.06;
    const x = (place) => left + column * (place + 0.5);
    const y = (ns) => top + ((height - top - bottom) * ns) / end;
    const parts = [];
    for (const t of ticks(end / 1e6, 6)) {
      parts.push(svg("line", { class: "grid", x1: left, x2: width, y1: y(t * 1e6), y2: y(t * 1e6) }));
      parts.push(svg("text", { class: "tick", x: left - 6, y: y(t * 1e6) + 4, "text-anchor": "end" }, `${t}`));
    }
    parts.push(svg("text", { class: "tick", x: left - 6, y: height - 4, "text-anchor": "end" }, "ms"));
    w.places.forEach((p, i) => {
      parts.push(svg("text", { class: "region", x: x(i), y: 16, "text-anchor": "middle" }, narrow ? shortName(p.region) : p.region));
      parts.push(svg("text", { class: "tick", x: x(i), y: 31, "text-anchor": "middle" }, !p.replica ? "clients" : p.leads ? "leader" : p.region === w.region ? "replica, client" : "replica"));
      parts.push(svg("line", { class: `life${p.replica ? "" : " none"}`, x1: x(i), x2: x(i), y1: top - 6, y2: height - bottom + 6 }));
    });
    const here = w.places.findIndex((p) => p.region === w.region);
    const done = this.at > all.length;
    if (done) parts.push(svg("line", { class: "waiting", x1: x(here), x2: x(here), y1: y(0), y2: y(w.response_ns) }));
    const order = { other: 0, caused: 1, awaited: 2 };
    all.slice(0, this.at).map((m, i) => ({ ...m, i })).sort((a, b) => order[a.part] - order[b.part]).forEach((m) => {
      const share = m.lost ? 0.5 : Math.min(1, (end - m.sent_ns) / Math.max(1, m.arrives_ns - m.sent_ns));
      const arrives = m.lost ? m.sent_ns + (end - m.sent_ns) * 0.1 : m.sent_ns + (m.arrives_ns - m.sent_ns) * share;
      const x1 = x(m.from), y1 = y(m.sent_ns), x2 = x1 + (x(m.to) - x1) * share, y2 = y(arrives);
      const now = m.i === this.at - 1;
      const group = svg("g", { class: `message ${m.part}${now ? " now" : ""}${m.lost ? " lost" : ""}` }, svg("title", {}, m.text));
      group.append(svg("line", { x1, y1, x2, y2 }));
      if (share === 1) {
        const angle = Math.atan2(y2 - y1, x2 - x1);
        const tip = (turn) => `${x2 - 9 * Math.cos(angle + turn)},${y2 - 9 * Math.sin(angle + turn)}`;
        group.append(svg("polygon", { points: `${x2},${y2} ${tip(0.4)} ${tip(-0.4)}` }));
      } else if (m.lost) {
        group.append(svg("text", { class: "cross", x: x2, y: y2 + 5, "text-anchor": "middle" }, "×"));
      }
      if (m.part !== "other" || now) {
        const mid = 0.3; // nearer to the sender, where lines are apart
        group.append(svg("text", { class: "kind", x: x1 + (x2 - x1) * mid, y: y1 + (y2 - y1) * mid - 6, "text-anchor": "middle" }, kind(m.text)));
      }
      parts.push(group);
    });
    parts.push(svg("circle", { class: "client", cx: x(here), cy: y(0), r: 5 }));
    if (done) {
      parts.push(svg("circle", { class: "client", cx: x(here), cy: y(w.response_ns), r: 5 }));
      parts.push(svg("line", { class: "floor", x1: x(here) - 14, x2: x(here) + 14, y1: y(w.floor_ns), y2: y(w.floor_ns) }));
    }
    const about = `Space-time diagram of a write from ${w.region} under ${w.protocol}; the text above and the list below say the same.`;
    box.replaceChildren(svg("svg", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": about,
      "data-response-ns": w.response_ns, "data-floor-ns": w.floor_ns, "data-protocol": w.protocol, "data-region": w.region,
    }, ...parts));
  }
}
