// The network's forward pass in evaluation: a function for each layer, the twin of its `infer` in Python.
// A row is {shape, data}; a layer is {type, options, arrays, layers}. A test compares every layer with Python.

const pair = (option) => (Array.isArray(option) ? option : [option, option]);

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

// 2 / sqrt(pi) exp(-z^2) times the sum of z (2 z^2)^n / (1 · 3 · 5 ··· (2n + 1))
function erf(z) {
  const a = Math.min(Math.abs(z), 6);
  let term = a, sum = a;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * a * a) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(z) * Math.min((2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum, 1);
}

const each = (f) => (layer, x) => ({ shape: x.shape, data: x.data.map((v) => f(v, layer.options)) });
const same = (layer, x) => x;

function dense({ arrays: { W, b } }, x) {
  const [D, M] = W.shape;
  const y = b ? Float64Array.from(b.data) : new Float64Array(M);
  for (let d = 0; d < D; d++) {
    if (x.data[d] === 0) continue;
    for (let m = 0; m < M; m++) y[m] += x.data[d] * W.data[d * M + m];
  }
  return { shape: [M], data: y };
}

// Windows along one axis of n pixels: window r has the pixels r step - before + i leap, for i < size.
function windows(n, size, step, leap, padding) {
  const reach = (size - 1) * leap + 1;
  if (padding === "valid") padding = 0;
  if (padding !== "same") return { count: Math.floor((n + 2 * padding - reach) / step) + 1, before: padding };
  const count = Math.ceil(n / step);
  return { count, before: Math.floor(Math.max((count - 1) * step + reach - n, 0) / 2) };
}

function bothWindows({ options }, x, size) {
  const step = pair(options.stride ?? size), leap = pair(options.dilation ?? 1), padding = pair(options.padding);
  return [0, 1].map((axis) => ({
    size: size[axis], step: step[axis], leap: leap[axis],
    ...windows(x.shape[1 + axis], size[axis], step[axis], leap[axis], padding[axis]),
  }));
}

// Call f(pixel, i, j) for each pixel of window (r, s) that lies inside the image (H, W).
function overWindow([down, right], [H, W], r, s, f) {
  for (let i = 0; i < down.size; i++) {
    const row = r * down.step - down.before + i * down.leap;
    if (row < 0 || row >= H) continue;
    for (let j = 0; j < right.size; j++) {
      const column = s * right.step - right.before + j * right.leap;
      if (column >= 0 && column < W) f(row * W + column, i, j);
    }
  }
}

function conv2d(layer, x) {
  const { W, b } = layer.arrays, [F, inputs, kh, kw] = W.shape, [, height, width] = x.shape;
  const both = bothWindows(layer, x, [kh, kw]), [rows, columns] = both.map((axis) => axis.count);
  const y = new Float64Array(F * rows * columns), perGroup = F / layer.options.groups;
  for (let f = 0; f < F; f++) {
    const first = Math.floor(f / perGroup) * inputs;
    for (let r = 0; r < rows; r++) {
      for (let s = 0; s < columns; s++) {
        let sum = b ? b.data[f] : 0;
        overWindow(both, [height, width], r, s, (pixel, i, j) => {
          for (let c = 0; c < inputs; c++) {
            const weight = W.data[((f * inputs + c) * kh + i) * kw + j];
            sum += weight * x.data[(first + c) * height * width + pixel];
          }
        });
        y[(f * rows + r) * columns + s] = sum;
      }
    }
  }
  return { shape: [F, rows, columns], data: y };
}

function conv_transpose2d({ options, arrays: { W, b } }, x) {
  const [channels, outputs, kh, kw] = W.shape, [, H, V] = x.shape, size = [kh, kw];
  const [step, leap, cut, extra] = ["stride", "dilation", "padding", "output_padding"].map((o) => pair(options[o]));
  const [rows, columns] = [H, V].map(
    (n, a) => (n - 1) * step[a] + (size[a] - 1) * leap[a] + 1 - 2 * cut[a] + extra[a],
  );
  const F = options.filters, perGroup = channels / options.groups;
  const y = new Float64Array(F * rows * columns);
  if (b) for (let f = 0; f < F; f++) y.fill(b.data[f], f * rows * columns, (f + 1) * rows * columns);
  // Window (r, s) of y is where pixel (r, s) of x adds W times its value.
  const both = [0, 1].map((a) => ({ size: size[a], step: step[a], leap: leap[a], before: cut[a] }));
  for (let c = 0; c < channels; c++) {
    const first = Math.floor(c / perGroup) * outputs;
    for (let r = 0; r < H; r++) {
      for (let s = 0; s < V; s++) {
        const value = x.data[(c * H + r) * V + s];
        overWindow(both, [rows, columns], r, s, (pixel, i, j) => {
          for (let f = 0; f < outputs; f++) {
            y[(first + f) * rows * columns + pixel] += W.data[((c * outputs + f) * kh + i) * kw + j] * value;
          }
        });
      }
    }
  }
  return { shape: [F, rows, columns], data: y };
}

