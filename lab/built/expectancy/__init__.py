"""
How long pins last: the share of drawn calendars on which they cost an outage, by month.

Read it in the order in which it runs. `rates` says how often things happen, and
who says so; `calendar` draws what a server presents from day to day; `lived` takes
releases of the pins through it and counts; `told` is what you read. It knows no
certificate: what pins do in a situation it is given, by whoever tried it.
"""
