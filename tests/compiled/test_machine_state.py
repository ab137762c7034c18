"""A machine in plain integers: who fits on it, accelerator by accelerator and beside whom."""

from __future__ import annotations

from placement import Problem
from placement.compiled.fleet import Fleet, FleetComponent, compile_fleet
from placement.compiled.machine_state import Copy, MachineState, tightest

MIB = 1 / 1024  # GiB


def machine_and_fleet() -> tuple[MachineState, Fleet]:
    """Two accelerators of 4 GiB, and components that each meet one rule at its edge."""
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 4}},
            instance_types={
                "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 16, "price_per_hour": 1}
            },
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[
                {"name": "owner", "copies": 9, "accelerators": 1, "accelerator_memory_gib": 1},
                {"name": "tiny", "copies": 9, "accelerator_memory_gib": MIB, "shared": True},
                {"name": "half", "copies": 9, "accelerator_memory_gib": 1, "shared": True, "accelerator_share": 0.5},
                {"name": "whole", "copies": 9, "accelerator_memory_gib": 4, "shared": True},
                {"name": "wide", "copies": 9, "accelerators": 2, "accelerator_memory_gib": 1, "shared": True},
                {"name": "cpus", "copies": 9, "accelerators": 0, "vcpus": 8},
                {"name": "host", "copies": 9, "accelerators": 0, "memory_gib": 16},
                {"name": "alone", "copies": 9, "accelerators": 0, "dedicated": True},
                {"name": "foe", "copies": 9, "accelerators": 0, "avoid": ["tiny"]},
                {"name": "twice", "copies": 9, "accelerators": 0, "spread": {"max_per_instance": 2}},
            ],
        )
    )
    return MachineState(fleet, 0, None), fleet


def of(fleet: Fleet, name: str) -> FleetComponent:
    return next(component for component in fleet.components if component.name == name)


def put(machine: MachineState, fleet: Fleet, name: str, *on: int) -> Copy:
    """One copy more, on these accelerators."""
    component = of(fleet, name)
    copy = Copy(len(machine.copies), component.options[0], on)
    machine.put(copy, component.index)
    return copy


def on(machine: MachineState, fleet: Fleet, name: str) -> list[int]:
    """The accelerators that have room for a copy."""
    return [k for k in range(2) if machine.fits_on(of(fleet, name).options[0], k)]


def test_an_accelerator_that_is_owned_has_room_for_nobody() -> None:
    """Not for a copy of one MiB either; and none owns one where that copy is. Once a copy has left all is as before."""
    machine, fleet = machine_and_fleet()
    copy = put(machine, fleet, "owner", 0)
    assert [on(machine, fleet, name) for name in ("owner", "tiny", "half", "whole")] == [[1]] * 4
    assert tightest(machine, of(fleet, "wide").options[0]) is None
    machine.take(copy, of(fleet, "owner").index)
    assert on(machine, fleet, "whole") == [0, 1]
    put(machine, fleet, "tiny", 1)
    assert on(machine, fleet, "owner") == [0]
    assert tightest(machine, of(fleet, "tiny").options[0]) == (1,)  # the fuller one


def test_memory_and_shares_of_an_accelerator_may_be_used_up() -> None:
    """Just so much is enough, one MiB less is not."""
    machine, fleet = machine_and_fleet()
    put(machine, fleet, "half", 0)
    assert on(machine, fleet, "half") == [0, 1]
    assert on(machine, fleet, "whole") == [1]
    put(machine, fleet, "half", 0)
    assert on(machine, fleet, "half") == [1]
    assert on(machine, fleet, "tiny") == [0, 1]  # asks for no share
    put(machine, fleet, "whole", 1)
    assert on(machine, fleet, "tiny") == [0]


def test_vcpus_and_host_memory_may_be_used_up() -> None:
    """All of both; after that neither has room for one more."""
    machine, fleet = machine_and_fleet()
    cpus, host = (of(fleet, name).options[0] for name in ("cpus", "host"))
    assert machine.takes(cpus)
    assert machine.takes(host)
    put(machine, fleet, "cpus")
    assert (machine.takes(cpus), machine.takes(host)) == (False, True)
    put(machine, fleet, "host")
    assert not machine.takes(host)


def test_who_is_welcome_beside_whom() -> None:
    """A dedicated copy beside its like alone, nobody beside one that it avoids, and no more than the cap."""
    expected = {
        "tiny": {"tiny", "half", "twice"},
        "alone": {"alone"},
        "foe": {"half", "foe", "twice"},
        "twice": {"tiny", "half", "foe", "twice"},
    }
    for name, welcome in expected.items():
        machine, fleet = machine_and_fleet()
        put(machine, fleet, name, *(0,) * (name == "tiny"))
        others = ("tiny", "half", "alone", "foe", "twice")
        assert {other for other in others if machine.welcomes(of(fleet, other), fleet.components)} == welcome
    put(machine, fleet, "twice")
    assert not machine.welcomes(of(fleet, "twice"), fleet.components)


def test_what_was_saved_comes_back() -> None:
    """Whatever came in between."""
    machine, fleet = machine_and_fleet()
    put(machine, fleet, "half", 0)
    saved = machine.save()
    put(machine, fleet, "twice")
    put(machine, fleet, "owner", 1)
    machine.restore(saved)
    assert (machine.counts, machine.users, len(machine.copies)) == ({of(fleet, "half").index: 1}, [1, 0], 1)
    assert on(machine, fleet, "owner") == [1]