// start and add make a window's number of its pixels; finish(number, how many pixels) ends it.
const pool = (start, add, finish) => (layer, x) => {
  const [C, H, W] = x.shape, both = bothWindows(layer, x, pair(layer.options.pool_size));
  const [rows, columns] = both.map((axis) => axis.count), y = new Float64Array(C * rows * columns);
  const size = both[0].size * both[1].size;
  for (let c = 0; c < C; c++) {
    for (let r = 0; r < rows; r++) {
      for (let s = 0; s < columns; s++) {
        let number = start, inside = 0;
        overWindow(both, [H, W], r, s, (pixel) => {
          number = add(number, x.data[c * H * W + pixel]);
          inside += 1;
        });
        y[(c * rows + r) * columns + s] = finish(number, layer.options.count_include_padding ? size : inside);
      }
    }
  }
  return { shape: [C, rows, columns], data: y };
};

function global_avg_pool2d(layer, x) {
  const [C, H, W] = x.shape, y = new Float64Array(C);
  x.data.forEach((v, i) => (y[Math.floor(i / (H * W))] += v / (H * W)));
  return { shape: [C], data: y };
}

function padding2d({ options: { padding } }, x) {
  const given = Array.isArray(padding) ? padding : [padding];
  const [top, bottom, left, right] = [0, 1, 2, 3].map((side) => given[Math.floor((side * given.length) / 4)]);
  const [C, H, W] = x.shape, rows = H + top + bottom, columns = W + left + right;
  const y = new Float64Array(C * rows * columns);
  x.data.forEach((v, i) => {
    const c = Math.floor(i / (H * W)), r = Math.floor(i / W) % H;
    y[(c * rows + r + top) * columns + (i % W) + left] = v;
  });
  return { shape: [C, rows, columns], data: y };
}

// The two pixels of a line of n that pixel r of a line `factor` times as long lies between: [index, weight].
function between(r, factor, n, mode) {
  if (mode === "nearest") return [[Math.floor(r / factor), 1]];
  const center = Math.min(Math.max((r + 0.5) / factor - 0.5, 0), n - 1), low = Math.floor(center);
  return [[low, 1 - (center - low)], [Math.min(low + 1, n - 1), center - low]];
}

function upsample2d({ options: { factor, mode } }, x) {
  const [C, H, W] = x.shape, [down, right] = pair(factor), rows = H * down, columns = W * right;
  const y = new Float64Array(C * rows * columns).map((_, i) => {
    const c = Math.floor(i / (rows * columns)), r = Math.floor(i / columns) % rows;
    let sum = 0;
    for (const [p, u] of between(r, down, H, mode)) {
      for (const [q, v] of between(i % columns, right, W, mode)) sum += u * v * x.data[(c * H + p) * W + q];
    }
    return sum;
  });
  return { shape: [C, rows, columns], data: y };
}

// The number of an array (C,) that belongs to entry i of x (C, ...).
const perChannel = (x, i) => Math.floor((i * x.shape[0]) / x.data.length);

function batch_norm({ options, arrays: { gamma, beta, running_mean, running_var } }, x) {
  const factor = Float64Array.from(gamma.data, (g, c) => g / Math.sqrt(running_var.data[c] + options.epsilon));
  const data = x.data.map((v, i) => {
    const c = perChannel(x, i);
    return (v - running_mean.data[c]) * factor[c] + beta.data[c];
  });
  return { shape: x.shape, data };
}

// Apply f to each stretch of `length` numbers of x, a Float64Array that it changes.
function byStretch(x, length, f) {
  const data = Float64Array.from(x.data);
  for (let start = 0; start < data.length; start += length) f(data.subarray(start, start + length));
  return { shape: x.shape, data };
}

