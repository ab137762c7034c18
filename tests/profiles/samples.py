"""What each tool writes, in small: the keys that are read, with numbers that are easy to follow."""

from __future__ import annotations

from typing import Any

VLLM_BENCH: dict[str, Any] = {
    "date": "20261126-120000",
    "backend": "vllm",
    "endpoint_type": "vllm",
    "model_id": "Qwen/Qwen3-8B",
    "num_prompts": 200,
    "request_rate": "inf",
    "max_concurrency": 32,
    "duration": 50.0,
    "completed": 200,
    "failed": 0,
    "total_input_tokens": 204_800,
    "total_output_tokens": 51_200,
    "request_throughput": 4.0,
    "output_throughput": 1024.0,
    "mean_ttft_ms": 120.5,
    "median_ttft_ms": 100.0,
    "p99_ttft_ms": 400.0,
    "mean_tpot_ms": 20.25,
    "median_tpot_ms": 20.0,
    "p99_tpot_ms": 30.0,
}


def _metric(mean: float) -> dict[str, Any]:
    """A distribution as GuideLLM writes it."""
    part = {
        "mean": mean,
        "median": mean,
        "percentiles": {"p50": mean, "p90": 2 * mean, "p95": 3 * mean, "p99": 4 * mean},
    }
    return {"successful": part, "errored": None, "incomplete": None, "total": part}


def _benchmark(rate: float) -> dict[str, Any]:
    return {
        "type_": "generative_benchmark",
        "metrics": {
            "requests_per_second": _metric(rate),
            "prompt_token_count": _metric(512.0),
            "output_token_count": _metric(128.0),
            "time_to_first_token_ms": _metric(50.0 * rate),
            "inter_token_latency_ms": _metric(10.0),
            "time_per_output_token_ms": _metric(11.0),
        },
    }


GUIDELLM: dict[str, Any] = {
    "metadata": {"version": 2, "guidellm_version": "0.8.1", "python_version": "3.12", "platform": "Linux"},
    "config": {"spec": {"backend": {"kind": "openai_http", "model": "Qwen/Qwen3-8B"}}},
    "benchmarks": [_benchmark(1.0), _benchmark(4.0), _benchmark(0.0)],
}

LLM_D: dict[str, Any] = {
    "version": "0.2",
    "run": {"uid": "1"},
    "scenario": {
        "stack": [
            {
                "metadata": {"label": "gateway", "cfg_id": "0"},
                "native": {},
                "standardized": {"kind": "generic", "tool": "gateway", "tool_version": "1"},
            },
            {
                "metadata": {"label": "vllm", "cfg_id": "1"},
                "native": {},
                "standardized": {
                    "kind": "inference_engine",
                    "tool": "ghcr.io/llm-d/llm-d-cuda/vllm",
                    "tool_version": "ghcr.io/llm-d/llm-d-cuda/vllm:0.19.0",
                    "role": "replica",
                    "replicas": 3,
                    "model": {"name": "meta-llama/Llama-3.1-70B-Instruct"},
                    "accelerator": {
                        "model": "NVIDIA-H100-80GB-HBM3",
                        "count": 4,
                        "parallelism": {"tp": 4, "dp": 1, "pp": 1},
                    },
                },
            },
        ]
    },
    "results": {
        "request_performance": {
            "aggregate": {
                "requests": {
                    "total": 90,
                    "input_length": {"units": "count", "mean": 1024.4},
                    "output_length": {"units": "count", "mean": 255.6},
                },
                "latency": {
                    "time_to_first_token": {"units": "s", "mean": 0.25, "p99": 0.5},
                    "time_per_output_token": {"units": "ms/token", "mean": 20.0, "p99": 25.0},
                },
                "throughput": {"request_rate": {"units": "queries/s", "mean": 9.0}},
            }
        },
        "observability": {
            "components": [
                {
                    "component_label": "vllm",
                    "aggregate": {"gpu_memory_usage": {"units": "GiB", "mean": 70.0, "max": 71.5}},
                }
            ]
        },
    },
}

AIBRIX: dict[str, Any] = {
    "gpu": "L40S",
    "cost": 0.3,
    "tputs": [[12.0, 6.0], [3.0, 0.0]],
    "indexes": [[64, 128], [512, 1024]],
    "e2e": [[1.0, 2.0], [3.0, 9.0]],
    "ttft": [[0.1, 0.2], [0.3, 0.4]],
    "slos": {"percentile": 99, "e2e": 5.0},
}

MELANGE: dict[str, Any] = {
    "gpu_info": {
        "A10G": {"cost": 1.01, "tputs": [[2, 1], [5, 2]]},
        "A100-80GB": {"cost": 3.67, "tputs": [[20, 20], [40, 20]]},
        "T4": {"cost": 0.5, "tputs": [[1, 0], [1, 1]]},
    },
    "workload_distribution": [[0.2, 0.1], [0.5, 0.2]],
    "total_request_rate": 30.0,
    "slice_factor": 1,
}


def _figure(metric: str, stat: str, value: str, unit: str) -> dict[str, str]:
    return {"Metric": metric, "Stat": stat, "Value": value, "Unit": unit}


SAGEMAKER: dict[str, Any] = {
    "AIRecommendationJobName": "job",
    "AIRecommendationJobStatus": "Completed",
    "ModelSource": {"S3": {"S3Uri": "s3://models/qwen3-8b/"}},
    "Recommendations": [
        {
            "DeploymentConfiguration": {
                "InstanceType": "ml.p5.48xlarge",
                "InstanceCount": 2,
                "CopyCountPerInstance": 4,
            },
            "ExpectedPerformance": [
                _figure("RequestThroughput", "mean", "16", "requests/s"),
                _figure("TTFT", "mean", "150", "ms"),
                _figure("TTFT", "p99", "0.4", "s"),
                _figure("InterTokenLatency", "mean", "12.5", "ms"),
            ],
        }
    ],
}

INFERENCE_RECOMMENDER: dict[str, Any] = {
    "JobName": "job",
    "InputConfig": {"ModelName": "bert"},
    "InferenceRecommendations": [
        {
            "Metrics": {"MaxInvocations": 1200, "ModelLatency": 40_000},
            "EndpointConfiguration": {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1},
        }
    ],
}

AICONFIGURATOR = """\
model,isl,osl,concurrency,ttft,tpot,seq/s,seq/s/gpu,num_total_gpus,tp,gemm,memory,backend,version,system
m,1024,256,128,266.5,86.3,5.745,5.745,1,1,bfloat16,38.554,vllm,0.24.0,l40s
m,1024,256,80,314.0,44.4,6.877,3.439,2,2,bfloat16,17.668,vllm,0.24.0,l40s
m,1024,256,32,100.0,20.0,9.0,9.0,1,1,fp8,60.0,vllm,0.24.0,h100_sxm
"""
