"""The report in a browser: what it shows is the plan, filters and keyboard work, and anyone can read it."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from typing import TYPE_CHECKING

import pytest

import placement
from placement.referee import verify
from placement.replanning import find_frontier
from placement.replanning.document import FrontierDocument, frontier_document
from placement.report.page.page import render
from placement.report.page.view import MoreDocuments
from placement.transition import plan_transition
from placement.units import money
from tests.pages.conftest import PHONE, wait_until
from tests.report.plans import INSTANCES, named, planned, solved

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.pages.conftest import Opened

pytestmark = pytest.mark.pages

RUNNING = "kubernetes-mixed-gpus"
EVIL = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}<b>"
KEYS = "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.key))"
WAY = "the way there, and what moves buy"
LONG = "a-name-without-any-blank-" * 8


@cache
def running() -> tuple[placement.Problem, placement.Plan]:
    """The first components of a fleet that runs, which take a tenth of the time, and a plan of them."""
    document = placement.read(INSTANCES / f"{RUNNING}.yaml").to_document()
    rows = document["components"][:5]
    names = {row["name"] for row in rows}
    placed = [row for row in document["placements"] if row["component"] in names]
    problem = placement.Problem(**{**document, "components": rows, "placements": placed})
    return problem, placement.solve(problem, "greedy", work=1).plan


@cache
def page_of(name: str) -> str:
    """The page of an instance, or of a fleet with other names."""
    if name == "infeasible-tight":
        problem = placement.read(INSTANCES / f"{name}.yaml")
        return render(problem, placement.Plan(problem=name, status="infeasible", reason="no machine counts do"))
    if name in (EVIL, LONG):
        problem = named(name, name, name, name)
        return render(problem, planned(problem))
    if name == WAY:
        problem, plan = running()
        frontier = find_frontier(problem, [5], time_limit=None, work=1)
        document = FrontierDocument.model_validate(frontier_document(frontier))
        transition = plan_transition(problem, plan, attempts=2, exact=False)
        return render(problem, plan, more=MoreDocuments(transition, document))
    return render(*solved(name))


PAGES = (RUNNING, "infeasible-tight", EVIL, LONG, WAY, "reserved-p5")
MORE = ("codegen-after", "codegen-before", "sagemaker-whole-gpu", "spot-survives")


@pytest.mark.parametrize(
    "name", [*PAGES, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)], ids=range(len(PAGES + MORE))
)
def test_it_loads_in_silence_and_fits_a_phone(name: str, opened: Callable[..., Opened]) -> None:
    """No error, no request, no dialog; nothing is wider than 360 pixels but what scrolls by itself."""
    page, complaints = opened(page_of(name), viewport=PHONE)

    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    outside = """[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        && !e.closest(".scroll, nav, .skip, .cut")).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    if name == EVIL:
        assert EVIL in page.locator("h1").inner_text()
        assert page.locator("img").count() == 0


def test_a_phone_breaks_no_percentage(opened: Callable[..., Opened]) -> None:
    """Of what is full: `100%` stood on two lines, the sign below the number."""
    page = opened(page_of(RUNNING), viewport=PHONE).page

    longest = "es => es.map(e => { e.textContent = '>100%'; return e.getBoundingClientRect().height; })"
    heights = page.locator(".use dd b").evaluate_all(longest)
    assert heights
    assert max(heights) < 30


def test_a_phone_shows_which_copy_goes_where(opened: Callable[..., Opened]) -> None:
    """All columns of the table, without scrolling to the side: where a copy goes is the last of them."""
    page = opened(page_of(RUNNING), viewport=PHONE).page

    assert page.locator("#changes thead th").last.inner_text() == "to"
    assert page.evaluate("(t => t.scrollWidth - t.parentElement.clientWidth)(document.querySelector('#changes'))") <= 0


@pytest.mark.parametrize("name", [RUNNING, LONG, WAY])
def test_a_phone_shows_every_table_whole(name: str, opened: Callable[..., Opened]) -> None:
    """None scrolls to the side: a wide one is stacked, each figure with its label, and is still a table to a reader."""
    page = opened(page_of(name), viewport=PHONE).page

    beside = "es => es.filter(e => e.scrollWidth > e.parentElement.clientWidth).map(e => e.id)"
    assert page.locator(".scroll table").evaluate_all(beside) == []
    labels = """es => es.map(e => [getComputedStyle(e, "::before").content, e.cellIndex, e.closest("table")])
        .filter(([label, k, table]) => label !== `"${table.tHead.rows[0].cells[k].textContent}"`)"""
    cells = page.locator("table.wide td:visible")
    assert cells.count() > 5
    assert cells.evaluate_all(labels) == []
    wide = page.locator("table.wide").first
    assert wide.get_by_role("row").count() == wide.locator("tr").count()
    assert page.get_by_role("columnheader").count() == page.locator("thead th").count()


