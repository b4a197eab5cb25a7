// Ways to make an input row: a pad to draw on, a plane or a line to point at, fields to set.
// Each gives {element, set(row)} and calls change(row) whenever its user makes another row.

const PAD = 280;

// A drawing (ink 0 … 1, PAD x PAD) as a picture of rows x columns. Centered, as MNIST does it: its larger side
// fills 20 of 28 pixels and its center of mass comes to the middle; else the pad is only made smaller.
function shrink(ink, [rows, columns], centered) {
  let [top, left, bottom, right, mass, y, x] = [PAD, PAD, -1, -1, 0, 0, 0];
  for (let i = 0; i < PAD * PAD; i++) {
    if (!ink[i]) continue;
    const [r, c] = [Math.floor(i / PAD), i % PAD];
    [top, bottom, left, right] = [Math.min(top, r), Math.max(bottom, r), Math.min(left, c), Math.max(right, c)];
    mass += ink[i];
    y += ink[i] * (r + 0.5);
    x += ink[i] * (c + 0.5);
  }
  const picture = new Float64Array(rows * columns);
  if (!mass) return picture;
  const box = (20 / 28) * Math.min(rows, columns), side = Math.max(bottom - top, right - left) + 1;
  const [down, across] = centered ? [box / side, box / side] : [rows / PAD, columns / PAD];
  const [middleY, middleX] = centered ? [y / mass, x / mass] : [PAD / 2, PAD / 2];
  // Each point of the pad is cut into n x n, so that a small drawing, made larger, has no holes.
  const n = Math.max(1, Math.ceil(2 * Math.max(down, across)));
  for (let i = 0; i < PAD * PAD; i++) {
    if (!ink[i]) continue;
    for (let part = 0; part < n * n; part++) {
      const r = Math.floor((Math.floor(i / PAD) + (Math.floor(part / n) + 0.5) / n - middleY) * down + rows / 2);
      const c = Math.floor(((i % PAD) + ((part % n) + 0.5) / n - middleX) * across + columns / 2);
      if (r >= 0 && r < rows && c >= 0 && c < columns) picture[r * columns + c] += (ink[i] * down * across) / (n * n);
    }
  }
  return picture.map((v) => Math.min(v, 1));
}

function drawingPad(inputs, change) {
  const { size, channels, low, high, ink_is_light: light } = inputs, [rows, columns] = size;
  const pad = make("canvas", { class: "pad", width: PAD, height: PAD, id: "pad", role: "img", "aria-label": "Draw here" });
  const seen = make("canvas", { class: "pixels seen", "aria-label": "What the network gets", role: "img" });
  const centered = make("input", { type: "checkbox", id: "centered", checked: inputs.centered });
  const context = pad.getContext("2d", { willReadFrequently: true });
  const clear = () => {
    context.fillStyle = light ? "#000" : "#fff";
    context.fillRect(0, 0, PAD, PAD);
  };
  const show = (row) => {
    thumbnail(seen, row, inputs);
    change(row);
  };
  const read = () => {
    const bytes = context.getImageData(0, 0, PAD, PAD).data;
    const ink = Float64Array.from({ length: PAD * PAD }, (_, i) => (light ? bytes[4 * i] : 255 - bytes[4 * i]) / 255);
    const one = shrink(ink, size, centered.checked).map((v) => (light ? low + v * (high - low) : high - v * (high - low)));
    const row = new Float64Array(channels * rows * columns);
    for (let c = 0; c < channels; c++) row.set(one, c * rows * columns);
    show(row);
  };
  let last = null;
  const at = (event) => {
    return [(event.offsetX / pad.clientWidth) * PAD, (event.offsetY / pad.clientHeight) * PAD];
  };
  const stroke = (event) => {
    const here = at(event);
    context.strokeStyle = light ? "#fff" : "#000";
    context.lineWidth = PAD / 12;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(here[0] + 0.01, here[1]);
    context.stroke();
    last = here;
    read();
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(event);
  });
  pad.addEventListener("pointermove", (event) => last && stroke(event));
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => (last = null));
  const empty = () => {
    clear();
    read();
  };
  centered.addEventListener("change", read);
  clear();
  const tools = make("div", { class: "tools" }, make("button", { type: "button", id: "clear", text: "Clear", onclick: empty }));
  if (rows === columns) tools.append(make("label", {}, centered, " center and scale"));
  pad.style.aspectRatio = `${columns} / ${rows}`;
  const views = make("div", { class: "pads" }, make("figure", {}, pad, make("figcaption", { text: "draw here" })),
    make("figure", {}, seen, make("figcaption", { text: "what the network gets" })));
  const set = (row) => {
    clear();
    if (channels === 1 || channels === 3) {
      const small = make("canvas");
      thumbnail(small, row, inputs);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, PAD, PAD);
    }
    show(Float64Array.from(row));
  };
  return { element: make("div", {}, views, tools), set, start: empty };
}