function layer_norm({ options, arrays: { gamma, beta } }, x) {
  return byStretch(x, gamma.data.length, (part) => {
    const mean = part.reduce((sum, v) => sum + v, 0) / part.length;
    const variance = part.reduce((sum, v) => sum + (v - mean) ** 2, 0) / part.length;
    const scale = 1 / Math.sqrt(variance + options.epsilon);
    part.forEach((v, i) => (part[i] = (v - mean) * scale * gamma.data[i] + beta.data[i]));
  });
}

function softmax(layer, x) {
  return byStretch(x, x.shape.at(-1), (part) => {
    const largest = part.reduce((a, b) => Math.max(a, b));
    part.forEach((v, i) => (part[i] = Math.exp(v - largest)));
    const sum = part.reduce((a, b) => a + b);
    part.forEach((v, i) => (part[i] = v / sum));
  });
}

function prelu({ arrays: { a } }, x) {
  const slope = a.data.length > 1 ? (i) => a.data[perChannel(x, i)] : () => a.data[0];
  return { shape: x.shape, data: x.data.map((v, i) => (v > 0 ? v : slope(i) * v)) };
}

function reshape({ options: { shape } }, x) {
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return { shape: shape.map((size) => (size === -1 ? x.data.length / known : size)), data: x.data };
}

function residual(layer, x) {
  const f = through(layer.layers, x).at(-1);
  return { shape: x.shape, data: x.data.map((v, i) => v + f.data[i]) };
}

const SELU = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };
const cut = (v) => Math.min(Math.max(v, -30), 30);

const LAYERS = {
  dense, conv2d, conv_transpose2d, global_avg_pool2d, padding2d, upsample2d, batch_norm, layer_norm, softmax,
  prelu, reshape, residual,
  max_pool2d: pool(-Infinity, Math.max, (largest) => largest),
  avg_pool2d: pool(0, (sum, v) => sum + v, (sum, m) => sum / m),
  flatten: (layer, x) => ({ shape: [x.data.length], data: x.data }),
  dropout: same, dropout2d: same, gaussian_noise: same,
  relu: each((v) => Math.max(v, 0)),
  leaky_relu: each((v, { negative_slope }) => Math.max(v, negative_slope * v)),
  elu: each((v, { alpha }) => (v > 0 ? v : alpha * Math.expm1(v))),
  selu: each((v) => SELU.scale * (v > 0 ? v : SELU.alpha * Math.expm1(v))),
  sigmoid: each(sigmoid),
  hard_sigmoid: each((v) => Math.min(Math.max(v + 3, 0), 6) / 6),
  tanh: each(Math.tanh),
  silu: each((v) => v * sigmoid(v)),
  softplus: each((v, { beta }) => (Math.max(beta * v, 0) + Math.log1p(Math.exp(-Math.abs(beta * v)))) / beta),
  mish: each((v) => v * Math.tanh(Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))))),
  gelu: each((v, { approximate }) => {
    if (approximate === "none") return (v * (1 + erf(v * Math.SQRT1_2))) / 2;
    return (v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (cut(v) + 0.044715 * cut(v) ** 3)))) / 2;
  }),
};

// What a loss makes of the network's outputs: the twin of its `predict`.
const LOSSES = {
  cross_entropy: softmax,
  binary_cross_entropy: (loss, z) => {
    const logits = z.data.length === 1 ? Float64Array.of(-z.data[0], z.data[0]) : z.data;
    return { shape: [logits.length], data: logits.map(sigmoid) };
  },
  poisson: each(Math.exp),
  hinge: same, huber: same, log_cosh: same, mae: same, mse: same, quantile: same,
};

// The row x and the output of each layer after it.
function through(layers, x) {
  const outputs = [x];
  for (const layer of layers) outputs.push(LAYERS[layer.type](layer, outputs.at(-1)));
  return outputs;
}

// x -> (x - shift) scale, and back; one number for all entries or one for each.
const entry = (numbers, i) => (numbers.length === 1 ? numbers[0] : numbers[i]);
const normalized = ({ shift, scale }, x) => x.map((v, i) => (v - entry(shift, i)) * entry(scale, i));
const restored = ({ shift, scale }, y) => y.map((v, i) => v / entry(scale, i) + entry(shift, i));

// What the network says of a raw row: the layers' outputs, and the predictions as `nnfs predict` gives them.
function predict(network, raw) {
  const data = normalized(network.inputs, Float64Array.from(raw));
  const outputs = through(network.layers, { shape: network.input_shape, data });
  const answer = LOSSES[network.loss]({}, outputs.at(-1)).data;
  return { outputs, answer: restored(network.targets, answer) };
}
