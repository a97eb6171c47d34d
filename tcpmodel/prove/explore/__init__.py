"""Two endpoints, a network and a clock, explored state by state by the generated step functions.

    from tcpmodel.spec import load
    from tcpmodel.prove.explore import scenario, search

    path = search(scenario("stale-syn"), lambda now: now.b.state == "ESTABLISHED", models=load())
    print(path)
    path.trace().save("path.json")

    graph = finite(load(), load(), "connection")   # a networkx.DiGraph; the nodes' `pair` are the states of a and b
    traps(graph, lambda pair: pair == ("CLOSED", "CLOSED"))

Here belongs what two endpoints and a network can do together. What an endpoint does is the specification's; what the
users call, which numbers are tried and how often the network may fail is data in `specs/finite`.
"""

from __future__ import annotations

from tcpmodel.prove.explore.finite import Product, finite, product_of
from tcpmodel.prove.explore.path import End, InFlight, Path, Situation, Step
from tcpmodel.prove.explore.promela import promela
from tcpmodel.prove.explore.questions import matrix, pairs, stuck, traps, wars, way
from tcpmodel.prove.explore.runs import random_run
from tcpmodel.prove.explore.scenario import Scenario, scenario, scenarios
from tcpmodel.prove.explore.search import Condition, Statistics, search
from tcpmodel.prove.explore.trace import Trace

__all__ = [
    "Condition",
    "End",
    "InFlight",
    "Path",
    "Product",
    "Scenario",
    "Situation",
    "Statistics",
    "Step",
    "Trace",
    "finite",
    "matrix",
    "pairs",
    "product_of",
    "promela",
    "random_run",
    "scenario",
    "scenarios",
    "search",
    "stuck",
    "traps",
    "wars",
    "way",
]
