"""
HPKP over the years: sites that announce pins, browsers that note them, and dated scenes.

`site` sends the headers over real TLS, `browser` heeds them, `dated` is the
list of scenes, `calendar` counts the days on which a visitor is locked out.
The rules themselves are pure and live in `lab.policy.hpkp`.
"""
