"""The page says what the plan does, holds all it needs, and shows names of any kind as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import placement
from placement.errors import UsageError, printable
from placement.referee import verify
from placement.report import words
from placement.report.changes import Changes, CopiesMoved
from placement.report.drawn import show
from placement.report.facts import gather
from placement.report.map.picture import picture
from placement.report.page import page, replan
from placement.report.page.bill import waterfall
from placement.report.page.charts import nice_step, time_axis, value_axis
from placement.report.page.html import embed
from placement.report.page.page import SECTIONS, render
from placement.report.page.resilience import resilience
from placement.report.page.search import events
from placement.units import money
from tests import strategies
from tests.report.plans import looked_at, mixed_demand, named, planned, scarce, solved, unproven

VOID = {"meta", "link", "input"}
NASTY = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("<>&\"'`/\u2028\u2029\u202e{}%")), min_size=1
).map(lambda text: text + "</script><script>alert(1)</script><b onclick='x'>\"&amp;{{ 7*7 }}")


class Reader(HTMLParser):
    """A page taken apart: texts by element, what is open, scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.data = ""
        self._into = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        self._into = ""
        if tag == "script":
            self._into = "data" if dict(attrs).get("type") == "application/json" else "script"
        if tag == "style":
            self._into = "style"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "data":
            self.data += data
        elif self._into == "script":
            self.scripts.append(data)
        elif self._into == "style":
            self.styles.append(data)
        else:
            self.texts.append(data)


def test_the_figures_are_those_of_the_plan() -> None:
    """Price, cost, machines and copies as the referee counts them; every machine is a tile."""
    problem, plan = solved("kubernetes-mixed-gpus")
    verdict = verify(problem, plan)

    page = Reader(render(problem, plan))
    text = "\n".join(page.texts)

    assert f"{money(verdict.price_per_hour)} an hour" in text
    assert money(verdict.cost) in text
    data = json.loads(page.data)
    (told,) = (one for one in data["maps"] if one["name"] == "plan")
    assert {row[0] for row in told["tiles"]} == {row.id for row in plan.instances}
    assert sum(told["loads"][load]["copies"] * number for _, _, load, number in told["tiles"]) == len(plan.assignments)


@pytest.mark.parametrize("name", ["codegen-after", "codegen-before", "kubernetes-mixed-gpus", "sagemaker-whole-gpu"])
def test_a_page_needs_nothing_else_and_closes_what_it_opens(name: str) -> None:
    """No address but anchors in the page; scripts and styles are the ones that the policy names."""
    page = Reader(render(*solved(name)))

    assert page.open == []
    addresses = [attrs[key] for _, attrs in page.tags for key in ("src", "href") if attrs.get(key)]
    assert [one for one in addresses if one and not one.startswith(("#", "data:,"))] == []
    assert [attrs for _, attrs in page.tags if any(key.startswith("on") or key == "style" for key in attrs)] == []
    (policy,) = (a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "unsafe" not in policy
    for text in (*page.scripts, *page.styles):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    anchors = {attrs.get("id") for _, attrs in page.tags}
    assert {one[1:] for one in addresses if one and one.startswith("#")} <= anchors


@settings(max_examples=25)
@given(NASTY, NASTY, NASTY, NASTY)
def test_names_appear_as_text(component: str, zone: str, kind: str, name: str) -> None:
    """Quotes, angle brackets, script tags and template braces are text: they make no element and end none."""
    problem = named(component, zone, kind, name)
    plain = Reader(render(named("c", "z", "k", "n"), planned(named("c", "z", "k", "n"))))

    page = Reader(render(problem, planned(problem)))

    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attrs) for _, attrs in page.tags] == [sorted(attrs) for _, attrs in plain.tags]
    data = json.loads(page.data)
    assert data["components"] == [printable(component)]
    assert data["maps"][0]["loads"][0]["zone"] == printable(zone)
    assert printable(name) in page.texts
    assert page.scripts == plain.scripts


@settings(max_examples=20)
@given(strategies.problems())
def test_any_plan_can_be_drawn(document: dict[str, Any]) -> None:
    """Machines without accelerators, without copies, that run and drain, prices of nothing: elements are closed, and
    page, picture and terminal have every machine."""
    problem = placement.Problem(**document)
    result = placement.solve(problem, "ffd", work=1)

    page = Reader(render(problem, result.plan))

    assert page.open == []
    if result.packing is not None:
        tiles = json.loads(page.data)["maps"][0]["tiles"]
        assert sorted(row[0] for row in tiles) == sorted(printable(row.id) for row in result.plan.instances)
        assert picture(gather(problem, result.plan), "x").count("<g ") == len(result.plan.instances)
        lines = show(result.plan, problem, full=True).lines
        assert sorted(line.name for line in lines) == sorted(printable(row.id) for row in result.plan.instances)


