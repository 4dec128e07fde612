// The figures of a report, drawn from its data. Each figure is an svg with marks, which the pointer or the arrow keys read.
import { el, svg, ms, ticks, byId } from "./dom.js";

const hue = (view, protocol) => `c${view.data.styles[protocol] % 8}`;
const dashes = (style) => (style + Math.floor(style / 8) * 4) % 8; // as in the printed figures
const lineClass = (view, protocol) => `curve ${hue(view, protocol)} d${dashes(view.data.styles[protocol])} w${Math.min(protocol, 5)}`;
const labelled = (ns) => ms(ns);

// A chart is a figure's box. Its marks are {x, y, text}, in the order in which the arrow keys go through them.
class Chart {
  constructor(box, title, about, width, height) {
    this.marks = [];
    this.at = -1;
    this.parts = [];
    this.width = width;
    this.height = height;
    this.figure = el("div", { class: "chart" }, el("h3", {}, title));
    this.about = about;
    box.append(this.figure);
  }

  add(name, attributes, ...children) {
    const part = svg(name, attributes, ...children);
    this.parts.push(part);
    return part;
  }

  text(x, y, content, attributes) {
    return this.add("text", { x, y, ...attributes }, content);
  }

  mark(x, y, text) {
    this.marks.push({ x, y, text });
  }

  done(...notes) {
    this.tip = el("div", { class: "tip", hidden: true });
    this.here = svg("circle", { class: "here", r: 5, visibility: "hidden" });
    this.svg = svg("svg", {
      viewBox: `0 0 ${this.width} ${this.height}`, width: this.width, height: this.height, role: "img", tabindex: "0",
      "aria-label": `${this.about} ${this.marks.length} values; the arrow keys read them, and the table has them.`,
    }, ...this.parts, this.here);
    this.figure.append(...notes, this.svg, this.tip);
    this.svg.addEventListener("pointermove", (e) => this.point(e));
    this.svg.addEventListener("pointerdown", (e) => this.point(e));
    this.svg.addEventListener("pointerleave", () => this.show(-1));
    this.svg.addEventListener("blur", () => this.show(-1));
    this.svg.addEventListener("keydown", (e) => {
      const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
      if (e.key === "Escape") this.show(-1);
      if (!move || e.altKey || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      this.show(Math.max(0, Math.min(this.marks.length - 1, this.at + move)));
      byId("reading").textContent = this.at >= 0 ? this.marks[this.at].text : "";
    });
  }

  point(e) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.width / box.width;
    const x = (e.clientX - box.left) * scale, y = (e.clientY - box.top) * scale;
    let best = -1, least = 40 * 40;
    this.marks.forEach((m, i) => {
      const dx = Math.max(0, Math.abs(m.x - x) - (m.reach ?? 0)), d = dx * dx + (m.y - y) ** 2;
      if (d < least) [best, least] = [i, d];
    });
    this.show(best);
  }

  show(i) {
    this.at = i;
    const m = this.marks[i];
    this.tip.hidden = !m;
    this.here.setAttribute("visibility", m ? "visible" : "hidden");
    if (!m) return;
    this.here.setAttribute("cx", m.x);
    this.here.setAttribute("cy", m.y);
    this.tip.textContent = m.text;
    const scale = this.svg.getBoundingClientRect().width / this.width;
    const left = Math.min(m.x * scale + 12, this.figure.clientWidth - this.tip.offsetWidth - 4);
    this.tip.style.left = `${Math.max(0, left)}px`;
    this.tip.style.top = `${this.svg.offsetTop + m.y * scale + 12}px`;
  }
}

// grid lays out a panel for each region, and returns for each {x, y, width, height}, the room inside of the axes.
function grid(width, regions, panelHeight) {
  const columns = Math.max(1, Math.min(regions.length, Math.floor(width / 290), 3));
  const room = width / columns;
  const panels = regions.map((_, i) => ({
    x: (i % columns) * room + 46, y: Math.floor(i / columns) * panelHeight + 24, width: room - 60, height: panelHeight - 62,
  }));
  return { panels, height: Math.ceil(regions.length / columns) * panelHeight };
}

