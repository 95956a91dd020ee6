"""Both tensorflows compute gradients and run compiled functions, alternating, from threads.

The argument says which of the two is imported first: `root` or `pin`.
"""

import os
import sys
import threading

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
if sys.argv[1] == "pin":
    import other
    import tensorflow
else:
    import tensorflow
    import other


def twice_and_one(x):
    return 2 * x + 1


compiled = {tf: tf.function(twice_and_one) for tf in (tensorflow, other.tensorflow)}


def works(tf, seed):
    a = tf.constant([[1.0, 2.0], [3.0, float(seed)]])
    with tf.GradientTape() as tape:
        tape.watch(a)
        sum_of_squares = tf.reduce_sum(a * a)
    gradient = tape.gradient(sum_of_squares, a).numpy()
    return (gradient == 2 * a.numpy()).all() and (compiled[tf](a).numpy() == 2 * a.numpy() + 1).all()


failed = []


def alternate(number):
    for step in range(5):
        for one in (tensorflow, other.tensorflow):
            try:
                assert works(one, 100 * number + step)
            except Exception as error:
                failed.append(f"tensorflow {one.__version__}, thread {number}, step {step}: {error!r}")


threads = [threading.Thread(target=alternate, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"root: tensorflow {tensorflow.__version__}, pin: tensorflow {other.tensorflow.__version__}")
if tensorflow.__version__ == other.tensorflow.__version__ or failed:
    sys.exit("\n".join(failed or ["both are one"]))
