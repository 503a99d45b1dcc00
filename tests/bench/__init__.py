"""How fast driftd is beside what a user would run instead, and where the limit is.

`python -m tests.bench` measures whole processes from outside, on one simulated tenant, each work by each contender in
turn, and checks what they found against the tenant's ground truth. It asserts no seconds: it prints them.
"""
