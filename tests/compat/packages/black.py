"""Formats source text, and says what it cannot parse; mypyc all the way down."""

OLD = ["black==22.12.0"]
NEW = ["black==25.11.0"]
CODE = "C (mypyc)"

import black


def work():
    mode = black.Mode(line_length=40)
    try:
        black.format_str("def f(:\n", mode=mode)
    except black.InvalidInput as error:
        wrong = str(error)
    return [
        black.__version__,
        black.format_str("x = {  'a':1,'b' :  [ 1,2 ] }\ndef f ( a,b=1,  *c ) : return a", mode=mode),
        wrong,
        sorted(target.name for target in black.detect_target_versions(black.lib2to3_parse("x = f'{a}'"))),
    ]
