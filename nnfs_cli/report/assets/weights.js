// The parameters as pictures: units of the first layer as images, others as heat maps, on one color scale.

const MOST_TILES = 144;

function showWeights(report, root) {
  const { weights } = report;
  if (!weights.length) return;
  const choice = make("select", { id: "tensor", "aria-label": "Parameter" });
  weights.forEach(({ name, values }, i) => choice.append(make("option", { value: i, text: `${name}  (${values.shape.join(" × ")})` })));
  const canvas = make("canvas", { class: "pixels", role: "img" }), said = make("p", { class: "hint" });
  const read = make("output", { class: "readout" }), frame = make("div", { class: "frame" }, canvas);
  root.append(make("h3", { text: "Weights" }), make("div", { class: "tools" }, choice, read), frame, scaleBar(), said);
  let picture;
  const draw = () => {
    const { name, values } = weights[choice.value || 0];
    const size = largestSize(values.data) || 1, color = colorTable(diverging);
    picture = weightPicture(report, Number(choice.value || 0));
    const { rows, columns, tilesOf, across } = picture;
    tiles(canvas, tilesOf.map((tile) => tile.values.map((v) => v / size)), rows, columns, across, color, tilesOf.length > 1 ? 1 : 0);
    const wide = Math.max(1, Math.min(Math.floor(720 / canvas.width), Math.floor(900 / canvas.height), 24));
    canvas.style.width = `${canvas.width * wide}px`;
    canvas.setAttribute("aria-label", `${name}: ${picture.words}`);
    said.textContent = picture.words;
    for (const end of root.querySelectorAll("[data-end]")) end.textContent = number(size * Number(end.dataset.end), 3);
    read.textContent = "";
  };
  canvas.addEventListener("pointermove", (event) => {
    const scale = canvas.width / canvas.clientWidth, gap = picture.tilesOf.length > 1 ? 1 : 0;
    const x = Math.floor(event.offsetX * scale), y = Math.floor(event.offsetY * scale);
    const [i, j] = [y % (picture.rows + gap), x % (picture.columns + gap)];
    const tile = picture.tilesOf[Math.floor(y / (picture.rows + gap)) * picture.across + Math.floor(x / (picture.columns + gap))];
    if (tile && i < picture.rows && j < picture.columns) read.textContent = `${tile.name(i, j)} = ${number(tile.values[i * picture.columns + j])}`;
  });
  painted(draw);
  choice.addEventListener("change", draw);
}

// {rows, columns, tilesOf: [{values, name(i, j)}], across, words} of a parameter.
function weightPicture(report, index) {
  const { values: { shape, data }, name } = report.weights[index], { inputs } = report;
  const pixels = inputs?.kind === "picture" ? inputs.size[0] * inputs.size[1] : 0;
  const count = (units, shown) => (shown < units ? `the first ${shown} of ${units}` : `all ${units}`);
  if (index === 0 && shape.length === 2 && pixels && shape[0] % pixels === 0 && shape[0] / pixels === inputs.channels) {
    const [D, M] = shape, shown = Math.min(M, MOST_TILES), columns = inputs.size[1];
    const tilesOf = [];
    for (let m = 0; m < shown; m++) {
      for (let c = 0; c < inputs.channels; c++) {
        const own = Float32Array.from({ length: pixels }, (_, d) => data[(c * pixels + d) * M + m]);
        tilesOf.push({ values: own, name: (i, j) => `unit ${m}, pixel (${i}, ${j})` });
      }
    }
    const scale = Math.max(1, Math.round(56 / columns)), across = Math.max(1, Math.floor(740 / ((columns + 1) * scale)));
    return { rows: inputs.size[0], columns, tilesOf, across, words: `What each unit of the first layer looks for: its weights of the pixels, ${count(M, shown)} units.` };
  }
  if (shape.length === 4) {
    const [F, C, kh, kw] = shape, shown = Math.min(F, Math.max(Math.floor(1024 / C), 1));
    const tilesOf = Array.from({ length: shown * C }, (_, k) => ({
      values: data.subarray(k * kh * kw, (k + 1) * kh * kw),
      name: (i, j) => `[${Math.floor(k / C)}, ${k % C}, ${i}, ${j}]`,
    }));
    const across = C > 1 ? C : Math.min(shown, 16);
    return { rows: kh, columns: kw, tilesOf, across, words: C > 1 ? `Kernels: a line for each filter (${count(F, shown)}), a column for each input channel.` : `Kernels of ${count(F, shown)} filters.` };
  }
  const columns = shape.at(-1), rows = data.length / columns, shown = Math.min(rows, 2048);
  const known = index === 0 && inputs?.columns ? inputs.columns.flatMap(({ name: column, categories }) => (categories.length ? categories.map((c) => `${column}: ${c}`) : [column])) : [];
  const label = (i, j) => (shape.length === 1 ? `[${j}]` : known.length === rows ? `${known[i]}, unit ${j}` : `[${i}, ${j}]`);
  const words = shape.length === 1 ? "A number for each unit." : `A line for each input (${count(rows, shown)}), a column for each unit.`;
  return { rows: shown, columns, tilesOf: [{ values: data.subarray(0, shown * columns), name: label }], across: 1, words };
}

function scaleBar() {
  const canvas = make("canvas", { class: "pixels", "aria-hidden": "true" });
  painted(() => heat(canvas, Array.from({ length: 101 }, (_, i) => i / 50 - 1), 1, 101, diverging));
  return make("div", { class: "scale" }, make("span", { "data-end": "-1" }), canvas, make("span", { "data-end": "1" }));
}
