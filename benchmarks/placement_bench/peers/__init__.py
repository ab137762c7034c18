"""Packing codes of others, run on our cases in environments of their own."""

from __future__ import annotations

from placement_bench.peers.run import PEERS, Peer, run_peer

__all__ = ["PEERS", "Peer", "run_peer"]
