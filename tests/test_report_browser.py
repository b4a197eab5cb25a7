"""Reports in Chromium: what a reader does there, and the network's forward pass in JavaScript."""

import functools
import json
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli import LAYERS, LOSSES, Experiment, Layer, Run
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.component import is_plugin
from nnfs_cli.engine.network import Network
from nnfs_cli.jobs.report_study import write_study_report
from nnfs_cli.report.arrays import Block
from nnfs_cli.report.network import layer_records
from tests.browser import Watched, chromium
from tests.test_study_pictures import RATE, made, rates
from tests.toys import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = {"viewport": {"width": 1100, "height": 900}, "reduced_motion": "reduce"}
    with chromium(tmp_path_factory.mktemp("profile"), **options) as context:
        yield context


CHANGES: dict[str, dict[str, Any]] = {
    "mnist": {
        "dataset.path": str(ROOT / "data" / "mnist"),
        "optimizer": {"type": "adam"},
        "training.epochs": 1,
    },
    "cubic": {"training.epochs": 30, "dataset.validation": 40},
    "spiral": {"training.epochs": 30},
    "wine": {"training.epochs": 5},
    "diabetes": {"training.epochs": 5},
}

Trained = Callable[[str], Run]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A short run of a shipped config, trained when it is first asked for."""
    folder = tmp_path_factory.mktemp("runs")

    @functools.cache
    def run(name: str) -> Run:
        experiment = Experiment(ROOT / "configs" / f"{name}.yaml", CHANGES[name])
        return experiment.train(folder, name, progress=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NNFS_CACHE", str(folder / "cache"))
        yield run


def opened(browser: Any, run: Run) -> Watched:
    watched = Watched(browser, run.report())
    watched.page.wait_for_function("window.report?.ready")
    return watched


def close(watched: Watched) -> None:
    """Nothing was said on the console, and nothing was asked for beyond the file."""
    assert watched.trouble == []
    assert watched.requests == []
    watched.page.close()


def answers_as_predict(watched: Watched, run: Run) -> None:
    """The page's prediction for its row is that of `nnfs predict`."""
    live = watched.page.evaluate("window.report.live")
    x = np.array(live["row"]).reshape(1, *run.model.preparation.input_shape)
    expected = run.model.outputs(x)[0]
    np.testing.assert_allclose(live["answer"], expected, rtol=1e-5, atol=1e-5)


def test_curves_respond_to_the_pointer_to_their_names_and_to_the_log_scale(
    browser: Any, trained: Trained
) -> None:
    watched = opened(browser, trained("cubic"))
    page, chart = watched.page, watched.page.locator(".chart").first
    legend = "[...document.querySelector('.chart').querySelectorAll('.u-value')].map((e) => e.innerText)"
    last = page.evaluate(legend)
    chart.locator(".u-over").hover(position={"x": 40, "y": 40})
    watched.changes(legend, last)
    assert all(float(text) > 0 for text in chart.locator(".u-value").all_inner_texts())
    name = chart.locator("th", has_text="validation")
    name.focus()
    page.keyboard.press("Enter")
    watched.becomes("report.charts[0].chart.series.at(-1).show", value=False)
    page.get_by_label("log scale").first.check()
    watched.becomes("report.charts[0].chart.scales.y.distr", 3)
    watched.becomes("report.charts[0].chart.series.at(-1).show", value=False)
    epochs = page.evaluate("report.charts[0].chart.data[0].at(-1)")
    page.get_by_label("steps instead of epochs").check()
    watched.becomes("report.charts[0].chart.data[0].at(-1)", 5 * epochs)
    close(watched)


def test_a_drawn_one_is_a_one_and_moves_the_probabilities(browser: Any, trained: Trained) -> None:
    watched = opened(browser, trained("mnist"))
    page = watched.page
    assert page.evaluate("document.documentElement.outerHTML.length") < 1_000_000
    page.locator("#clear").click()
    empty = page.evaluate("report.live.answer")
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.75 * box["height"], steps=6)
    page.mouse.up()
    watched.changes("report.live.answer", empty)
    watched.becomes("report.live.answer.indexOf(Math.max(...report.live.answer))", 1)
    assert page.locator(".said").inner_text().startswith("1 ")
    picture = np.array(page.evaluate("report.live.row")).reshape(28, 28)
    rows, columns = np.nonzero(picture)
    weights = picture[rows, columns] / picture.sum()
    assert abs(np.ptp(rows) + 1 - 20) <= 1
    assert abs((rows + 0.5) @ weights - 14) < 0.6
    assert abs((columns + 0.5) @ weights - 14) < 0.6
    answers_as_predict(watched, trained("mnist"))
    assert page.locator(".hidden-units figure").count() == 3
    close(watched)


