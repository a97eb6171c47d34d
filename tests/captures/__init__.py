"""Makes the captures in traces/linux: small scenarios played by the real Linux stack between network namespaces.

What belongs here: the laboratory (namespaces, a relay that loses and delays, a scripted peer) and one function per
scenario. What does not: verdicts, which stand beside the captures, and anything that the tests need to run.
"""
