// The curves of training, by epoch or by step: hover for values, click a name to hide it.

const chartList = [];

function lines(curves, name, byStep) {
  const { epochs, steps, steps_per_epoch: perEpoch } = curves;
  const place = (step) => (byStep ? step : step / perEpoch);
  const numbers = (column) => Array.from(column.data, (v) => (Number.isFinite(v) ? v : null));
  const found = [];
  const add = (label, table, column, shift, look) => {
    if (table[column] && table[column].data.length) {
      found.push({ label, look, x: Array.from(table.step.data, (s) => place(s - shift)), y: numbers(table[column]) });
    }
  };
  add("each batch", steps, name, 0, "batch");
  // An epoch's training score is a mean over its steps, so it stands in the middle of the epoch.
  add("training", epochs, `train_${name}`, perEpoch / 2, "train");
  add("validation", epochs, `val_${name}`, 0, "validation");
  (curves.layers?.[name] ? curves.layers.names : []).forEach((layer, k) => {
    const { step, [name]: values } = curves.layers, rows = step.data.length;
    const own = { shape: [rows], data: values.data.subarray(k * rows, (k + 1) * rows) };
    add(layer, { step, own }, "own", 0, { stroke: classColor(k), width: 2 });
  });
  if (name === "learning rate") add("learning rate", epochs, "learning_rate", perEpoch / 2, "train");
  return found;
}

// The nearest place where a series has a value: series have values at different places.
function nearest(chart, series, here) {
  const values = chart.data[series], x = chart.data[0], at = chart.posToVal(chart.cursor.left, "x");
  if (series === 0) return here;
  let before = here, after = here;
  while (before >= 0 && values[before] == null) before--;
  while (after < values.length && values[after] == null) after++;
  if (before < 0) return after < values.length ? after : null;
  if (after >= values.length) return before;
  return at - x[before] <= x[after] - at ? before : after;
}

function drawChart(box, curves, name, { byStep, log }) {
  const found = lines(curves, name, byStep);
  const looks = {
    batch: { stroke: style("--batch"), width: 1 },
    train: { stroke: style("--train"), width: 2 },
    validation: { stroke: style("--validation"), width: 2 },
  };
  const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  // Without a cursor, the last value.
  const shown = (chart, value, k, at) => number(at == null ? chart.data[k]?.findLast((v) => v != null) : value);
  const best = curves.best && name === "loss" ? curves.best * (byStep ? curves.steps_per_epoch : 1) : null;
  const options = {
    width: box.clientWidth || 600,
    height: 260,
    scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
    axes: [
      { ...axis, label: byStep ? "step" : "epoch", size: 28, labelSize: 18, labelFont: "12px system-ui" },
      { ...axis, size: 64, values: (chart, ticks) => ticks.map((v) => (v == null ? "" : number(v))) },
    ],
    series: [
      { label: byStep ? "step" : "epoch", value: shown },
      ...found.map(({ label, look, y }) => ({
        label, value: shown, spanGaps: true, ...(looks[look] ?? look),
        points: { show: y.length <= 30, size: 6, fill: (looks[look] ?? look).stroke },
      })),
    ],
    cursor: { dataIdx: nearest, sync: { key: "curves" }, points: { size: 7 } },
    legend: { live: true },
    hooks: { draw: [(chart) => best !== null && markBest(chart, best)] },
  };
  const chart = new uPlot(options, uPlot.join(found.map(({ x, y }) => [x, y])), box);
  chart.root.setAttribute("role", "figure");
  const last = found.map(({ label, y }) => `${label} ends at ${number(y.at(-1))}`).join(", ");
  chart.root.setAttribute("aria-label", `${name}: ${last}`);
  keyboardLegend(chart);
  return chart;
}

function markBest(chart, at) {
  const { ctx, bbox } = chart, x = Math.round(chart.valToPos(at, "x", true));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = style("--quiet");
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${11 * devicePixelRatio}px system-ui`;
  const right = x > bbox.left + bbox.width / 2;
  ctx.textAlign = right ? "right" : "left";
  ctx.fillText("best epoch", x + (right ? -6 : 6) * devicePixelRatio, bbox.top + 14 * devicePixelRatio);
  ctx.restore();
}

function keyboardLegend(chart) {
  const names = [...chart.root.querySelectorAll(".u-series")].slice(1);
  names.forEach((row, k) => {
    const head = row.querySelector("th");
    const tell = () => head.setAttribute("aria-pressed", chart.series[k + 1].show);
    for (const [name, value] of [["tabindex", 0], ["role", "button"], ["title", "Show or hide"]]) {
      head.setAttribute(name, value);
    }
    head.addEventListener("click", () => setTimeout(tell));
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      head.click();
    });
    tell();
  });
}

function showCurves(curves, root) {
  const state = { byStep: false };
  const stepSwitch = make("input", { type: "checkbox", id: "by-step" });
  root.append(make("div", { class: "tools" }, make("label", {}, stepSwitch, " steps instead of epochs")));
  const metrics = Object.keys(curves.epochs).filter((name) => /^(train|val)_/.test(name));
  const names = [...Object.keys(curves.steps), ...metrics.map((name) => name.replace(/^(train|val)_/, ""))];
  const quantities = ["loss", ...names.filter((name) => !["loss", "step", "epoch"].includes(name))];
  const rates = curves.epochs.learning_rate?.data ?? [];
  if (rates.some((rate) => rate !== rates[0])) quantities.push("learning rate");
  if (curves.layers) quantities.push("gradient norm", "update-to-weight ratio");
  const grid = make("div", { class: "charts" });
  root.append(grid);
  for (const name of new Set(quantities)) {
    const found = lines(curves, name, false);
    if (!found.some(({ y }) => y.some((v) => v !== null))) continue;
    const positive = found.every(({ y }) => y.every((v) => v === null || v > 0));
    // A curve over many powers of ten is seen on a log scale alone, as that of a training that diverges.
    const values = found.flatMap(({ y }) => y.filter((v) => v !== null));
    const spread = values.reduce((a, v) => Math.max(a, v), 0) / values.reduce((a, v) => Math.min(a, v), Infinity);
    const logSwitch = make("input", { type: "checkbox", disabled: !positive, checked: positive && spread > 1e6 && name !== "learning rate" });
    const box = make("div", { class: "chart" });
    const head = make("h3", { text: name.replaceAll("_", " ") });
    const tools = make("label", { title: positive ? null : "some values are not above 0" }, logSwitch, " log scale");
    grid.append(make("div", { class: "card" }, make("div", { class: "chart-head" }, head, tools), box));
    const entry = { name, chart: null };
    chartList.push(entry);
    const draw = () => {
      const hidden = entry.chart ? entry.chart.series.map((series) => !series.show) : [];
      entry.chart?.destroy();
      entry.chart = drawChart(box, curves, name, { byStep: state.byStep, log: logSwitch.checked });
      hidden.forEach((isHidden, k) => isHidden && entry.chart.setSeries(k, { show: false }));
    };
    painted(draw);
    logSwitch.addEventListener("change", draw);
    stepSwitch.addEventListener("change", () => {
      state.byStep = stepSwitch.checked;
      draw();
    });
    new ResizeObserver(() => box.clientWidth && entry.chart.setSize({ width: box.clientWidth, height: 260 })).observe(box);
  }
  if (curves.thinned) {
    const drawn = curves.steps.step.data.length;
    root.append(make("p", { class: "hint", text: `${drawn.toLocaleString("en")} of ${curves.thinned.toLocaleString("en")} recorded steps are drawn, evenly spaced.` }));
  }
}