def test_its_figures_are_the_plan_s(opened: Callable[..., Opened]) -> None:
    """Tiles, tables and legend, read from the page, are what the referee and a count of the plan's rows say."""
    problem, plan = solved(RUNNING)
    verdict = verify(problem, plan)
    page = opened(page_of(RUNNING)).page

    tiles = dict(zip(texts(page, ".tile dt"), texts(page, ".tile b"), strict=True))
    assert tiles["price"] == f"{money(verdict.price_per_hour)} an hour"
    assert tiles["cost"] == money(verdict.cost)
    assert tiles["machines"] == str(len(plan.instances))
    assert page.locator('[data-map="plan"] .m').count() == len(plan.instances)
    copies = Counter(row.component for row in plan.assignments)
    legend = (text.rsplit(" ", 1) for text in texts(page, ".legend button"))
    assert {name.strip(): int(number) for name, number in legend} == copies
    for table, count in (("bill-types", len(plan.instances)), ("bill-zones", len(plan.instances))):
        rows = page.locator(f"#{table} tbody tr").evaluate_all(
            "rows => rows.map(r => [...r.cells].map(c => c.dataset.key))"
        )
        assert sum(int(row[1]) for row in rows) == count
        assert sum(int(row[3]) for row in rows) == len(plan.assignments)
        assert sum(int(row[4]) for row in rows) == verdict.price_per_hour
    parts = page.locator("#bill-components tbody tr").evaluate_all(
        "rows => rows.map(r => Number(r.cells[3].dataset.key))"
    )
    assert sum(parts) == verdict.price_per_hour


def test_the_card_tells_all_of_a_machine(opened: Callable[..., Opened]) -> None:
    """Of every machine: its name, and on each accelerator the copies that the plan has there."""
    problem, plan = solved(RUNNING)
    names = {row.name: row.modes for row in problem.components}
    on: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in plan.assignments:
        modes = names[row.component]
        option = f"/{modes[row.option].name or row.option}" if len(modes) > 1 else ""
        for k in row.accelerators:
            on[row.instance][k][row.component + option] += 1
    page = opened(page_of(RUNNING)).page

    told = page.evaluate(CARDS)

    assert {name for name, _ in told} == {row.id for row in plan.instances}
    for name, rows in told:
        for head, text, _ in rows:
            if head.startswith("#") and text != "free":
                copies = (part.partition(" \N{MULTIPLICATION SIGN}") for part in text.split(", "))
                assert {kind: int(number or 1) for kind, _, number in copies} == on[name][int(head[1:])]


CARDS = """() => [...document.querySelectorAll('[data-map="plan"] .m')].map(tile => {
    tile.focus();
    const card = document.getElementById("card"), rows = [...card.querySelectorAll("tr")];
    return [card.querySelector("b").textContent, rows.map(row => [...row.cells].map(cell => cell.textContent))];
})"""


def test_filters(opened: Callable[..., Opened]) -> None:
    """By component, type, zone and words; what is left is what the plan has, and is said; Clear brings all back."""
    problem, plan = solved(RUNNING)
    pools = {pool.name: pool for pool in problem.pools}
    page = opened(page_of(RUNNING)).page

    page.select_option('select[name="component"]', label="chat-8b")
    expected = {row.instance for row in plan.assignments if row.component == "chat-8b"}
    assert len(shown(page)) == len(expected)
    copies = sum(row.component == "chat-8b" for row in plan.assignments)
    assert texts(page, "output") == [f"{len(expected)} of {len(plan.instances)} machines, {copies} copies of chat-8b"]
    assert page.locator('.legend button[aria-pressed="true"]').count() == 1

    page.click('button[type="reset"]')
    wait_until(page, "document.querySelector('output').textContent === ''")
    assert len(shown(page)) == len(plan.instances)

    page.select_option('select[name="zone"]', "us-east-1b")
    assert len(shown(page)) == sum(pools[row.pool].zone == "us-east-1b" for row in plan.instances)
    page.select_option('select[name="type"]', "g6.12xlarge")
    both = [
        r for r in plan.instances if (pools[r.pool].zone, pools[r.pool].instance_type) == ("us-east-1b", "g6.12xlarge")
    ]
    assert len(shown(page)) == len(both)
    page.click('button[type="reset"]')

    one = plan.instances[0]
    page.fill('input[type="search"]', one.id.upper())
    assert len(shown(page)) == sum(one.id in row.id for row in plan.instances)
    page.fill('input[type="search"]', "nothing is called so")
    assert shown(page) == []
    page.click('button[type="reset"]')
    page.locator(".legend button").nth(2).click()
    assert page.locator('select[name="component"]').input_value() == "2"


