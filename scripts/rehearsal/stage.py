"""What is said of a play while it runs, and waiting that has an end."""

import time


class Broken(Exception):
    """Something was not as promised."""


class Stage:
    def __init__(self):
        self.observations = 0
        self.last = None

    def said(self, trouble):
        """Whether this has been printed as an observation."""
        return str(trouble) == self.last

    def did(self, words):
        print(f"   done     {words}", flush=True)

    def saw(self, words, kept):
        """An observation; the play ends where it is not as promised."""
        self.observations += 1
        self.last = words
        print(f"   {'seen' if kept else 'NOT '}     {words}", flush=True)
        if not kept:
            raise Broken(words)

    def within(self, words, question, limit=20.0):
        """Waits until the question is answered with yes, and says how long that took; what it gives back last is shown."""
        began = time.monotonic()
        while True:
            answer = question()
            took = time.monotonic() - began
            if answer or took > limit:
                break
            time.sleep(0.05)
        shown = "" if answer is True or not answer else f": {answer}"
        self.saw(f"{words} after {took:.1f} s{shown}" if answer else f"{words}: not within {limit:.0f} s", bool(answer))
        return took
