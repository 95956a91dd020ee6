module pkg/_pkg '' ''
module_of .cpython-36m-x86_64-linux-gnu.so pkg/_fast '' ''
module_of .cpython-36m-x86_64-linux-gnu.so pkg/_never '' ''
package pkg 'from . import _pkg
try:
    from . import _fast
except ImportError:
    _fast = None'
distribution pkg
