"""
The atlas: one HTML page with every trial and its trace, the profiles, what told pairs apart, and the field's results.

`gather` collects the JSON that the commands give, `page` makes one
self-contained page of it. The page loads nothing from anywhere.
"""