// A slider and a field for each number, a choice for each category.
function fields({ columns, low, high }, change) {
  const row = new Float64Array(low.data.length), setters = [];
  const tell = () => change(row);
  let start = 0;
  const lines = columns.map(({ name, categories }, k) => {
    const at = start, id = `field-${k}`;
    start += categories.length || 1;
    const label = make("label", { for: id }, make("bdi", { text: name }));
    if (categories.length) {
      const choice = make("select", { id }, ...categories.map((category, i) => make("option", { value: i, text: category })));
      const choose = (i) => row.fill(0, at, at + categories.length) && (row[at + i] = 1);
      choice.addEventListener("change", () => {
        choose(Number(choice.value));
        tell();
      });
      setters.push((given) => {
        const i = Math.max(given.subarray(at, at + categories.length).indexOf(1), 0);
        choice.value = i;
        choose(i);
      });
      return make("div", { class: "field" }, label, choice, make("span"));
    }
    const [least, most] = [low.data[at], high.data[at]];
    const range = make("input", { type: "range", min: least, max: most, step: "any", "aria-label": `${name}, from ${number(least)} to ${number(most)}` });
    const exact = make("input", { type: "number", step: "any", id });
    const put = (value, source) => {
      if (!Number.isFinite(value)) return;
      row[at] = value;
      if (source !== range) range.value = value;
      if (source !== exact) exact.value = +value.toPrecision(6);
      if (source) tell();
    };
    range.addEventListener("input", () => put(Number(range.value), range));
    exact.addEventListener("input", () => exact.value !== "" && put(Number(exact.value), exact));
    setters.push((given) => put(given[at]));
    return make("div", { class: "field" }, label, range, exact);
  });
  const set = (given) => {
    setters.forEach((setter) => setter(given));
    tell();
  };
  const first = low.data.map((v, i) => (v + high.data[i]) / 2);
  return { element: make("div", { class: "fields" }, ...lines), set, start: () => set(first), row };
}

// A canvas with the answer of the network everywhere, the data's points, and a cross at the chosen point.
// toX, toY: from the canvas (0 … 1, upward) to the inputs.
function map(report, change) {
  const { inputs, network } = report, isPlane = inputs.kind === "plane";
  const canvas = make("canvas", { class: "map", width: 720, height: isPlane ? 720 : 440, tabindex: 0, role: "application", id: "map",
    "aria-label": `${isPlane ? "The plane of the two inputs" : "The network's answer along its input"}; arrow keys move the point` });
  const set = fields(inputs, (row) => {
    place();
    change(row);
  });
  const margin = [0, 1].map((a) => 0.1 * ((inputs.high.data[a] ?? 0) - (inputs.low.data[a] ?? 0) || 1));
  const [x0, x1] = [inputs.low.data[0] - margin[0], inputs.high.data[0] + margin[0]];
  let [y0, y1] = isPlane ? [inputs.low.data[1] - margin[1], inputs.high.data[1] + margin[1]] : [0, 1];
  let background = null;
  const context = canvas.getContext("2d");
  const toX = (value) => ((value - x0) / (x1 - x0)) * canvas.width;
  const toY = (value) => (1 - (value - y0) / (y1 - y0)) * canvas.height;
  const paint = () => {
    background = make("canvas");
    [background.width, background.height] = [canvas.width, canvas.height];
    const ink = background.getContext("2d");
    let color = classColor;
    if (isPlane) color = paintPlane(report, ink, { x0, x1, y0, y1 });
    else [y0, y1] = paintLine(report, ink, { x0, x1 });
    paintPoints(report, ink, toX, toY, color);
    place();
  };
  function place() {
    if (!background) return;
    context.drawImage(background, 0, 0);
    const [x, y] = [toX(set.row[0]), toY(isPlane ? set.row[1] : largest(predict(network, set.row).answer))];
    context.strokeStyle = style("--ink");
    context.lineWidth = 3;
    context.beginPath();
    context.arc(x, y, 12, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 6 * dx, y + 6 * dy);
      context.lineTo(x + 20 * dx, y + 20 * dy);
    }
    context.stroke();
  }
  function largest(answer) {
    return report.classes.length ? Math.max(...answer) : answer[0];
  }
  const point = (event) => {
    const [u, v] = [event.offsetX / canvas.clientWidth, 1 - event.offsetY / canvas.clientHeight];
    set.set(Float64Array.of(x0 + u * (x1 - x0), ...(isPlane ? [y0 + v * (y1 - y0)] : [])));
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && point(event));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step || (step[1] && !isPlane)) return;
    event.preventDefault();
    const spans = [x1 - x0, y1 - y0];
    set.set(Float64Array.from(set.row, (v, i) => v + (step[i] * spans[i]) / 100));
  });
  const names = inputs.columns.map(({ name }) => name);
  const x = make("span", { class: "axis" }, make("bdi", { text: names[0] }), ` ${number(x0, 3)} … ${number(x1, 3)}`);
  const y = make("span", { class: "axis" });
  const start = () => {
    painted(paint);
    y.textContent = `${isPlane ? names[1] : report.classes.length ? "outputs" : report.outputs[0]} ${number(y0, 3)} … ${number(y1, 3)}`;
    set.start();
  };
  return { element: make("div", {}, y, canvas, x, set.element), set: set.set, start };
}