def test_a_cell_opens_by_pointer_and_keyboard_and_its_rows_can_be_tried(
    browser: Any, trained: Trained
) -> None:
    watched = opened(browser, trained("mnist"))
    page, confusion = watched.page, watched.page.evaluate("report.confusion")
    count = confusion[4][9]
    page.get_by_label(f"truth 4, predicted 9: {count} rows").click()
    panel = page.locator("#cell")
    assert f"{count} of {sum(confusion[4])} rows" in panel.inner_text()
    assert panel.locator("canvas").count() == min(count, 5)
    panel.locator(".thumbnails button").first.click()
    watched.becomes("report.live.answer.indexOf(Math.max(...report.live.answer))", 9)
    answers_as_predict(watched, trained("mnist"))
    page.get_by_label("truth 4, predicted 9").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert panel.locator("h3").inner_text() != "4 taken for 9"
    close(watched)
    watched = opened(browser, trained("wine"))
    watched.page.locator(".confusion button:not(:disabled)").first.click()
    assert "alcohol" in watched.page.locator("#cell thead").inner_text()
    close(watched)


@pytest.mark.slow
def test_the_plane_the_line_and_the_fields_answer_as_predict_does(browser: Any, trained: Trained) -> None:
    for name in ("spiral", "cubic"):
        watched = opened(browser, trained(name))
        before = watched.page.evaluate("report.live.row")
        watched.page.locator("#map").click(position={"x": 60, "y": 50})
        watched.changes("report.live.row", before)
        clicked = watched.page.evaluate("report.live.row")
        answers_as_predict(watched, trained(name))
        watched.page.keyboard.press("ArrowRight")
        watched.becomes(f"report.live.row[0] > {clicked[0]!r}", value=True)
        answers_as_predict(watched, trained(name))
        close(watched)
    for name in ("wine", "diabetes"):
        watched = opened(browser, trained(name))
        before = watched.page.evaluate("report.live.answer")
        watched.page.locator("#field-0").fill("13.5")
        watched.page.locator("input[type=range]").nth(1).press("End")
        watched.becomes("report.live.row[0]", 13.5)
        watched.changes("report.live.answer", before)
        answers_as_predict(watched, trained(name))
        close(watched)


@pytest.mark.slow
def test_colors_follow_the_system_and_the_switch(browser: Any, trained: Trained) -> None:
    watched = opened(browser, trained("cubic"))
    page = watched.page
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.emulate_media(color_scheme="dark")
    watched.changes(color, light)
    dark = page.evaluate(color)
    watched.becomes("report.charts[0].chart.series[1].stroke() === style('--batch')", value=True)
    page.locator("#theme").click()
    watched.becomes(color, light)
    page.locator("#theme").click()
    page.emulate_media(color_scheme="light")
    watched.becomes(color, dark)
    close(watched)


@pytest.mark.slow
def test_the_page_prints_and_fits_a_phone(browser: Any, trained: Trained, tmp_path: Path) -> None:
    watched = opened(browser, trained("mnist"))
    watched.page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    watched.page.set_viewport_size({"width": 400, "height": 800})
    # Charts follow their column a moment after the page has its new width.
    watched.becomes("document.documentElement.scrollWidth", 400)
    close(watched)


def test_every_layer_and_loss_computes_in_javascript_what_it_does_in_python(
    browser: Any, tmp_path: Path
) -> None:
    block, cases, expected = Block(), [], []
    for name, record, x, y in [*layer_cases(block), *loss_cases()]:
        cases.append({"layer": record, "shape": x.shape, "x": x.ravel().tolist(), "name": name})
        expected.append((name, y))
    scripts = [files("nnfs_cli.report").joinpath(f"assets/{name}.js") for name in ("arrays", "network")]
    code = "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    file = tmp_path / "laws.html"
    file.write_text(f"<meta charset=utf-8><script>{code}</script>", encoding="utf-8")
    watched = Watched(browser, file)
    found = watched.page.evaluate(
        """async ([text, cases]) => {
            const block = await readBlock(text);
            return cases.map(({ layer, shape, x, name }) => {
                const row = { shape, data: Float64Array.from(x) };
                const known = layer ? LAYERS[layer.type] : LOSSES[name];
                const y = known && known(withArrays(layer ?? {}, block), row);
                return y && [y.shape, Array.from(y.data)];
            });
        }""",
        [block.text(), json.loads(json.dumps(cases))],
    )
    for (name, y), given in zip(expected, found, strict=True):
        assert given, f"{name} has no twin in assets/network.js"
        assert tuple(given[0]) == y.shape, name
        np.testing.assert_allclose(np.reshape(given[1], y.shape), y, rtol=1e-9, atol=1e-12, err_msg=name)
    close(watched)


