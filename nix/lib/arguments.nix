# What a function may be called with. Nix says of a typo in which file it stands; this says whose it is and what there is.
# Deliberately not here: what the arguments mean.
let
  package = import ./package.nix;
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    functionArgs
    head
    ;
in
{
  /**
    A function of an attribute set that refuses what it does not know, and says what is missing.

    # Inputs

    `function`, `step`, `label`
    : for the error: what was called, what that does, and of which arguments it makes a name of what it does it to

    `accepts`
    : whether an argument that the function does not name is one all the same

    # Type
    ```
    strict :: { function, step, label, accepts ? (String -> a -> Bool) } -> (AttrSet -> b) -> AttrSet -> b
    ```
  */
  strict =
    {
      function,
      step,
      label,
      accepts ? _: _: false,
    }:
    f: args:
    let
      takes = functionArgs f;
      known = attrNames takes;
      unknown = filter (name: !elem name known && !accepts name args.${name}) (attrNames args);
      missing = filter (name: !takes.${name} && !(args ? ${name})) (attrNames takes);
      refuse =
        what:
        package.fail {
          package = label args;
          inherit step what;
          hint = "`${function}` takes ${concatStringsSep ", " known}";
        };
    in
    if unknown != [ ] then
      refuse "`${function}` has no argument `${head unknown}`"
    else if missing != [ ] then
      refuse "`${function}` was not given `${head missing}`"
    else
      f args;
}