def test_a_wide_fleet_stays_readable() -> None:
    """Of many components the list has all and the legend some; of many zones those with machines are columns."""
    document = named("chat").to_document()
    document["components"] = [{**document["components"][0], "name": f"m{c}", "copies": 1} for c in range(100)]
    document["pools"] += [{**document["pools"][0], "name": f"p{z}", "zone": f"z{z}"} for z in range(40)]
    problem = placement.Problem(**document)

    page = Reader(render(problem, placement.solve(problem, "ffd", work=1).plan))

    options = [attrs for tag, attrs in page.tags if tag == "option"]
    assert len(options) >= 103
    assert sum("data-component" in attrs for _, attrs in page.tags) == 60
    assert "and 40 more components" in "".join(page.texts)
    assert sum(attrs.get("class") == "zone" for _, attrs in page.tags) <= 2


def test_embedded_data_reads_back() -> None:
    """Nothing in it can end the element, and JSON gives back what was put in."""
    told = {"a": "</script><!--&\u2028\u2029", "b": [1, None, True]}
    text = embed(told)

    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == told


def test_sections_appear_when_their_data_is_there() -> None:
    """A plan without a trace has no search, a fleet that runs has before and after, no plan has no map."""
    problem = named("chat")

    def shown(problem: placement.Problem, plan: placement.Plan) -> set[str | None]:
        ids = {attrs.get("id") for _, attrs in Reader(render(problem, plan)).tags}
        return ids & {"asked", *(section.name for section in SECTIONS)}

    assert shown(problem, planned(problem)) == {"map", "bill", "resilience", "use"}
    trace = [{"seconds": 0.1, "cost": 4.48, "bound": 2.24, "by": "ffd"}]
    assert "search" in shown(problem, planned(problem, trace=trace))
    assert "replan" in shown(*solved("kubernetes-mixed-gpus"))
    document = named("chat").to_document()
    document["components"][0]["min_copies"] = 1
    document["pools"][0]["max_instances"] = 1
    tight = placement.Problem(**document)
    assert "left-out" in shown(tight, placement.solve(tight, "ffd", work=1).plan)
    none = placement.Plan(problem=problem.name, status="infeasible", reason="<no room>")
    assert shown(problem, none) == {"asked"}
    assert "<no room>" in "".join(Reader(render(problem, none)).texts)


def test_copies_left_out_come_before_the_money() -> None:
    """How many of which priority, how few can be, which they are and what they lack; and of what money the gap is."""
    problem = scarce()

    def read(plan: placement.Plan, problem: placement.Problem = problem) -> str:
        return " ".join(" ".join(Reader(render(problem, plan)).texts).split())

    result = placement.solve(problem, work=1)
    found, proven = read(unproven(result).plan), read(result.plan)

    assert "left out 2 copies 1 of priority 1 (nothing proven), 1 of priority 0 price" in found
    told = "gap 50.00% no plan that leaves out no more copies costs less than $2.00"
    assert f"proof, of money alone {told}" in found
    assert "no copy says what memory it needs" in found
    assert "their memory" not in found, "0% of it looked as if it were free"
    assert "It is open whether more copies of priority 1 can be placed, and copies come before money." in found
    assert "Proven: no plan that leaves out no more copies costs less" in found
    assert "1 of 2 optional copies of priority 1 is left out; how many must be is not proven" in found
    assert "No plan places all copies of priority 1: the copies need at least 3 accelerators, but the" in found
    assert "urgent 1 2 1 its one pool, a, is used up; on their machines no accelerator is free for it" in found
    assert "Pools that are used up pool machines at most copies left out that could run on more a 1 1 2" in found
    assert re.search(r"after left out cost bound then gap found by [0-9.]+ s 1 of priority 1, 1 of priority 0", found)
    assert "proven: no plan costs less" not in found.lower()
    assert "1 of priority 1 (proven: no fewer), 1 of priority 0 (proven: no fewer)" in proven
    assert "proof optimal no plan that leaves out no more copies costs less" in proven
    assert "open whether" not in proven
    tight = problem.model_copy(update={"components": problem.components[1:2]})
    assert "proof optimal no plan costs less" in read(placement.solve(tight, work=1).plan, tight)


def test_plans_that_place_more_for_the_same_cost_are_told_apart() -> None:
    """They were one row, and the page said that one plan was found."""
    trace = [{"seconds": k, "cost": 4.48, "by": "ffd", "left_out": {"1": 2 - k, "0": 1}} for k in range(3)]
    text = render(named("chat"), planned(named("chat"), trace=trace))
    assert "found 3 plans" in text
    odd = [{"seconds": 1, "cost": 4.48, "left_out": told} for told in ({"x": 1}, {"0": True}, {"1": "2"}, [1], 7)]
    assert not any(event.left_out for event in events(planned(named("chat"), trace=odd)))


