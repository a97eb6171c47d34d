"""Two endpoints and a network that loses, duplicates, reorders and delays, as terms for proofs by induction.

A state of the system is the TCB of A, that of B, and the set of all segments that either has ever sent. A segment in
the set may arrive any number of times, in any order, or never; an endpoint may crash and open again at any time. Lemmas
speak of the endpoints, of any one segment in the set or of any two, so no quantifier and no array is needed.
"""
