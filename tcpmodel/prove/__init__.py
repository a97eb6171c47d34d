"""Proofs: properties of TCP that hold for every execution, decided by solvers on the specification itself."""

from tcpmodel.prove.property import Failure, Property, Result
from tcpmodel.prove.run import Settings, prove
from tcpmodel.prove.units import Subject

__all__ = ["Failure", "Property", "Result", "Settings", "Subject", "prove"]
