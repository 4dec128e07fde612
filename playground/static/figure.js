// The figure and the table of a result: for each region the protocols' medians as bars, the 99th percentile as a thin
// line to the right of the bar, and the floor as a mark across it.
import { el, svg, ms, ticks } from "./dom.js";

// needed is how many samples a percentile needs to be shown, and to be shown as certain: ten and a hundred beyond it.
const needed = (percentile, beyond) => Math.round(beyond / (1 - percentile / 100));
export const confidence = (percentile, count) =>
  count >= needed(percentile, 100) ? "solid" : count >= needed(percentile, 10) ? "dimmed" : "withheld";

// rows are the regions of all runs: {region, quorum, series: [{label, hue, run, data}]}. The result is a run.json, with the styles of its
// protocols.
export function rowsOf(result) {
  const rows = [];
  const labels = result.experiment.protocols.map((p) => p.label);
  result.runs[0].regions.forEach(({ region, quorum_ns }, i) => {
    const series = labels.map((label, index) => {
      const run = result.runs.find((r) => r.protocol === label);
      return { label, hue: result.styles[index] % 8, run, data: run?.regions[i] };
    });
    rows.push({ region, quorum: quorum_ns, series: series.filter((s) => s.data) });
  });
  return rows;
}

const usable = (s) => !s.run.saturated && s.data.answered > 0;

export function drawBars(box, result) {
  const rows = rowsOf(result);
  const width = Math.max(320, Math.min(760, box.clientWidth || 760));
  const left = 8, right = width < 520 ? 70 : 150, bar = 15, gap = 5, head = 24;
  const shown = (s, p) => (usable(s) && confidence(p, s.data.response.count) !== "withheld" ? s.data.response[`p${p}_ns`] : 0);
  const most = Math.max(1e6, ...rows.flatMap((r) => [r.quorum, ...r.series.flatMap((s) => [s.data.floor_ns, shown(s, 50), shown(s, 99)])]));
  const x = (ns) => left + ((width - left - right) * ns) / most;
  const height = rows.reduce((sum, r) => sum + head + r.series.length * (bar + gap) + 8, 0) + 28;
  const text = (at, y, content, attributes) => svg("text", { x: at, y, ...attributes }, content);
  const parts = [];
  for (const t of ticks(most / 1e6, width < 520 ? 4 : 7)) {
    parts.push(svg("line", { class: "grid", x1: x(t * 1e6), x2: x(t * 1e6), y1: 12, y2: height - 24 }));
    parts.push(text(x(t * 1e6), height - 8, `${t}`, { class: "tick", "text-anchor": t === 0 ? "start" : "middle" }));
  }
  parts.push(text(width - right + 8, height - 8, "ms", { class: "tick" }));
  let y = 0;
  for (const row of rows) {
    parts.push(text(left, y + 17, row.region, { class: "region" }));
    parts.push(text(width, y + 17, width < 520 ? "" : "p50 · × floor", { class: "tick", "text-anchor": "end" }));
    y += head;
    for (const s of row.series) {
      const p50 = shown(s, 50), p99 = shown(s, 99), certain = confidence(99, s.data.response.count);
      const factor = s.data.floor_ns > 0 ? ` · ${(p50 / s.data.floor_ns).toFixed(2)}×` : "";
      const label = p50 > 0 ? `${ms(p50)}${width < 520 ? "" : factor}` : s.run.saturated ? "saturated" : s.data.answered > 0 ? "too few" : "no answer";
      const about = `${s.label} in ${row.region}: median ${p50 ? ms(p50) : "withheld"}, p99 ${p99 ? ms(p99) : "withheld"}, floor ${ms(s.data.floor_ns)}`;
      const group = svg("g", { class: `series c${s.hue}` }, svg("title", {}, about));
      group.append(svg("rect", { class: "hit", x: left, y: y - 2, width: width - left, height: bar + 4 }));
      if (p50) group.append(svg("rect", { class: "bar", x: left, y, width: Math.max(1, x(p50) - left), height: bar, rx: 2 }));
      if (p99 > p50) {
        group.append(svg("line", { class: `whisker ${certain}`, x1: x(p50), x2: x(p99), y1: y + bar / 2, y2: y + bar / 2 }));
        group.append(svg("line", { class: `whisker ${certain}`, x1: x(p99), x2: x(p99), y1: y + 3, y2: y + bar - 3 }));
      }
      group.append(svg("line", { class: "floor", x1: x(s.data.floor_ns), x2: x(s.data.floor_ns), y1: y - 2, y2: y + bar + 2 }));
      const name = text(left + 6, y + bar - 4, s.label, { class: "name" });
      group.append(name, text(width, y + bar - 4, label, { class: "value", "text-anchor": "end" }));
      parts.push(group);
      y += bar + gap;
    }
    y += 8;
  }
  const about = "Bars: the median response time of each protocol in each region; the table below has the same figures.";
  box.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": about }, ...parts));
}

export function drawTable(box, result) {
  const seconds = (run) => run.measured_ns / 1e9;
  const cell = (s, percentile, key) => {
    const state = confidence(percentile, s.data.response.count);
    if (!usable(s) || state === "withheld") return el("td", { class: "withheld", title: `needs ${needed(percentile, 10)} writes, has ${s.data.response.count}` }, "–");
    return el("td", { class: state, "data-ns": s.data.response[key] }, ms(s.data.response[key]));
  };
  const head = ["region", "protocol", "floor", "p50", "p99", "p99.9", "round trips", "writes/s", "errors"];
  const body = rowsOf(result).flatMap((row) =>
    row.series.map((s, i) => {
      const p50 = s.data.response.p50_ns;
      return el("tr", { class: i === 0 ? "begins" : "", "data-protocol": s.label, "data-region": row.region },
        el("th", { scope: "row" }, i === 0 ? row.region : ""),
        el("td", { class: `label c${s.hue}` }, s.label),
        el("td", { "data-ns": s.data.floor_ns }, ms(s.data.floor_ns)),
        cell(s, 50, "p50_ns"), cell(s, 99, "p99_ns"), cell(s, 99.9, "p99_9_ns"),
        el("td", {}, usable(s) && row.quorum > 0 ? (p50 / row.quorum).toFixed(2) : "–"),
        el("td", {}, (s.data.answered / seconds(s.run)).toFixed(0)),
        el("td", { class: s.data.errors > 0 ? "bad" : "" }, String(s.data.errors)));
    }));
  box.replaceChildren(el("table", {},
    el("caption", {}, "Response times of writes. Faint: fewer than a hundred writes lie beyond. –: fewer than ten."),
    el("thead", {}, el("tr", {}, ...head.map((h) => el("th", { scope: "col" }, h)))), el("tbody", {}, ...body)));
}