// axes draws the grid of a panel: y in milliseconds up to a greatest, x at given places. It returns the scale of y.
function axes(chart, panel, region, most, xs, xName) {
  const y = (ns) => panel.y + panel.height - (panel.height * ns) / most;
  chart.text(panel.x, panel.y - 9, region, { class: "region" });
  for (const t of ticks(most / 1e6, 5)) {
    chart.add("line", { class: "grid", x1: panel.x, x2: panel.x + panel.width, y1: y(t * 1e6), y2: y(t * 1e6) });
    chart.text(panel.x - 5, y(t * 1e6) + 4, String(+t.toPrecision(6)), { class: "tick", "text-anchor": "end" });
  }
  let free = -Infinity;
  for (const [at, label] of xs) {
    const half = label.length * 3.2;
    chart.add("line", { class: "grid", x1: at, x2: at, y1: panel.y, y2: panel.y + panel.height });
    if (at - half < free) continue; // labels must not overlap
    free = at + half + 6;
    chart.text(at, panel.y + panel.height + 15, label, { class: "tick", "text-anchor": "middle" });
  }
  chart.text(panel.x + panel.width, panel.y + panel.height + 30, xName, { class: "tick", "text-anchor": "end" });
  chart.text(panel.x - 5, panel.y - 9, "ms", { class: "tick", "text-anchor": "end" });
  return y;
}

const path = (points) => points.map((p, i) => `${i && !p.gap ? "L" : "M"}${p.x.toFixed(1)} ${p.y.toFixed(1)}`).join("");

// greatest is the top of an axis, a little above the greatest value.
const greatest = (values) => Math.max(1000, values.reduce((a, b) => Math.max(a, b), 0) * 1.06);

