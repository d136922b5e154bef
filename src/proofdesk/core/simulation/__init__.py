"""What a replay of past tickets says, as values and figures. Pure: decisions in, rates, money and comparisons out.

Only the first decision on a ticket counts: whatever the requester wrote later was an answer to what a person had said.
"""