def test_keyboard(opened: Callable[..., Opened]) -> None:
    """Tab comes to one machine of the map, arrows go to the others, the card follows, Escape closes it."""
    page = opened(page_of(RUNNING)).page
    page.locator(".legend button").last.focus()

    page.keyboard.press("Tab")
    first = focused(page)
    assert first == page.locator('[data-map="plan"] .m').first.get_attribute("aria-label")
    assert page.locator("#card").is_visible()
    page.keyboard.press("ArrowRight")
    second = focused(page)
    page.keyboard.press("ArrowDown")
    third = focused(page)
    assert len({first, second, third}) == 3
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    assert focused(page) == first
    page.keyboard.press("End")
    assert focused(page) == page.locator('[data-map="plan"] .m').last.get_attribute("aria-label")
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[data-map=\"plan\"]')") is None


def test_touch(opened: Callable[..., Opened]) -> None:
    """A tap shows the card, inside the screen; a tap beside it closes it."""
    page = opened(page_of(RUNNING), viewport=PHONE, has_touch=True, is_mobile=True).page

    page.locator('[data-map="plan"] .m').nth(3).tap()

    box = page.locator("#card").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert box["y"] + box["height"] <= PHONE["height"]
    page.locator("h2").first.tap()
    assert not page.locator("#card").is_visible()


def test_moves_are_drawn(opened: Callable[..., Opened]) -> None:
    """A line for each pair of machines between which copies move; those of others fade when one is looked at."""
    problem, plan = solved(RUNNING)
    page = opened(page_of(RUNNING)).page
    moves = page.evaluate("JSON.parse(document.getElementById('data').textContent).moves")
    assert sum(row[3] for row in moves) <= verify(problem, plan).moves
    assert moves

    wait_until(page, f"document.querySelectorAll('#moves path').length === {2 * len(moves)}")

    page.locator(f'[data-map="before"] .m[data-i="{moves[0][1]}"]').focus()
    own = sum(row[1] == moves[0][1] for row in moves)
    assert page.locator("#moves path.faded").count() == 2 * (len(moves) - own)


def test_tables_are_sorted(opened: Callable[..., Opened]) -> None:
    """By value, the largest first, then the other way; words by alphabet."""
    page = opened(page_of(RUNNING)).page
    keys = "rows => rows.map(r => Number(r.cells[1].dataset.key))"
    head, rows = page.locator("#bill-components thead button"), page.locator("#bill-components tbody tr")

    head.nth(1).click()
    found = rows.evaluate_all(keys)
    assert found == sorted(found, reverse=True)
    head.nth(1).click()
    assert rows.evaluate_all(keys) == sorted(found)
    head.nth(0).click()
    names = page.locator("#bill-components tbody th").all_inner_texts()
    assert names == sorted(names)


def test_steps_and_moves_are_told(opened: Callable[..., Opened]) -> None:
    """A row a step and a row a point, as in the documents."""
    problem, plan = running()
    page = opened(page_of(WAY)).page
    steps = plan_transition(problem, plan, attempts=2, exact=False).steps
    assert page.locator("#transition tbody tr").count() == len(steps)
    assert page.locator("#frontier tbody tr").count() >= 1


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("infeasible-tight", "light"),
        (WAY, "dark"),
        *(pytest.param(name, "light", marks=pytest.mark.slow) for name in (RUNNING, WAY)),
    ],
)
def test_axe_finds_nothing(name: str, scheme: str, opened: Callable[..., Opened]) -> None:
    """Contrast, names, roles, order: axe-core, with the card open."""
    page = opened(page_of(name), color_scheme=scheme).page
    if page.locator(".m").count():
        page.locator(".m").nth(1).focus()

    assert faults(page) == []


