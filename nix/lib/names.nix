# Names and file names as the packaging standards have them. Pure; knows no derivations.
# Deliberately not here: versions and requirements, which are for a resolver to read.
let
  inherit (builtins)
    concatStringsSep
    elemAt
    filter
    isString
    length
    match
    replaceStrings
    split
    ;

  upper = [
    "A"
    "B"
    "C"
    "D"
    "E"
    "F"
    "G"
    "H"
    "I"
    "J"
    "K"
    "L"
    "M"
    "N"
    "O"
    "P"
    "Q"
    "R"
    "S"
    "T"
    "U"
    "V"
    "W"
    "X"
    "Y"
    "Z"
  ];
  lower = [
    "a"
    "b"
    "c"
    "d"
    "e"
    "f"
    "g"
    "h"
    "i"
    "j"
    "k"
    "l"
    "m"
    "n"
    "o"
    "p"
    "q"
    "r"
    "s"
    "t"
    "u"
    "v"
    "w"
    "x"
    "y"
    "z"
  ];

  splitOn = separator: text: filter isString (split separator text);
in
rec {
  inherit splitOn;

  /**
    The normal form of a distribution's name (PEP 503).

    # Type
    ```
    normalize :: String -> String
    ```
  */
  normalize = name: concatStringsSep "-" (splitOn "[-_.]+" (replaceStrings upper lower name));

  /**
    The text in capitals, as names of environment variables have it.

    # Type
    ```
    upperCase :: String -> String
    ```
  */
  upperCase = replaceStrings lower upper;

  /**
    A name that the Nix store takes: versions may have an epoch, `1!2.0`, and a store path may not.

    # Type
    ```
    storeName :: String -> String
    ```
  */
  storeName = text: concatStringsSep "-" (splitOn "[^0-9A-Za-z+._?=-]+" text);

  /**
    The parts of a wheel's file name (binary distribution format), `null` where it is not one.

    # Type
    ```
    parseWheel :: String -> null | { name, version, build, python, abi, platform }
    ```
  */
  parseWheel =
    file:
    let
      stem = match "(.*)\\.whl" file;
      parts = splitOn "-" (elemAt stem 0);
      n = length parts;
      from = i: elemAt parts (n - i);
    in
    if stem == null || (n != 5 && n != 6) then
      null
    else
      {
        name = elemAt parts 0;
        version = elemAt parts 1;
        build = if n == 6 then elemAt parts 2 else null;
        python = from 3;
        abi = from 2;
        platform = from 1;
      };

  /**
    Whether a wheel's file name says that CPython `minor` (such as `"3.11"`) can use it. What the platform can, is
    checked when it is installed.

    # Type
    ```
    fitsPython :: String -> String -> Bool
    ```
  */
  fitsPython =
    minor: file:
    let
      wheel = parseWheel file;
      number =
        text:
        let
          found = match "3([0-9]+)" text;
        in
        if found == null then -1 else toInt (elemAt found 0);
      toInt =
        text:
        builtins.fromJSON (
          let
            plain = match "0*([0-9]+)" text;
          in
          elemAt plain 0
        );
      ours = toInt (elemAt (splitOn "\\." minor) 1);
      tag =
        python: abi:
        let
          cp = match "cp(.*)" python;
          py = match "py(.*)" python;
        in
        if cp != null then
          let
            theirs = number (elemAt cp 0);
          in
          (
            theirs == ours
            && builtins.elem abi [
              "cp3${toString ours}"
              "abi3"
              "none"
            ]
          )
          || (abi == "abi3" && theirs >= 2 && theirs < ours)
        else if py != null && abi == "none" then
          let
            text = elemAt py 0;
          in
          text == "3" || (number text >= 0 && number text <= ours)
        else
          false;
      pythons = splitOn "\\." wheel.python;
      abis = splitOn "\\." wheel.abi;
    in
    wheel != null && builtins.any (python: builtins.any (tag python) abis) pythons;
}