export function drawBars(box, view) {
  const width = view.width, narrow = width < 520;
  const left = 4, right = narrow ? 78 : 170, bar = 16, gap = 6, head = 26;
  const groups = view.regions.map((region) => ({ region, rows: view.rows.filter((r) => r.region === region) }));
  const value = (row) => view.cell(row).ns;
  const most = greatest(view.rows.flatMap((r) => [value(r), view.cell(r).high, r.floor_ns, r.quorum_ns]));
  const x = (ns) => left + ((width - left - right) * ns) / most;
  const height = groups.reduce((sum, g) => sum + head + g.rows.length * (bar + gap) + 8, 0) + 30;
  const chart = new Chart(box, `${view.percentileName} of the ${view.timeName} by region`,
    `Bars: ${view.percentileName} of each protocol in each region.`, width, height);
  for (const t of ticks(most / 1e6, narrow ? 4 : 8)) {
    chart.add("line", { class: "grid", x1: x(t * 1e6), x2: x(t * 1e6), y1: 14, y2: height - 26 });
    chart.text(x(t * 1e6), height - 10, String(+t.toPrecision(6)), { class: "tick", "text-anchor": t === 0 ? "start" : "middle" });
  }
  chart.text(width - right + 8, height - 10, "ms", { class: "tick" });
  let y = 0;
  for (const group of groups) {
    chart.text(left, y + 18, view.data.regions[group.region], { class: "region" });
    y += head;
    const quorum = group.rows[0]?.quorum_ns;
    for (let n = 1; n <= 2 && quorum > 0 && n * quorum <= most; n++) {
      chart.add("line", { class: "trip", x1: x(n * quorum), x2: x(n * quorum), y1: y - 5, y2: y + group.rows.length * (bar + gap) });
    }
    for (const row of group.rows) {
      const cell = view.cell(row), name = view.data.protocols[row.protocol];
      const part = chart.add("g", { class: `series ${hue(view, row.protocol)}`, "data-protocol": name, "data-region": view.data.regions[row.region], "data-ns": cell.ns });
      if (cell.ns) {
        part.append(svg("rect", { class: `bar ${cell.state}`, x: left, y, width: Math.max(1, x(cell.ns) - left), height: bar, rx: 2 }));
        if (cell.bound > most / 1000) part.append(svg("line", { class: "bound", x1: x(cell.ns - cell.bound), x2: x(cell.ns), y1: y + bar / 2, y2: y + bar / 2 }));
      }
      if (cell.high) {
        const [from, to, middle, half] = [x(cell.low), x(cell.high), y + bar / 2, 4];
        part.append(svg("path", { class: "interval", "data-low": cell.low, "data-high": cell.high,
          d: `M${from} ${middle - half}V${middle + half}M${from} ${middle}H${to}M${to} ${middle - half}V${middle + half}` }));
      }
      if (row.floor_ns) part.append(svg("line", { class: "floor", x1: x(row.floor_ns), x2: x(row.floor_ns), y1: y - 2, y2: y + bar + 2 }));
      const inside = cell.ns && x(cell.ns) - left > name.length * 7.5 + 12;
      part.append(svg("text", { class: inside ? "name" : "outside", x: (inside ? left : Math.max(x(cell.ns), x(cell.high), x(row.floor_ns))) + 6, y: y + bar - 4 }, name));
      const over = cell.ns && row.floor_ns && !narrow ? ` · ${(cell.ns / row.floor_ns).toFixed(2)}× floor` : "";
      part.append(svg("text", { class: "value", x: width, y: y + bar - 4, "text-anchor": "end" }, cell.text + over));
      chart.mark(x(cell.ns), y + bar / 2, `${name}${row.caveat ? ` (${row.caveat})` : ""}, ${view.data.regions[row.region]}\n${view.percentileName} ${cell.text}${cell.why ? `: ${cell.why}` : ""}\n${cell.interval ? `${cell.interval}\n` : ""}` +
        `${row.floor_ns ? `floor ${row.floor}, ` : ""}round trip to the nearest quorum ${labelled(row.quorum_ns)}`);
      chart.marks[chart.marks.length - 1].reach = width;
      y += bar + gap;
    }
    y += 8;
  }
  chart.done(el("p", { class: "remark" }, "Mark across: the floor. Dashed: one and two round trips to the nearest quorum. Paler: uncertain." +
    (view.rows.some((row) => view.cell(row).high) ? " Line with two ends: the 95 % interval of the median over repeats." : "")));
}

const nines = (percentile) => -Math.log10(1 - percentile / 100);

// leftOut says that a figure would show nothing but level lines, one upon another. It reports whether it would: unless the
// reader has asked for what is above the floor, if the greatest of each row is within one percent of its least.
function leftOut(box, view, what, spans) {
  if (view.aboveFloor || spans.length === 0 || spans.some(([least, most]) => most > least * 1.01)) return false;
  box.append(el("p", { class: "remark left-out" }, `${what}: left out, since every line would be level: all of it is within 1 % of its least.${view.kind !== "write" ? "" : " To see it all the same, choose curves from the floor."}`));
  return true;
}

export function drawCurves(box, view) {
  const curves = view.rows.map((row) => ({ row, points: view.times(row).curve.map(([p, ns]) => ({ p: p / 1000, ns })) }));
  const shown = curves.filter((c) => c.points.length > 0);
  if (shown.length === 0) return;
  const spans = shown.map((c) => c.points.map((p) => p.ns).filter((ns) => ns >= 0)).map((all) => [Math.min(...all), Math.max(...all)]);
  if (leftOut(box, view, `Distribution of the ${view.timeName}`, spans)) return;
  const off = (row) => (view.aboveFloor ? row.floor_ns : 0);
  const most = greatest(shown.flatMap((c) => c.points.map((p) => p.ns - off(c.row))));
  const far = Math.max(...shown.map((c) => nines(c.points[c.points.length - 1].p)), 1);
  const { panels, height } = grid(view.width, view.regions, 240);
  const chart = new Chart(box, `Distribution of the ${view.timeName}${view.above}`, "Curves: the time at every percentile.", view.width, height);
  view.regions.forEach((region, i) => {
    const panel = panels[i];
    const x = (percentile) => panel.x + (panel.width * nines(percentile)) / far;
    const xs = [0, 50, 90, 99, 99.9, 99.99, 99.999].filter((p) => nines(p) <= far + 1e-9).map((p) => [x(p), String(p)]);
    const y = axes(chart, panel, view.data.regions[region], most, xs, "percentile");
    for (const { row, points } of shown.filter((c) => c.row.region === region)) {
      let gap = true;
      const drawn = [];
      for (const p of points) {
        if (p.ns < 0) gap = true;
        else drawn.push({ x: x(p.p), y: y(Math.max(0, p.ns - off(row))), gap }), (gap = false);
      }
      chart.add("path", { class: lineClass(view, row.protocol), d: path(drawn) });
      points.filter((p) => p.ns >= 0).forEach((p, n) => chart.mark(drawn[n].x, drawn[n].y,
        `${view.data.protocols[row.protocol]}, ${view.data.regions[region]}\np${+p.p.toFixed(3)}: ${labelled(p.ns)}${row.floor_ns ? `, ${labelled(p.ns - row.floor_ns)} above the floor` : ""}`));
    }
  });
  chart.done(key(view));
}

