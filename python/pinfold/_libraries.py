"""Completes ``ctypes`` where a bare name is another library for another asker: ``ctypes.cdll`` remembers by name.

Deliberately not here: what a name means for whom (the hook, which also opens it).
"""

from pinfold import _hook


def complete(ctypes):
    """Has ``ctypes.cdll["libx.so"]`` remember one library for each that the name means."""
    loader = ctypes.LibraryLoader
    stock = loader.__getattr__
    if stock.__module__ == __name__:
        return

    def __getattr__(self, name):
        meant = _hook.meant_by_name(name)
        if meant is None:
            return stock(self, name)
        # Not under its name: this is asked for names that are not there only.
        place = f"{name} {meant}"
        if place not in self.__dict__:
            self.__dict__[place] = self._dlltype(name)
        return self.__dict__[place]

    loader.__getattr__ = __getattr__
