// The network at work: an input, what each layer makes of it, and the prediction, while the reader changes it.

const MOST_BARS = 12, MOST_VALUES = 200;
const QUIET_LAYERS = ["flatten", "reshape", "dropout", "dropout2d", "gaussian_noise"];
const WORDS = {
  picture: "Draw, or take an example. The network computes its prediction here, from its saved weights.",
  plane: "Click or drag, or use the arrow keys. The colors are the network's own predictions.",
  line: "Click or drag, or use the arrow keys. A curve is the network's own prediction, a point a row.",
  fields: "Move the sliders, or take an example. The network computes its prediction here, from its saved weights.",
};

let tryRow = () => {};

// Fill the section; false if there is nothing to say there.
function showLive(report, root, words) {
  const { inputs, network } = report;
  words.textContent = report.why_not_live;
  if (!network) return report.why_not_live !== "";
  if (!inputs) {
    words.textContent = "This network's inputs have no simple form to make them here; nnfs predict takes them from files.";
    return true;
  }
  words.textContent = WORDS[inputs.kind] + (inputs.centered ? " As in MNIST, a drawing is scaled into a box of 20 × 20 of the 28 × 28 pixels and placed by its center of mass." : "");
  const answer = answerView(report), hidden = hiddenView(report);
  const show = (row) => {
    const { outputs, answer: given } = predict(network, row);
    report.live = { row: Array.from(row), answer: Array.from(given) };
    answer.show(given);
    hidden.show(outputs);
  };
  const kinds = { picture: () => drawingPad(inputs, show), fields: () => fields(inputs, show), plane: () => map(report, show), line: () => map(report, show) };
  const input = kinds[inputs.kind]();
  root.append(make("div", { class: "live" }, make("div", { class: "card" }, input.element, exampleChoice(report)), make("div", { class: "card" }, answer.element)), hidden.element);
  tryRow = (row) => {
    input.set(Float64Array.from(row));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    document.getElementById("try").scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
  };
  report.tryRow = tryRow;
  painters.add(() => report.live && show(Float64Array.from(report.live.row)));
  input.start();
  if (report.examples && inputs.kind !== "plane" && inputs.kind !== "line") input.set(Float64Array.from(rowOf(report.examples, surest(report))));
  return true;
}

// The example that the network tells rightly and most surely, to begin with; the surest come last.
function surest({ examples, classes }) {
  const right = classes.length ? Array.from(examples.target.data, (t, i) => t === examples.prediction.data[i]) : [];
  return Math.max(right.lastIndexOf(true), 0);
}

// A few examples, of each class the one that is told rightly and most surely.
function exampleChoice(report) {
  const { examples, classes, inputs } = report;
  if (!examples || inputs.kind === "plane" || inputs.kind === "line") return "";
  const all = Array.from(examples.rows.data, (_, i) => i), target = examples.target.data;
  const best = (k) => all.findLast((i) => target[i] === k && examples.prediction.data[i] === k) ?? all.find((i) => target[i] === k);
  const chosen = (classes.length ? classes.slice(0, 20).map((_, k) => best(k)) : all.slice(0, 10)).filter((i) => i !== undefined);
  const line = make("div", { class: "examples", role: "group", "aria-label": "Examples" });
  for (const i of chosen) {
    const name = classes.length ? classes[target[i]] : `row ${examples.rows.data[i]}`;
    const button = make("button", { type: "button", title: `Take a row of ${name}`, "aria-label": `Take a row of ${name}`, onclick: () => tryRow(rowOf(examples, i)) });
    if (inputs.kind === "picture") {
      const canvas = make("canvas", { class: "pixels" });
      thumbnail(canvas, rowOf(examples, i), inputs);
      button.append(canvas);
    } else button.append(make("bdi", { text: name }));
    line.append(button);
  }
  return line;
}

// The least and the largest true value of each target, between which a prediction is shown.
function targetRanges({ fit }, width) {
  if (!fit || fit.names.length !== width) return null;
  return fit.names.map((_, m) => {
    const own = fit.target.data.filter((v, i) => i % width === m && Number.isFinite(v));
    return own.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  });
}

