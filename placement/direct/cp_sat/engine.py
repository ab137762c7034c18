"""One run of CP-SAT on a direct program: it reports plans and bounds while it searches, and stops when asked."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ortools.sat.python import cp_model

from placement.direct.program import LinearObjective, Program, Values, Watcher
from placement.engines.cp_sat import cp_sat_solver, deterministic_seconds, run
from placement.solving.budget import Budget

_NOISE = 2.0**-50  # relative; more than a double's rounding of an integer bound
_SAFE = 2**61  # sums below this can't overflow the engine's 64-bit integers


def is_safe(objective: LinearObjective) -> bool:
    """Whether the engine's 64-bit integers hold every sum."""
    return objective.largest < _SAFE


def written(program: Program, goal: LinearObjective | None = None, start: Values | None = None) -> cp_model.CpModel:
    """A program as CP-SAT takes it, with a goal, and a start as hint; OutOfTimeError as of `Program`. O(terms)."""
    model = cp_model.CpModel()
    columns = [model.new_int_var(low, high, "") for low, high in program.ranges]
    for row in program.rows:
        program.step()
        left = cp_model.LinearExpr.weighted_sum([columns[index] for index in row.columns], row.coefficients)
        low = cp_model.INT_MIN if row.low is None else row.low
        model.add_linear_constraint(left, low, cp_model.INT_MAX if row.high is None else row.high)
    if start is not None:
        for column, value in zip(columns, start, strict=True):
            model.add_hint(column, value)
    if goal is not None:
        minimise(model, goal)
    return model


def minimise(model: cp_model.CpModel, goal: LinearObjective) -> None:
    """Set the goal of a model that `written` made."""
    if goal.terms:
        columns = [model.get_int_var_from_proto_index(index) for index, _ in goal.terms]
        model.minimize(cp_model.LinearExpr.weighted_sum(columns, [n for _, n in goal.terms]))


class Engine(cp_model.CpSolverSolutionCallback):
    """One run of CP-SAT that reports plans and bounds while it goes on.

    Errors in callbacks would end the process: they are kept and raised after the run.
    """

    def __init__(self, model: cp_model.CpModel, watcher: Watcher | None = None) -> None:
        """Run this model; a watcher hears of what is found."""
        super().__init__()
        self._model, self._watcher = model, watcher
        self._solver = cp_sat_solver()
        self._solver.best_bound_callback = self._on_bound
        self._error: BaseException | None = None
        self._over = threading.Event()
        self.solution: list[int] = []
        self.bound: int | None = None  # on the engine's own sum
        self.complaint = ""
        self.deterministic_seconds = 0.0
        self._magnitude = _magnitude(model)

    def run(self, budget: Budget, workers: int, effort: float, seed: int) -> cp_model.CpSolverStatus:
        """Solve within the budget and so many deterministic seconds."""
        chosen = self._solver.parameters
        chosen.num_workers = workers
        chosen.random_seed = seed % 2**31
        chosen.cp_model_probing_level = 0  # presolve's probing takes long and won nothing in trials
        effort = min(effort, deterministic_seconds(budget.steps_left()))
        if not math.isinf(effort):
            chosen.max_deterministic_time = effort
        if not math.isinf(budget.left()):
            chosen.max_time_in_seconds = budget.left()
        try:
            with budget.stopping(self._halt):
                status = run(self._solver, self._model, self)
        finally:
            self._over.set()
        if self._error is not None:
            raise self._error
        response = self._solver.response_proto
        self.deterministic_seconds = response.deterministic_time
        if status == cp_model.OPTIMAL:  # the engine's own integer rather than its float
            self._raise(response.inner_objective_lower_bound if self._model.has_objective() else 0)
        if status == cp_model.MODEL_INVALID:
            self.complaint = self._model.validate().strip()
        return status

    def on_solution_callback(self) -> None:
        """Called by CP-SAT at each better solution."""
        with self._guarded():
            self.solution = list(self.response_proto.solution)
            if self._watcher is not None:
                self._watcher.solution(self.solution)
                self._stop_when_enough()

    def _on_bound(self, bound: float) -> None:
        with self._guarded():
            if math.isfinite(bound):
                # An integer in float's clothing, from numbers that may be larger: round up, less what its noise may be.
                self._raise(math.ceil(bound - max(1e-6, max(abs(bound), self._magnitude) * _NOISE)))
                self._stop_when_enough()

    def _raise(self, reduced: int) -> None:
        if self.bound is None or reduced > self.bound:
            self.bound = reduced
            if self._watcher is not None:
                self._watcher.bound(reduced)

    def _stop_when_enough(self) -> None:
        if self._watcher is not None and self._watcher.enough():
            self._solver.stop_search()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._error = self._error or error
            self._solver.stop_search()

    def _halt(self) -> None:
        """Ask CP-SAT to stop, again and again: a request that comes just before it starts would be lost."""

        def insist() -> None:
            while not self._over.wait(0.02):
                self._solver.stop_search()

        threading.Thread(target=insist, name="placement-cp-sat-stop", daemon=True).start()


def _magnitude(model: cp_model.CpModel) -> int:
    """The most that the terms of the objective can sum to, whatever their signs: what floats lose is a part of it."""
    proto = model.proto
    if not model.has_objective():
        return 0
    domains = [list(proto.variables[var].domain) for var in proto.objective.vars]
    terms = zip(list(proto.objective.coeffs), domains, strict=True)
    return sum(abs(coefficient) * max(map(abs, domain)) for coefficient, domain in terms)