export function drawTimeline(box, view) {
  const shown = view.rows.filter((row) => row.timeline.length > 1);
  if (shown.length === 0 || view.service) return;
  const spans = shown.map((row) => [Math.min(...row.timeline.map((m) => m[2])), Math.max(...row.timeline.map((m) => m[4]))]);
  if (view.data.faults.length === 0 && leftOut(box, view, "Latency over time", spans)) return;
  const off = (row) => (view.aboveFloor ? row.floor_ns : 0);
  const most = greatest(shown.flatMap((row) => row.timeline.map((m) => m[4] - off(row))));
  const end = Math.max(view.data.length_ns, ...shown.map((row) => row.timeline[row.timeline.length - 1][1]));
  const { panels, height } = grid(view.width, view.regions, 220);
  const chart = new Chart(box, `${view.kind[0].toUpperCase()}${view.kind.slice(1)}s over time: median, p10 to p90${view.above}`, "Lines: the median over the measured time, with a band from p10 to p90.", view.width, height);
  view.regions.forEach((region, i) => {
    const panel = panels[i];
    const x = (ns) => panel.x + (panel.width * ns) / end;
    const y = axes(chart, panel, view.data.regions[region], most, ticks(end / 1e9, 5).map((t) => [x(t * 1e9), String(+t.toPrecision(6))]), "s");
    const inside = (ns) => Math.max(panel.x, Math.min(panel.x + panel.width, x(ns)));
    for (const fault of view.data.faults) {
      if (fault.for_ns) chart.add("rect", { class: "fault", x: inside(fault.at_ns), y: panel.y, width: inside(fault.at_ns + fault.for_ns) - inside(fault.at_ns), height: panel.height });
      chart.add("line", { class: "fault-line", x1: x(fault.at_ns), x2: x(fault.at_ns), y1: panel.y, y2: panel.y + panel.height });
      chart.mark(x(fault.at_ns), panel.y + 6, `fault at ${(fault.at_ns / 1e9).toFixed(2)} s: ${fault.text}`);
    }
    for (const row of shown.filter((r) => r.region === region)) {
      const at = (v) => y(Math.max(0, v - off(row)));
      const top = row.timeline.flatMap(([from, to, , , p90]) => [{ x: x(from), y: at(p90) }, { x: x(to), y: at(p90) }]);
      const bottom = row.timeline.flatMap(([from, to, p10]) => [{ x: x(from), y: at(p10) }, { x: x(to), y: at(p10) }]).reverse();
      chart.add("path", { class: `band ${hue(view, row.protocol)}`, d: `${path([...top, ...bottom])}Z` });
      chart.add("path", { class: lineClass(view, row.protocol), d: path(row.timeline.flatMap(([from, to, , p50]) => [{ x: x(from), y: at(p50) }, { x: x(to), y: at(p50) }])) });
      for (const [from, to, p10, p50, p90] of row.timeline) {
        chart.mark(x((from + to) / 2), at(p50), `${view.data.protocols[row.protocol]}, ${view.data.regions[region]}\n${(from / 1e9).toFixed(1)} to ${(to / 1e9).toFixed(1)} s\nmedian ${labelled(p50)}, p10 ${labelled(p10)}, p90 ${labelled(p90)}`);
      }
    }
  });
  chart.done(key(view), view.data.faults.length ? el("p", { class: "remark" }, `Faults: ${view.data.faults.map((f) => `${f.text} at ${(f.at_ns / 1e9).toFixed(1)} s`).join("; ")}.`) : "");
}