def test_a_mix_of_accelerators_is_told_with_its_copies() -> None:
    """Chat alone is served by two kinds; the page says which, and how many copies stand on each."""
    problem = mixed_demand()
    plan = placement.solve(problem, "demand", time_limit=None, work=10).plan

    text = " ".join("".join(Reader(render(problem, plan)).texts).split())

    assert "1 of 2 demands are served by several kinds of accelerators." in text
    assert re.search(r"chat\s*H100\s*1\s*chat\s*L4\s*1", text)
    assert not re.search(r"rank\s*L4\s*1", text)


def test_a_plan_that_breaks_a_rule_is_not_drawn() -> None:
    """Its figures would mean nothing; the rule is named."""
    problem = named("chat")
    plan = planned(problem).model_copy(update={"assignments": planned(problem).assignments[:1]})

    with pytest.raises(UsageError, match=r"breaks a rule.*\[min-copies\]"):
        render(problem, plan)


@pytest.mark.parametrize(
    "trace",
    [None, 7, "x", [], [1], [{}], [{"seconds": "1"}], [{"seconds": float("nan")}], [{"seconds": 1, "cost": True}]],
)
def test_a_trace_of_a_stranger_is_read_with_care(trace: Any) -> None:
    """What is no event is passed over, and a section without costs is not there."""
    problem = named("chat")
    plan = planned(problem).model_copy(update={"trace": trace})

    assert all(event.cost is None for event in events(plan))
    assert "How the solve went" not in render(problem, plan)


def test_the_bound_of_the_bill_never_exceeds_the_cost() -> None:
    """The waterfall ends at what the plan claims as proven; without a claim it ends at the cost."""
    problem = named("chat")

    claims = placement.Plan(**{**planned(problem).to_document(), "cost": 4.48, "lower_bound": 4.0})
    assert looked_at(problem, claims).bound == 4_000_000
    assert looked_at(problem, planned(problem)).bound is None
    assert "Could still be saved" not in render(problem, planned(problem))


def test_what_stands_after_the_worst_loss() -> None:
    """Of three copies, two on one machine, both machines of one pool in one zone: none, none, and one that must."""
    document = named("chat").to_document()
    document["components"][0]["min_available_on_instance_loss"] = 1
    problem = placement.Problem(**document)

    given = resilience(looked_at(problem, planned(problem)))

    assert given is not None
    (row,) = given["grids"][2].rows
    assert [cell.text for cell in row] == ["chat", "3", "0", "0", "1, must 1"]
    assert "1 of 1 component stands in one zone alone, and goes with it" in given["sentence"]


def test_what_is_committed_is_taken_off_in_the_bill() -> None:
    """Two machines, one of them paid for already: rent, what is taken off, and what is paid on top."""
    document = named("chat").to_document()
    document["commitments"] = [{"name": "reserved", "pools": ["pool a"], "instances": 1}]
    problem = placement.Problem(**document)

    rows = {bar.name: bar.figure for bar in waterfall(looked_at(problem, planned(problem)))}

    assert rows["Rent of this plan"] == "$4.48"
    assert rows["Paid for already"] == "\N{MINUS SIGN}$2.24"
    assert rows["This plan"] == "$2.24"


def test_what_sharing_saves_is_told_of_list_prices_where_a_part_is_committed() -> None:
    """Else the share does not follow from the two prices that stand beside it."""
    view = looked_at(*solved("reserved-p5"))

    tiles = {tile.name: tile.note for tile in getattr(page, "_tiles")(view)}  # noqa: B009 - the figures at the top

    assert view.facts.list_price > view.facts.price
    assert tiles["saved by sharing"].endswith(f", {words.money(view.facts.list_price)} on these, at list prices")


@example(2.0, 1.9)  # 1.9 is 95 steps of 0.02, which come to a little more
@given(st.floats(0.001, 1e6), st.floats(0.001, 1e6))
def test_axes_cover_their_values(one: float, other: float) -> None:
    """Ends and ticks stand within the axis, in order."""
    low, high = sorted((one, other))
    axis = value_axis(low, high, str)
    assert axis.low <= low <= high <= axis.high
    ticks = [axis.place(value) for value, _ in axis.ticks]
    assert ticks == sorted(ticks)
    assert 2 <= len(ticks) <= 12

    time = time_axis(low, high)
    assert 0 <= time.place(low) <= time.place(high) <= 1
    assert nice_step(high) > 0


def test_the_page_says_how_many_copies_may_move() -> None:
    told = getattr(replan, "_moves")  # noqa: B009 - one line of the page
    rows = (CopiesMoved("chat", 2, "h", "i"), CopiesMoved("chat", 4, None, "i"))
    changed = Changes(copies=rows, kept=("i",), new=(), given_back=())
    assert told(changed, 3) == "2 copies moved (at most 3 may), 0 stopped, 4 started"
    assert told(changed, None) == "2 copies moved, 0 stopped, 4 started"