def layer_cases(block: Block) -> Iterator[tuple[str, dict[str, Any], Array, Array]]:
    """Each example of each layer of nnfs: its record, a row x, and its y in Python."""
    rng = np.random.default_rng(1)
    own = {name: LAYERS[name] for name in LAYERS if not is_plugin(LAYERS[name])}
    for name, options, shape in ((name, *each) for name, layer in own.items() for each in layer.examples):
        network = Network([create(Layer, name, options)], shape, np.float64)
        arrays = network.params.arrays()
        network.params.load({key: rng.uniform(0.2, 1.5, each.shape) for key, each in arrays.items()}, "here")
        workspace = network.workspace(1)
        workspace.x[...] = 2.0 * rng.normal(size=shape)
        workspace.infer()
        record = layer_records(network.layers, block.add)[0]
        yield f"{name} {options}", record, workspace.x[0].copy(), workspace.y[0].copy()


def loss_cases() -> Iterator[tuple[str, None, Array, Array]]:
    rng = np.random.default_rng(2)
    for name in (name for name in LOSSES if not is_plugin(LOSSES[name])):
        loss = LOSSES[name]()
        for _, z, _ in loss.trials(2, 4, rng):
            yield name, None, z[0], loss.predict(z)[0]


PLUGIN = """
from dataclasses import dataclass
import numpy as np
from nnfs_cli import LAYERS, Layer

@LAYERS.register("cube")
@dataclass(eq=False)
class Cube(Layer):
    def forward(self, x, y):
        np.power(x, 3, out=y)
    def input_grad(self, x, y, dy, dx):
        np.multiply(dy, 3 * x * x, out=dx)
"""


def test_a_network_that_cannot_run_in_the_page_says_so_and_the_rest_is_there(
    browser: Any, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(PLUGIN)
    config = {
        "name": "own",
        "plugins": [str(tmp_path / "own.py")],
        "layers": ["flatten", {"type": "dense", "units": 4}, "cube", {"type": "dense", "units": 2}],
        "loss": "cross_entropy",
        "optimizer": {"type": "sgd", "learning_rate": 0.01},
        "training": {"epochs": 1},
        "dataset": {"type": "toy_bars"},
    }
    run = Experiment(config).train(tmp_path, "own", progress=False)
    watched = opened(browser, run)
    page = watched.page
    assert "The layer cube is a plugin's" in page.locator("#try").inner_text()
    assert page.evaluate("report.network") is None
    page.locator(".confusion button:not(:disabled)").first.click()
    assert page.locator("#cell canvas").count() > 0
    assert page.evaluate("report.charts.length") == 1
    close(watched)


def test_a_studys_trials_are_sorted_by_a_click_and_its_pictures_follow_the_colors(
    browser: Any, tmp_path: Path
) -> None:
    record = made(tmp_path, RATE, rates(3.0, None, 10.0, 2.0))
    watched = Watched(browser, write_study_report(record.study)[0])
    page = watched.page
    rows = "[...document.querySelectorAll('#trials tbody tr')].map((row) => row.cells[0].textContent)"
    assert page.evaluate(rows) == ["3", "0", "2", "1"]
    heading = page.locator("#trials thead th", has_text="val_loss").locator("button")
    heading.click()
    assert page.evaluate(rows) == ["3", "0", "2", "1"]
    heading.click()
    assert page.evaluate(rows) == ["2", "0", "3", "1"]  # what is missing stays at the end
    page.locator("#trials thead th", has_text="optimizer.learning_rate").locator("button").click()
    assert page.evaluate(rows) == ["0", "1", "2", "3"]
    pictures = page.locator(".picture >> nth=0")
    page.click("#theme")
    assert pictures.locator(".on-light").is_visible()
    page.click("#theme")
    assert pictures.locator(".on-dark").is_visible()
    assert not pictures.locator(".on-light").is_visible()
    assert page.locator("nav a").count() == page.locator("main > section").count()
    assert not watched.trouble
    assert not watched.requests
