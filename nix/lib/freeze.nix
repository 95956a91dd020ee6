# What a build on the frozen scope takes from there: the counterpart of what a package was made with.
#
# The frozen scope is another instance of the package set, which no bump reaches. Counterparts are found by name, for
# that is what stays when versions move; a variant that was chosen (`numpy_1` beside `numpy`) stays a variant.
# Deliberately not here: what of a package goes into a build (`split.nix`).
let
  inherit (builtins)
    attrNames
    filter
    head
    isAttrs
    isFunction
    listToAttrs
    mapAttrs
    match
    parseDrvName
    stringLength
    substring
    tryEval
    ;

  isDerivation = value: isAttrs value && value.type or null == "derivation";
  isInterpreter = input: input ? pythonVersion && input ? sitePackages && input ? pkgs;

  pnameOf = input: input.pname or (parseDrvName (input.name or "")).name;
  versionOf = input: input.version or (parseDrvName (input.name or "")).version;

  # Attributes that are a derivation, an alias that throws left out.
  derivations =
    set: names:
    let
      there = filter (name: set ? ${name}) names;
      tried = map (name: tryEval (if isDerivation set.${name} then set.${name} else null)) there;
    in
    filter (value: value != null) (map (result: if result.success then result.value else null) tried);

  # `numpy_1` and `openssl_3_2`, `boost187`: what a package set calls other versions of what it calls `name`.
  variants =
    set: name:
    let
      length = stringLength name;
      isVariant =
        other:
        substring 0 length other == name && match "_?[0-9][0-9_]*" (substring length 99 other) != null;
    in
    derivations set (filter isVariant (attrNames set));

  # Setup hooks of the frozen scope by the name of their derivation: `pypa-build-hook.sh`.
  hooksOf =
    frozen:
    let
      hooks = derivations frozen (filter (name: match ".*Hook" name != null) (attrNames frozen));
    in
    listToAttrs (
      map (hook: {
        inherit (hook) name;
        value = hook;
      }) (filter (hook: hook ? name) hooks)
    );

  same = a: b: isDerivation a && isDerivation b && (tryEval (a.outPath == b.outPath)).value;
in
rec {
  /**
    The frozen scope's derivation for an input, by the names that it could have there; the input itself where there is
    none. Where that is of another version, a variant of the input's version comes first.

    # Type
    ```
    freezeInput :: Scope -> (Derivation | a) -> (Derivation | a)
    ```
  */
  freezeInput =
    frozen:
    let
      # Once for a scope: it has many attributes.
      hooks = hooksOf frozen;
    in
    input:
    let
      name = pnameOf input;
      outside = frozen.pkgs or { };
      hook = hooks.${input.name or ""} or null;
      named = filter isDerivation [ hook ] ++ derivations frozen [ name ] ++ derivations outside [ name ];
      alike = filter (other: versionOf other == versionOf input) (
        variants frozen name ++ variants outside name
      );
    in
    if !isDerivation input then
      input
    else if isInterpreter input then
      if frozen.python.pythonVersion or null == input.pythonVersion then frozen.python else input
    else if named == [ ] then
      input
    else if versionOf (head named) != versionOf input && alike != [ ] then
      head alike
    else
      head named;

  /**
    The arguments of a package with the frozen scope's values. What somebody passed in the place of the live scope's own
    (`override { openssl = openssl_1_1; }`) is not undone: its counterpart is looked for by what it is.

    # Type
    ```
    freezeArguments :: { frozen, live } -> AttrSet -> AttrSet
    ```
  */
  freezeArguments =
    { frozen, live }:
    let
      freeze = freezeInput frozen;
      from = scope: name: scope.${name} or scope.pkgs.${name} or null;
    in
    mapAttrs (
      name: value:
      let
        counterpart = from frozen name;
      in
      if isDerivation value && !same value (from live name) then
        freeze value
      else if counterpart == null || !(isAttrs value || isFunction value) then
        value
      else
        counterpart
    );
}
