"""Who recognises our own audio best: several sessions on the same audio, at the same instant.

- ``fan``        one source of audio for many sessions
- ``runner``     the sessions, run side by side; what each leaves behind is a ``voxport.take.Take``
- ``jobs``       the YAML file that says who is compared
- ``emulation``  emulated providers for jobs without keys
- ``manifest``   a corpus: audio and what is known of it
- ``store``      takes kept in a file, so that a run can go on where it ended
- ``campaign``   a whole corpus, on this machine or on a cluster
- ``prepare``    corpora that come in packages
"""