// Paint the network's answers; returns the color of a target on the same scale.
function paintPlane({ network, classes }, ink, { x0, x1, y0, y1 }) {
  const began = performance.now();
  predict(network, [x0, y0]);
  // As fine as half a second allows.
  const n = Math.round(Math.max(30, Math.min(120, Math.sqrt(500 / Math.max(performance.now() - began, 0.02)))));
  const answers = Array.from({ length: n * n }, (_, i) => predict(network, [x0 + ((i % n) + 0.5) / n * (x1 - x0), y1 - (Math.floor(i / n) + 0.5) / n * (y1 - y0)]).answer);
  const small = make("canvas"), paper = rgb(style("--paper"));
  let color = classColor;
  if (classes.length) {
    const even = 1 / classes.length;
    heat(small, answers, n, n, (answer) => {
      const k = answer.indexOf(answer.reduce((a, b) => Math.max(a, b)));
      const sure = Math.min(Math.max((answer[k] - even) / (1 - even), 0), 1);
      return mixed(paper, rgb(classColor(k)), 0.12 + 0.4 * sure);
    });
  } else {
    const values = answers.map((answer) => answer[0]), [least, most] = [Math.min(...values), Math.max(...values)];
    const table = colorTable(diverging), scaled = (v) => (2 * (v - least)) / (most - least || 1) - 1;
    heat(small, values.map(scaled), n, n, table);
    color = (target) => `rgb(${table(scaled(target)).map(Math.round)})`;
  }
  ink.imageSmoothingEnabled = true;
  ink.drawImage(small, 0, 0, ink.canvas.width, ink.canvas.height);
  return color;
}

// Paint the network's curve; returns the least and the largest number of the vertical axis.
function paintLine({ network, inputs, classes }, ink, { x0, x1 }) {
  const { width, height } = ink.canvas, n = 300;
  const answers = Array.from({ length: n + 1 }, (_, i) => predict(network, [x0 + (i / n) * (x1 - x0)]).answer);
  const curves = classes.length ? classes.map((_, k) => answers.map((answer) => answer[k])) : [answers.map((answer) => answer[0])];
  const points = classes.length || !inputs.target ? [] : Array.from({ length: inputs.target.shape[0] }, (_, i) => inputs.target.data[i * (inputs.target.shape[1] ?? 1)]);
  const all = [...curves.flat(), ...points].filter(Number.isFinite);
  const [least, most] = all.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const margin = 0.06 * (most - least || 1), [y0, y1] = [least - margin, most + margin];
  ink.fillStyle = style("--paper");
  ink.fillRect(0, 0, width, height);
  ink.lineWidth = 4;
  curves.forEach((curve, k) => {
    ink.strokeStyle = classes.length ? classColor(k) : style("--validation");
    ink.beginPath();
    curve.forEach((v, i) => ink.lineTo((i / n) * width, (1 - (v - y0) / (y1 - y0)) * height));
    ink.stroke();
  });
  return [y0, y1];
}

function paintPoints({ inputs, classes }, ink, toX, toY, color) {
  if (!inputs.x) return;
  const width = inputs.x.shape[1], targets = inputs.target.shape[1] ?? 1, isPlane = inputs.kind === "plane";
  if (!isPlane && classes.length) return;
  for (let i = 0; i < inputs.x.shape[0]; i++) {
    const target = inputs.target.data[i * targets];
    ink.beginPath();
    ink.arc(toX(inputs.x.data[i * width]), toY(isPlane ? inputs.x.data[i * width + 1] : target), 5, 0, 2 * Math.PI);
    ink.fillStyle = isPlane ? color(target) : `${style("--train")}99`;
    ink.fill();
    ink.strokeStyle = style(isPlane && !classes.length ? "--ink" : "--paper");
    ink.lineWidth = 1;
    ink.stroke();
  }
}
