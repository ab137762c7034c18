"""`placement verify` and `placement bound`: a plan by anyone held against every rule, and against a bound."""

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.certificate import CertificateOption, write_certificate
from placement.cli.endings import Code, raised_last, read_warned, tell, tell_faults
from placement.solving.result import Status


def verify(
    file: common.FileArgument,
    plan: common.PlanArgument,
    full: common.FullOption = False,
) -> None:
    """Check a plan against every rule, and count its price afresh.

    It prints a line for each broken rule, with the name of the rule in brackets, then the price and the counts.

    Exit codes: 0 every rule is kept and what the plan says of itself is true, 1 something is broken, 2 bad input.
    """
    from placement.cli.streams import check_one_stdin
    from placement.documents import read_plan
    from placement.referee import verify as check
    from placement.report.verdict import verdict_lines

    check_one_stdin({"FILE": file, "PLAN": plan})
    problem, document = read_warned(file, full=full), read_plan(plan)
    verdict = check(problem, document)
    for line in verdict_lines(problem, document, verdict, full=full):
        tell(line)
    raise typer.Exit(Code.OK if verdict.ok else Code.BROKEN)


def bound(
    file: common.FileArgument,
    plan: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", help="A plan of that problem, from any program; - reads standard input."),
    ] = None,
    time_limit: Annotated[
        float, typer.Option(min=0, help="Seconds to search; the best bound by then is the answer.")
    ] = 60.0,
    certificate: CertificateOption = None,
    full: common.FullOption = False,
) -> None:
    """Find a lower bound that no plan can beat, and how far a given plan is from it, without a search for plans.

    Exit codes: 0 a bound, 2 bad input, 3 proven that there is no plan.
    """
    from placement.cli.streams import check_certificate_target, check_one_stdin
    from placement.documents import check_outputs, read_plan
    from placement.planner import bound as find_bound
    from placement.report.verdict import bound_lines

    check_one_stdin({"FILE": file, "PLAN": plan})
    if certificate is not None:
        check_certificate_target(certificate)
        inputs = {"the problem": file} | ({} if plan is None else {"the plan": plan})
        check_outputs({"--certificate": certificate}, inputs, "write it to a file of its own")
    problem = read_warned(file, full=full)
    document = None if plan is None else read_plan(plan)
    result = find_bound(problem, document, time_limit=time_limit, certificate=certificate is not None)
    tell_faults(result)
    with raised_last() as later:
        with later():
            for line in bound_lines(problem, result, document):
                tell(line)
        if certificate is not None:
            write_certificate(result, certificate, time_limit, quiet=False)
    raise typer.Exit(Code.INFEASIBLE if result.status is Status.INFEASIBLE else Code.OK)
