// The confusion matrix, whose cells open to show rows behind them; for real values, predicted against true.

const LARGEST_MATRIX = 60;

function showConfusion(report, root) {
  const { classes, confusion } = report, wide = classes.length > 12;
  const totals = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const worst = Math.max(...confusion.flatMap((row, t) => row.map((n, p) => (t === p ? 0 : n / (totals[t] || 1)))));
  const panel = make("div", { id: "cell", class: "card", "aria-live": "polite", hidden: true });
  const cells = new Map();
  const open = (t, p) => {
    for (const [key, cell] of cells) cell.setAttribute("aria-expanded", key === `${t},${p}`);
    showCell(report, panel, t, p, totals[t]);
  };
  const isDrawn = classes.length <= LARGEST_MATRIX;
  const words = isDrawn
    ? `Rows are the truth, columns the predictions, on ${report.split}. Color is the share of the row that a mistake takes. Open a cell to see rows behind it.`
    : `The most frequent mistakes on ${report.split}; a matrix of ${classes.length} classes would be too large to read.`;
  const beside = make("div", { class: "beside" });
  root.append(make("p", { text: words }));
  if (isDrawn) {
    const table = make("table", { class: wide ? "confusion small" : "confusion" });
    const label = (name) => make("bdi", { text: name });
    table.append(make("thead", {}, make("tr", {}, make("td", { text: "" }), ...classes.map((name) => make("th", { scope: "col", title: name }, label(name))))));
    const body = make("tbody");
    confusion.forEach((row, t) => {
      const line = row.map((count, p) => {
        const cell = make("button", {
          type: "button", text: count || "·", "aria-expanded": "false", disabled: count === 0,
          "aria-label": `truth ${classes[t]}, predicted ${classes[p]}: ${count} rows`,
          title: `truth ${classes[t]}, predicted ${classes[p]}`,
          onclick: () => open(t, p), onkeydown: (event) => moveFocus(event, t, p, cells),
        });
        // Mistakes have a color scale of their own, so that the diagonal does not drown them.
        const share = t === p ? 0 : count / (totals[t] || 1) / (worst || 1);
        cell.className = t === p ? "right" : count ? "wrong" : "none";
        cell.style.setProperty("--share", `${Math.round(100 * (count && t !== p ? 0.12 + 0.88 * share : 0))}%`);
        if (share > 0.75) cell.classList.add("strong");
        cells.set(`${t},${p}`, cell);
        return make("td", {}, cell);
      });
      body.append(make("tr", {}, make("th", { scope: "row", title: classes[t] }, label(classes[t])), ...line));
    });
    table.append(body);
    beside.append(make("div", { class: "wide" }, table));
  }
  beside.append(panel);
  root.append(beside, worstPairs(report, totals, open, isDrawn ? 10 : 60));
}

// Arrow keys go from cell to cell.
function moveFocus(event, t, p, cells) {
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  if (!steps[event.key]) return;
  event.preventDefault();
  const [down, right] = steps[event.key];
  let [i, j] = [t + down, p + right], cell = cells.get(`${i},${j}`);
  while (cell && cell.disabled) cell = cells.get(`${(i += down)},${(j += right)}`);
  cell?.focus();
}

function worstPairs({ classes, confusion }, totals, open, most) {
  const pairs = confusion.flatMap((row, t) => row.map((count, p) => ({ t, p, count }))).filter(({ t, p, count }) => t !== p && count);
  pairs.sort((a, b) => b.count - a.count);
  if (!pairs.length) return make("p", { text: "No row is told wrongly." });
  const list = make("div", { class: "pairs" });
  for (const { t, p, count } of pairs.slice(0, most)) {
    const share = totals[t] ? ` (${percent(count / totals[t])} of its rows)` : "";
    const button = make("button", { type: "button", title: `${count} rows${share}`, onclick: () => open(t, p) });
    button.append(make("bdi", { text: classes[t] }), " taken for ", make("bdi", { text: classes[p] }), make("b", { text: ` ${count}` }));
    list.append(button);
  }
  return make("div", {}, make("h3", { text: "Most frequent mistakes" }), list);
}

function showCell(report, panel, t, p, total) {
  const { classes, confusion, examples } = report, count = confusion[t][p];
  const what = t === p ? "rightly told" : "taken for";
  panel.hidden = false;
  panel.replaceChildren();
  const close = make("button", { type: "button", class: "close", text: "×", "aria-label": "Close", onclick: () => (panel.hidden = true) });
  const title = make("h3", {}, make("bdi", { text: classes[t] }), ` ${what} `, ...(t === p ? [] : [make("bdi", { text: classes[p] })]));
  panel.append(close, title);
  panel.append(make("p", { text: `${count.toLocaleString("en")} of ${total.toLocaleString("en")} rows of this class${total ? `, ${percent(count / total)}` : ""}.` }));
  const found = examples ? Array.from(examples.rows.data, (_, i) => i).filter((i) => examples.target.data[i] === t && examples.prediction.data[i] === p) : [];
  if (!found.length) {
    panel.append(make("p", { class: "hint", text: "No row of this cell is in this file." }));
  } else {
    panel.append(rowsOf(report, found));
    if (found.length < count) panel.append(make("p", { class: "hint", text: `The first ${found.length} of them.` }));
  }
}

