"""What services say, against what is worked out apart from the raw events: with pandas, from the words of the domain alone.

Modules named here import nothing of ours (`test_apart.py` holds that), so that a mistake would have to be made twice to go unseen.
"""

APART = ("clinics", "dropout", "lives", "measures")
