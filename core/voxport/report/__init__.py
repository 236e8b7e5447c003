"""A comparison as people and programs read it.

- ``comparison``  takes, items and figures together: what all below is made from
- ``tables``      the figures as tables; ``table`` and ``told`` are their parts
- ``plots``       the figures as pictures, drawn by ``svg``
- ``views``       each recording: ``sound``, ``timeline``, ``diff``
- ``page``        one HTML file that needs nothing else
- ``export``      JSON, CSV and Markdown
"""