def test_themes_and_print(opened: Callable[..., Opened]) -> None:
    """The button goes from the system's to light and dark; paper is white, and has all sections and no controls."""
    page = opened(page_of(RUNNING), color_scheme="light").page
    ground = "getComputedStyle(document.querySelector('.part')).backgroundColor"
    light = page.evaluate(ground)

    page.click("button.theme")
    assert page.evaluate(ground) == light
    page.click("button.theme")
    assert page.evaluate(ground) != light
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ground) == light
    assert not page.locator("#controls").is_visible()
    assert all(part.is_visible() for part in page.locator(".part").all())
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.slow
def test_a_thousand_machines_are_drawn_at_once(opened: Callable[..., Opened]) -> None:
    """With ten thousand copies: drawn in less than two seconds, and a filter answers within one."""
    page = opened(render(*crowd(1000, 10))).page
    drawn = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    times = []
    for attempt in range(2):
        if attempt:
            page.reload()
        wait_until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
        times.append(page.evaluate(drawn))
    assert page.locator('[data-map="plan"] .m').count() == 1000
    assert min(times) < 2000

    took = page.evaluate("""() => new Promise(done => {
        const start = performance.now(), select = document.querySelector('select[name="component"]');
        select.selectedIndex = 3;
        select.dispatchEvent(new Event("input", { bubbles: true }));
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    })""")
    assert took < 1000


def crowd(machines: int, copies: int) -> tuple[placement.Problem, placement.Plan]:
    """So many machines of eight accelerators, each with so many copies of forty models, no two machines alike."""
    problem = placement.Problem(
        name="crowd",
        accelerators={"A100": {"memory_gib": 40}},
        instance_types={
            "p4d": {
                "accelerator": "A100",
                "accelerator_count": 8,
                "vcpus": 96,
                "memory_gib": 1152,
                "price_per_hour": 25,
            }
        },
        pools=[{"name": zone, "instance_type": "p4d", "zone": zone} for zone in "abc"],
        components=[
            {"name": f"model-{c}", "copies": machines * copies // 40, "accelerator_memory_gib": 6, "shared": True}
            for c in range(40)
        ],
    )
    plan = placement.Plan(
        problem="crowd",
        status="feasible",
        instances=[{"id": f"{'abc'[k % 3]}/new-{k // 3 + 1}", "pool": "abc"[k % 3]} for k in range(machines)],
        assignments=[
            {
                "component": f"model-{(k * copies + j) % 40}",
                "instance": f"{'abc'[k % 3]}/new-{k // 3 + 1}",
                "accelerators": [(j * (1 + k % 7) + k // 8) % 8],
            }
            for k in range(machines)
            for j in range(copies)
        ],
    )
    return problem, plan


def test_of_very_many_components_the_tables_still_stand_side_by_side(opened: Callable[..., Opened]) -> None:
    """The note on those that are not listed took the place of the other tables; it goes on from what is said before."""
    components = [{"name": f"c{index}", "copies": 1, "accelerator_memory_gib": 4} for index in range(201)]
    machines = {"m": {"accelerator": "A", "accelerator_count": 101, "vcpus": 8, "memory_gib": 8, "price_per_hour": 4e6}}
    zones = [{"name": a, "instance_type": "m", "zone": f"us-east-1{a}", "max_instances": 1} for a in "ab"]
    accelerators = {"A": {"memory_gib": 8}}
    problem = placement.Problem(accelerators=accelerators, instance_types=machines, pools=zones, components=components)
    found = placement.solve(problem, "ffd").plan
    assert found is not None
    page = opened(render(problem, found), viewport={"width": 1400, "height": 900}).page

    boxes = {name: page.locator(f"#bill-{name}").bounding_box() for name in ("components", "types")}
    left, right = boxes["components"], boxes["types"]
    assert left is not None
    assert right is not None
    assert right["x"] > left["x"] + left["width"]
    assert abs(right["y"] - left["y"]) < 2
    assert "Zones are us-east-1…; and 1 more component" in texts(page, "p.soft")
    bars = page.locator(".bars .bar").evaluate_all("es => es.map(e => e.getBoundingClientRect().width)")
    assert max(bars) - min(bars) < 1, "bars of one scale"


def texts(page: Page, selector: str) -> list[str]:
    """The texts of all that the selector finds, blanks evened out."""
    return [" ".join(text.split()) for text in page.locator(selector).all_inner_texts()]


def shown(page: Page) -> list[str]:
    """The machines of the map that are not filtered away."""
    visible = (
        "tiles => tiles.filter(tile => tile.checkVisibility({visibilityProperty: true})).map(tile => tile.dataset.i)"
    )
    found: list[str] = page.locator('[data-map="plan"] .m').evaluate_all(visible)
    return found


def focused(page: Page) -> str | None:
    """What a screen reader calls what has the focus."""
    return page.evaluate("document.activeElement.getAttribute('aria-label')")  # type: ignore[no-any-return]


def faults(page: Page) -> list[str]:
    """What axe-core finds, of any weight."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra `pages` is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [f"{row['impact']} {row['id']}: {row['nodes'][0]['html'][:120]}" for row in found]