// numberOf reads a value of a sweep, such as 50/s, 2% or 10ms, as {number, unit}; null if it is none.
function numberOf(text) {
  const found = /^(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|B|KiB|MiB|kB|MB|%|\/s|\/min|\/h|[kMG]?bit\/s)?$/.exec(text);
  if (!found) return null;
  const [factor, unit] = { ns: [1e-6, "ms"], us: [1e-3, "ms"], "µs": [1e-3, "ms"], ms: [1, "ms"], s: [1e3, "ms"], m: [6e4, "ms"], KiB: [1024, "B"], MiB: [1 << 20, "B"], kB: [1e3, "B"], MB: [1e6, "B"],
    "/min": [1 / 60, "/s"], "/h": [1 / 3600, "/s"], "kbit/s": [1e3, "bit/s"], "Mbit/s": [1e6, "bit/s"], "Gbit/s": [1e9, "bit/s"] }[found[2]] ?? [1, found[2] ?? ""];
  return { number: Number(found[1]) * factor, unit };
}

// placesOf is where the points of a sweep stand, from 0 to 1: in proportion if all are numbers of one unit.
function placesOf(points) {
  const numbers = points.map(numberOf);
  const units = new Set(numbers.filter((n) => n && n.number !== 0).map((n) => n.unit));
  if (numbers.includes(null) || units.size !== 1) return points.map((_, i) => (points.length > 1 ? i / (points.length - 1) : 0.5));
  const most = Math.max(...numbers.map((n) => n.number));
  return numbers.map((n) => n.number / most);
}

export function drawSweep(box, view, throughput) {
  const rows = view.allPoints.filter((row) => view.cell(row).ns);
  if (rows.length === 0) return;
  const achieved = (protocol, point) => view.allPoints.filter((r) => r.protocol === protocol && r.point === point).reduce((sum, r) => sum + r.achieved_per_second, 0);
  const places = placesOf(view.data.points);
  const far = throughput ? Math.max(1, ...view.allPoints.map((r) => achieved(r.protocol, r.point))) * 1.03 : 1;
  const most = greatest(rows.map((row) => view.cell(row).ns));
  const { panels, height } = grid(view.width, view.regions, 240);
  const chart = new Chart(box, throughput ? `${view.percentileName} over what was answered a second` : `${view.percentileName} by ${view.data.swept}`,
    throughput ? "Lines: latency over throughput." : "Lines: latency at each point of the sweep.", view.width, height);
  view.regions.forEach((region, i) => {
    const panel = panels[i];
    const x = (at) => panel.x + 6 + ((panel.width - 12) * at) / far;
    const xs = throughput ? ticks(far, 5).map((t) => [x(t), String(+t.toPrecision(6))]) : places.map((at, n) => [x(at), view.data.points[n]]).sort((a, b) => a[0] - b[0]);
    const y = axes(chart, panel, view.data.regions[region], most, xs, throughput ? "answered/s, all regions" : view.data.swept);
    for (const protocol of view.protocols) {
      const points = rows.filter((r) => r.region === region && r.protocol === protocol)
        .map((row) => ({ row, x: x(throughput ? achieved(protocol, row.point) : places[row.point]), y: y(view.cell(row).ns) }));
      const drawn = [...points].sort((a, b) => a.row.point - b.row.point);
      chart.add("path", { class: lineClass(view, protocol), d: path(drawn) });
      if (throughput) {
        const full = view.allPoints.filter((r) => r.region === region && r.protocol === protocol && r.caveat === "saturated");
        const wall = Math.max(0, ...full.map((r) => achieved(protocol, r.point)));
        if (wall) {
          chart.add("line", { class: `wall ${hue(view, protocol)}`, x1: x(wall), x2: x(wall), y1: panel.y, y2: panel.y + panel.height });
          chart.mark(x(wall), panel.y + 10, `${view.data.protocols[protocol]}\nsaturated: ${wall.toFixed(0)}/s were answered at most`);
        }
      }
      for (const p of points) {
        chart.add("circle", { class: `dot ${hue(view, protocol)}`, cx: p.x, cy: p.y, r: 3.5 });
        chart.mark(p.x, p.y, `${view.data.protocols[protocol]}, ${view.data.regions[region]}\n${view.data.swept} ${view.data.points[p.row.point]}: ${view.percentileName} ${view.cell(p.row).text}\n${achieved(protocol, p.row.point).toFixed(1)}/s answered in all`);
      }
    }
  });
  chart.done(key(view));
}

