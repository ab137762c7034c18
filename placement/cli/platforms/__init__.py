"""`placement import`, `placement export` and `placement apply`: a command for each platform.

Platforms have modules here; their commands are added to the groups below, a line each.
"""

from placement.cli.commands import Commands
from placement.cli.platforms import kubernetes, sagemaker, serving

import_app = Commands(name="import", help="Read what runs on a platform, as a problem.")
export_app = Commands(name="export", help="Write a plan as what a platform accepts.")
apply_app = Commands(
    name="apply", help="Send an export to a platform; without --send it only tells what would be sent."
)
GROUPS = (import_app, export_app, apply_app)

import_app.command("kubernetes")(kubernetes.import_command)
import_app.command("sagemaker")(sagemaker.import_endpoints)
export_app.command("sagemaker")(sagemaker.export_plan)
apply_app.command("sagemaker")(sagemaker.apply_steps)
export_app.command("kubernetes")(kubernetes.export_command)
export_app.command("ray")(serving.export_ray_command)
export_app.command("kserve")(serving.export_kserve_command)
export_app.command("keda")(serving.export_keda_command)
