// Colors, numbers and small pictures on canvases.

const OKABE_ITO = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c6bb1", "#a6761d"];

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isDark = () => style("--scheme") === "dark";
const classColor = (k) => OKABE_ITO[k % OKABE_ITO.length];

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const mixed = (a, b, share) => a.map((v, i) => v + (b[i] - v) * share);

// Numbers in -1 … 1: below zero toward blue, above toward orange, zero the page's own color.
function diverging(value) {
  const end = rgb(style(value < 0 ? "--low" : "--high"));
  return mixed(rgb(style("--paper")), end, Math.min(Math.abs(value), 1) ** 0.8);
}

// The same as a table of 511 colors, which is fast enough for pictures.
function colorTable(color) {
  const colors = Array.from({ length: 511 }, (_, i) => color(i / 255 - 1));
  return (value) => colors[Math.round((Math.max(-1, Math.min(1, value || 0)) + 1) * 255)];
}

function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value), rounded = +value.toPrecision(digits);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? rounded.toExponential().replace("e+", "e") : `${rounded}`;
  return text.replaceAll("-", "−");
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// An element with attributes and children; `text` is its text, `on…` its listeners.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "text") element.textContent = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Paint values (rows, columns) on a canvas, a pixel each; color(value) gives [red, green, blue].
function heat(canvas, values, rows, columns, color) {
  canvas.width = columns;
  canvas.height = rows;
  const context = canvas.getContext("2d"), image = context.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    image.data.set(color(values[i]), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// Paint pictures (each rows x columns) side by side with a gap, `across` to a line.
function tiles(canvas, pictures, rows, columns, across, color, gap = 1) {
  const down = Math.ceil(pictures.length / across), width = across * (columns + gap) - gap;
  const height = down * (rows + gap) - gap;
  canvas.width = Math.max(width, 1);
  canvas.height = Math.max(height, 1);
  const context = canvas.getContext("2d");
  pictures.forEach((picture, k) => {
    const image = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
      image.data.set(color(picture[i]), 4 * i);
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, (k % across) * (columns + gap), Math.floor(k / across) * (rows + gap));
  });
}

// A raw row as a picture: gray, or the three channels as red, green and blue.
function thumbnail(canvas, row, { size, channels, low, high }) {
  const [rows, columns] = size, area = rows * columns;
  const light = (v) => Math.round((255 * (v - low)) / (high - low || 1));
  const places = Array.from({ length: area }, (_, i) => i);
  const color = (i) => [0, 1, 2].map((c) => light(row[(channels === 3 ? c * area : 0) + i]));
  heat(canvas, places, rows, columns, color);
}

const largestSize = (values) => values.reduce((a, v) => Math.max(a, Math.abs(v) || 0), 0);

// Call `draw` now, and again whenever the colors change.
const painters = new Set();
function painted(draw) {
  painters.add(draw);
  draw();
}