export function drawStages(box, view) {
  const rows = view.rows.filter((r) => r.stages.some((s) => s > 0));
  if (rows.length === 0 || view.kind !== "write") return;
  const width = view.width, narrow = width < 520, left = narrow ? 84 : 130, right = 78, bar = 16, gap = 6, head = 26;
  const sum = (row) => row.stages.reduce((a, b) => a + b, 0);
  const most = greatest(rows.map(sum));
  const x = (ns) => left + ((width - left - right) * ns) / most;
  const groups = view.regions.map((region) => ({ region, rows: rows.filter((r) => r.region === region) })).filter((g) => g.rows.length > 0);
  const height = groups.reduce((h, g) => h + head + g.rows.length * (bar + gap) + 8, 0) + 30;
  const chart = new Chart(box, "Where the time goes: mean time in each stage", "Bars: the mean time of a write in each stage.", width, height);
  for (const t of ticks(most / 1e6, narrow ? 4 : 8)) {
    chart.add("line", { class: "grid", x1: x(t * 1e6), x2: x(t * 1e6), y1: 14, y2: height - 26 });
    chart.text(x(t * 1e6), height - 10, String(+t.toPrecision(6)), { class: "tick", "text-anchor": "middle" });
  }
  let y = 0;
  const used = new Set();
  for (const group of groups) {
    chart.text(4, y + 18, view.data.regions[group.region], { class: "region" });
    y += head;
    for (const row of group.rows) {
      const name = view.data.protocols[row.protocol];
      const most = narrow ? 11 : 17;
      chart.text(left - 6, y + bar - 4, name.length > most ? `${name.slice(0, most - 1)}…` : name, { "text-anchor": "end" });
      let from = 0;
      row.stages.forEach((ns, i) => {
        if (ns <= 0) return;
        used.add(i);
        chart.add("rect", { class: `bar s${i}`, x: x(from), y, width: Math.max(0.5, x(from + ns) - x(from)), height: bar });
        chart.mark(x(from + ns / 2), y + bar / 2, `${name}, ${view.data.regions[row.region]}\n${view.data.stages[i]}: ${labelled(ns)} of ${labelled(sum(row))}${row.sampled_every > 1 ? `\none write in ${row.sampled_every} was followed` : ""}`);
        from += ns;
      });
      chart.text(width, y + bar - 4, labelled(sum(row)), { "text-anchor": "end" });
      y += bar + gap;
    }
    y += 8;
  }
  chart.done(el("ul", { class: "key" }, ...[...used].sort((a, b) => a - b).map((i) => el("li", { class: `s${i}` }, el("span", {}), view.data.stages[i]))));
}

// key names the protocols' colours and dashes.
function key(view) {
  return el("ul", { class: "key" }, ...view.protocols.map((p) =>
    el("li", {}, svg("svg", { width: 28, height: 10, "aria-hidden": "true" }, svg("path", { class: lineClass(view, p), d: "M0 5L28 5" })), ` ${view.data.protocols[p]}`)));
}