const rowOf = ({ x }, i) => {
  const size = x.data.length / x.shape[0];
  return x.data.subarray(i * size, (i + 1) * size);
};

// Some examples: as pictures, or as the lines of a table. With a live network, one can be tried.
function rowsOf(report, chosen) {
  const { examples, inputs, network } = report;
  const attempt = (i) => network && (() => tryRow(rowOf(examples, i)));
  const confidence = (i) => {
    if (!network || !report.classes.length || !report.probabilities) return "";
    return `, ${percent(predict(network, rowOf(examples, i)).answer[examples.prediction.data[i]])}`;
  };
  if (inputs?.kind === "picture") {
    const line = make("div", { class: "thumbnails" });
    for (const i of chosen) {
      const canvas = make("canvas", { class: "pixels" });
      thumbnail(canvas, rowOf(examples, i), inputs);
      const name = `row ${examples.rows.data[i]}${confidence(i)}`;
      const words = network ? "Try this row" : name;
      line.append(make("button", { type: "button", title: words, "aria-label": `${name}: ${words}`, disabled: !network, onclick: attempt(i) || (() => {}) }, canvas, make("span", { text: name })));
    }
    return line;
  }
  const columns = columnsOf(report), most = examples.telling?.shape[1] ?? 0;
  const telling = (i, k) => examples.telling?.data.subarray(i * most, (i + 1) * most).includes(k);
  const head = ["row", ...columns.map(({ name }) => name)];
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col", class: "n" }, make("bdi", { text: name }))))));
  const body = make("tbody");
  for (const i of chosen) {
    const row = rowOf(examples, i), first = make("th", { scope: "row" });
    if (network) first.append(make("button", { type: "button", text: `${examples.rows.data[i]}`, title: "Try this row", onclick: attempt(i) }));
    else first.textContent = examples.rows.data[i];
    body.append(make("tr", {}, first, ...columns.map((column, k) => make("td", { class: telling(i, k) ? "n telling" : "n", text: column.read(row) }))));
  }
  table.append(body);
  const words = "Marked: the columns in which a row is least like the training rows of its class.";
  return make("div", {}, make("div", { class: "wide" }, table), most ? make("p", { class: "hint", text: words }) : "");
}

// The columns of a flat row: where each begins, and how it reads; a one-hot block reads as its category.
function columnsOf({ inputs, examples }) {
  const given = inputs?.columns ?? Array.from({ length: Math.min(examples.x.data.length / examples.x.shape[0], 30) }, (_, i) => ({ name: `x${i + 1}`, categories: [] }));
  let start = 0;
  return given.map(({ name, categories }) => {
    const at = start;
    start += categories.length || 1;
    const category = (row) => categories[row.subarray(at, at + categories.length).indexOf(1)] ?? "–";
    return { name, categories, at, read: (row) => (categories.length ? category(row) : number(row[at], 5)) };
  });
}

function showFit(report, root) {
  const { fit } = report, { names } = fit, [rows, width] = [fit.target.shape[0], fit.target.shape[1] ?? 1];
  const box = make("div", { class: "chart square" }), choice = make("select", { "aria-label": "Target" });
  names.forEach((name, m) => choice.append(make("option", { value: m, text: name })));
  root.append(make("p", { text: `Each point is a row of ${report.split}: on the line, the prediction is the truth.` }));
  if (width > 1) root.append(make("div", { class: "tools" }, make("label", {}, "target ", choice)));
  root.append(make("div", { class: "card" }, box));
  const entry = { name: "fit", chart: null };
  chartList.push(entry);
  const draw = () => {
    const m = Number(choice.value) || 0;
    const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => fit.target.data[a * width + m] - fit.target.data[b * width + m]);
    const truth = order.map((i) => fit.target.data[i * width + m]), predicted = order.map((i) => fit.prediction.data[i * width + m]);
    const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui", labelFont: "12px system-ui", labelSize: 18 };
    const values = (chart, ticks) => ticks.map((v) => number(v));
    entry.chart?.destroy();
    entry.chart = new uPlot({
      width: box.clientWidth || 500, height: 340, scales: { x: { time: false } },
      axes: [{ ...axis, size: 28, label: `true ${names[m]}`, values }, { ...axis, label: `predicted ${names[m]}`, size: 64, values }],
      series: [
        { label: "true", value: (chart, v) => number(v) },
        { label: "predicted", paths: () => null, stroke: style("--train"), points: { show: true, size: 6, width: 0, fill: `${style("--train")}99` }, value: (chart, v) => number(v) },
        { label: "truth", stroke: style("--quiet"), width: 1, dash: [4, 4], value: (chart, v) => number(v), points: { show: false } },
      ],
    }, [truth, predicted, truth], box);
    entry.chart.root.setAttribute("role", "figure");
    entry.chart.root.setAttribute("aria-label", `predicted against true ${names[m]}`);
    keyboardLegend(entry.chart);
  };
  painted(draw);
  choice.addEventListener("change", draw);
  new ResizeObserver(() => box.clientWidth && entry.chart.setSize({ width: box.clientWidth, height: 340 })).observe(box);
}