function answerView(report) {
  const { classes, outputs, probabilities } = report, ranges = targetRanges(report, outputs.length);
  const said = make("p", { class: "said", "aria-live": "polite" }), list = make("div", { class: "bars" });
  const names = outputs, hasColors = classes.length && ["plane", "line"].includes(report.inputs.kind);
  const nameOf = (name, k) => make("bdi", { class: hasColors ? "name colored" : "name", text: name, title: name, style: hasColors ? `border-color: ${classColor(k)}` : null });
  const bars = names.map((name, k) => {
    const fill = make("span", { class: "fill" }), value = make("span", { class: "value" });
    return { row: make("div", { class: "bar-row" }, nameOf(name, k), make("span", { class: "track" }, fill), value), fill, value };
  });
  const show = (answer) => {
    const values = Array.from(answer), best = values.indexOf(values.reduce((a, b) => Math.max(a, b), -Infinity));
    if (!classes.length) said.textContent = names.length === 1 ? number(values[0], 6) : "";
    else said.replaceChildren(make("bdi", { text: names[best] ?? "–" }), " ", make("small", { text: probabilities ? percent(values[best]) : "" }));
    const order = values.map((_, k) => k);
    if (names.length > MOST_BARS && classes.length) order.sort((a, b) => values[b] - values[a]);
    const shown = order.slice(0, classes.length ? MOST_BARS : MOST_VALUES), [least, most] = [Math.min(...values), Math.max(...values)];
    shown.forEach((k) => {
      const [from, to] = ranges ? ranges[k] : [least, most];
      const share = probabilities ? values[k] : (values[k] - from) / (to - from || 1);
      bars[k].fill.style.width = `${100 * Math.max(0, Math.min(1, share || 0))}%`;
      bars[k].value.textContent = probabilities ? percent(values[k]) : number(values[k]);
      bars[k].row.classList.toggle("best", classes.length > 0 && k === best);
      bars[k].row.title = ranges ? `${names[k]}, between its true values ${number(from)} and ${number(to)}` : names[k];
    });
    list.replaceChildren(...shown.map((k) => bars[k].row));
  };
  const words = ranges && !probabilities ? make("p", { class: "hint", text: "A bar goes from a target's least true value to its largest." }) : "";
  return { element: make("div", {}, make("h3", { text: "Prediction" }), said, list, words), show };
}

// What each layer makes of the input: a cell for each unit, a picture for each channel.
function hiddenView({ network }) {
  const element = make("div", { class: "card hidden-units" }, make("h3", { text: "Inside" }));
  const views = network.layers.flatMap((layer, k) => {
    if (QUIET_LAYERS.includes(layer.type)) return [];
    const canvas = make("canvas", { class: "pixels", role: "img" }), words = make("figcaption");
    element.append(make("figure", {}, words, canvas));
    return [{ k, canvas, words, name: network.names[k] }];
  });
  const show = (outputs) => {
    const color = colorTable(diverging);
    for (const { k, canvas, words, name } of views) {
      const { shape, data } = outputs[k + 1], size = largestSize(data);
      const area = shape.length === 3 ? shape[1] * shape[2] : 1, count = Math.min(data.length / area, shape.length === 3 ? 96 : 1024);
      const [rows, columns] = shape.length === 3 ? [shape[1], shape[2]] : [1, 1];
      const pictures = Array.from({ length: count }, (_, c) => Array.from(data.subarray(c * area, (c + 1) * area), (v) => v / (size || 1)));
      const across = Math.max(1, Math.min(count, shape.length === 3 ? Math.floor(440 / (columns + 1)) : 64));
      tiles(canvas, pictures, rows, columns, across, color, shape.length === 3 ? 1 : 0);
      const cell = shape.length === 3 ? Math.max(1, Math.floor(680 / canvas.width)) : 11;
      canvas.style.width = `${canvas.width * Math.min(cell, 4 * (shape.length === 3) + 11 * (shape.length !== 3))}px`;
      const active = data.reduce((sum, v) => sum + (v > 0), 0);
      words.textContent = `${name}, ${shape.join(" × ")}: ${active} above 0, largest size ${number(size, 3)}`;
      canvas.setAttribute("aria-label", words.textContent);
    }
  };
  return { element, show };
}
