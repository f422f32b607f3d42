"""Networks with and without faults, to measure what a checker says of them.

Written by someone who had not seen the rules of the checker.
"""
