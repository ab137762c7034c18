"""`placement import kubernetes` and `placement export kubernetes`."""

from typing import Annotated

import typer

from placement.cli import common_options as common
from placement.cli.catalogue import FactsOption, read_market
from placement.cli.platforms import shared
from placement.errors import UsageError


def import_command(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="What kubectl get nodes,pods,pdb,priorityclasses,resourceslices,resourceclaims -A -o json prints, "
            "without kinds that the cluster does not know; several files are one cluster; - is stdin.",
        ),
    ],
    output: shared.OutputOption = "-",
    price: common.PriceOption = None,
    facts: FactsOption = None,
    zone_label: Annotated[
        str, typer.Option(metavar="LABEL", help="The label of nodes that says which zone, or rack, they are in.")
    ] = "topology.kubernetes.io/zone",
    grow: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many more nodes each pool may have than today.")
    ] = 0,
    name: Annotated[str, typer.Option(help="The name of the problem.")] = "cluster",
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Read a cluster as a problem: nodes as machines, pods as copies, with the rules they have.

    Every rule and field that a problem can't say is told on stderr, and so is every rule that what runs breaks.

    Exit codes: 0 done, 2 bad input.
    """
    from placement.cli.exporting import check_new_file
    from placement.cli.streams import DOCUMENTS
    from placement.documents.quantities import LARGEST
    from placement.integrations.kubernetes import Wishes, import_kubernetes

    check_new_file(output, [*files, *(facts or ())], known=DOCUMENTS, force=force)
    form = "TYPE=DOLLARS, such as m5.large=0.096"
    prices = dict(common.number_of_type("--price", form, word, LARGEST) for word in price or ())  # of two the later one
    wishes = Wishes(name, zone_label, prices, read_market(facts), grow)
    shared.write_imported(import_kubernetes(files, wishes), output, full=full)


def export_command(
    problem: shared.ProblemArgument,
    plan: shared.PlanArgument,
    out: shared.OutOption,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="What kubectl get printed: templates of pods, accelerators; may be repeated."
        ),
    ] = None,
    pin: Annotated[
        str, typer.Option(help="What each copy is held to: none (its pool alone), node, or accelerator.")
    ] = "none",
    sharing: Annotated[
        str,
        typer.Option(
            help="What lets copies share accelerators, where no pod that runs tells it: none, hami, kai or dra."
        ),
    ] = "none",
    node_class: Annotated[
        str,
        typer.Option(metavar="NAME", help="Write node pools of Karpenter for the machines, with this EC2NodeClass."),
    ] = "",
    static: Annotated[
        bool, typer.Option("--static", help="Write static node pools, with exactly as many nodes as the plan has.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Write only the components of which a copy moves.")
    ] = False,
    namespace: Annotated[str, typer.Option(help="The namespace of components that were not imported.")] = "default",
    force: shared.ForceOption = False,
    full: shared.AllNotesOption = False,
) -> None:
    """Write a plan as manifests: Deployments by pool or pinned, node pools, disruption budgets, and the steps.

    Nothing is sent anywhere. What Kubernetes can't express exactly is noted on stderr and in the README of the folder.

    Exit codes: 0 done, 1 the plan breaks a rule, 2 bad input.
    """
    from placement.integrations.kubernetes import ExportWishes, export_kubernetes

    common.one_of("--pin", pin, ("none", "node", "accelerator"))
    common.one_of("--sharing", sharing, ("none", "hami", "kai", "dra"))
    if static and not node_class:
        raise UsageError("--static is about node pools: name their EC2NodeClass with --node-class")
    documents = shared.read_both(problem, plan, out, force=force)
    wishes = ExportWishes(tuple(cluster or ()), pin, namespace, sharing, node_class, static, changed)  # type: ignore[arg-type]
    shared.write_exported(export_kubernetes(*documents, wishes), out, force=force, full=full)
