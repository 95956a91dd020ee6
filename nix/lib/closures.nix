# Who sees whom: from packages with dependencies and pins to closures of units. Pure; no derivation is built or read.
#
# A closure has one version of a name. A pinned package is a leaf in every closure that needs it, and owns a closure in
# which its pins replace what its dependencies would bring. Deliberately not here: the units' hashes, which depend on
# the wheels' bytes; `pinfold assemble` computes them, and takes equal units of two closures for one.
let
  package = import ./package.nix;
  inherit (package)
    nameOf
    versionOf
    labelOf
    identityOf
    ;
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    listToAttrs
    ;

  isPackage = value: isAttrs value && (value ? outPath || value.type or null == "derivation");

  options = [
    "undeclared"
    "share"
    "private"
    "native"
  ];

  # `{ numpy = <package>; undeclared = "deny"; }` to packages by normalised name, and options.
  readPin =
    for: pins:
    let
      given = filter (name: isPackage pins.${name}) (attrNames pins);
      others = filter (name: !elem name given && !elem name options) (attrNames pins);
      undeclared = pins.undeclared or "allow";
      native = pins.native or "isolate";
    in
    if others != [ ] then
      package.fail {
        package = for;
        step = "pin";
        what = "`${head others}` is neither a package nor one of ${concatStringsSep ", " options}";
        hint = "a pin names packages: `.pinned { numpy = ps.numpy_1; }`";
      }
    else if
      !elem undeclared [
        "allow"
        "deny"
        "any"
      ]
    then
      package.fail {
        package = for;
        step = "pin";
        what = "undeclared = ${builtins.toJSON undeclared}";
        hint = "it is \"allow\", \"deny\" or \"any\"";
      }
    else if
      !elem native [
        "isolate"
        "shared"
      ]
    then
      package.fail {
        package = for;
        step = "pin";
        what = "native = ${builtins.toJSON native}";
        hint = "it is \"isolate\" or \"shared\"";
      }
    else
      {
        packages = listToAttrs (
          map (name: {
            name = nameOf pins.${name};
            value = pins.${name};
          }) given
        );
        inherit undeclared native;
        share = pins.share or [ ];
        private = pins.private or [ ];
      };

  pinIdentity =
    pin:
    builtins.toJSON (
      pin
      // {
        packages = builtins.mapAttrs (_: identityOf) pin.packages;
      }
    );
in
rec {
  inherit readPin;

  /**
    A package with `.pinned { ... }`: the same files, with a closure of its own.

    # Type
    ```
    pinnable :: Package -> Package
    ```

    # Example
    ```nix
    ps.torch.pinned { numpy = ps.numpy_1; }
    ```
  */
  pinnable =
    let
      changes = {
        override = null;
        overrideAttrs = null;
        overridePythonAttrs = null;
      };
      # What is changed afterwards stays what it is: pinnable, and pinned.
      keep =
        pin: change:
        if builtins.isAttrs change then
          change // { __functor = _: new: having pin (change new); }
        else
          new: having pin (change new);
      having =
        pin: drv:
        drv
        // builtins.mapAttrs (_: keep pin) (builtins.intersectAttrs changes drv)
        // pin
        // {
          pinned = pins: having { pin = readPin (labelOf drv) pins; } drv;
        };
    in
    having { };

  /**
    The closures of an environment: root's, and one for each pinned package.

    # Inputs

    `packages`
    : what the environment is made for: root's direct dependencies

    `pins`
    : `{ NAME = { OTHER = package; }; }`, for packages of that name wherever they stand

    `onConflict`
    : what two versions of a name in one closure are: `"error"`, or `"warn"`, where the nearest one counts

    `adopt`
    : makes of whatever is depended on or pinned a package as `packages` has them

    # Type
    ```
    resolve :: { packages, pins ? { }, onConflict ? "error", adopt ? _ } -> { units = [Unit]; closures = [Closure]; }
    ```
  */
  resolve =
    {
      packages,
      pins ? { },
      onConflict ? "error",
      adopt ? found: found,
    }:
    let
      dependenciesOf = found: map adopt (package.dependenciesOf found);
      named = listToAttrs (
        map (name: {
          name = (import ./names.nix).normalize name;
          value = readPin name pins.${name};
        }) (attrNames pins)
      );
      pinOf =
        p:
        let
          pin = p.pin or named.${nameOf p} or null;
        in
        if pin == null then null else pin // { packages = builtins.mapAttrs (_: adopt) pin.packages; };
      # A package with its pin: what is one unit in one closure.
      keyOf = p: identityOf p + (if pinOf p == null then "" else pinIdentity (pinOf p));

      # Every package that `direct` need, each name through `pick`; a pinned one is a leaf.
      members =
        pick: direct:
        map (found: found.package) (
          builtins.genericClosure {
            startSet = map (p: {
              key = keyOf p;
              package = p;
            }) direct;
            operator =
              { package, ... }:
              if pinOf package != null then
                [ ]
              else
                map (
                  d:
                  let
                    p = pick d;
                  in
                  {
                    key = keyOf p;
                    package = p;
                  }
                ) (dependenciesOf package);
          }
        );

      # One package of each name, the nearest; where there are two, what `onConflict` says.
      unique =
        closure: found:
        let
          users =
            p: filter (by: pinOf by == null && builtins.any (d: keyOf d == keyOf p) (dependenciesOf by)) found;
          why =
            p:
            let
              by = users p;
            in
            if by == [ ] then "${labelOf p} (asked for)" else "${labelOf p} (for ${labelOf (head by)})";
          step =
            seen: p:
            let
              other = seen.${nameOf p};
              # The same files with other pins are two units, and no two versions.
              twice = identityOf other == identityOf p;
              message =
                if twice then
                  "${closure} has ${labelOf p} pinned in two ways"
                else if versionOf other == versionOf p then
                  "${closure} has two packages of one name and version: ${why other} and ${why p}"
                else
                  "${closure} has two versions of ${nameOf p}: ${why other} and ${why p}";
            in
            if !(seen ? ${nameOf p}) then
              seen // { ${nameOf p} = p; }
            else if onConflict == "warn" then
              builtins.trace "pinfold: warning: ${message}; the first one is used" seen
            else
              package.fail {
                package = "the environment";
                step = "resolve";
                what = message;
                hint =
                  if twice then
                    "give both places the same pins, or take one of them out"
                  else
                    "pin the one that needs the other: `.pinned { ${nameOf p} = ...; }`; or onConflict = \"warn\"";
              };
        in
        foldl' step { } found;

      rootMembers = unique "the environment" (members (p: p) packages);

      # Names that a pin shares, with all that those need, as root has them.
      shared =
        owner: pin:
        let
          start = map (
            name:
            rootMembers.${name} or (package.fail {
              package = labelOf owner;
              step = "pin";
              what = "it shares `${name}`, which the environment itself does not have";
              hint = "add it to the packages of the environment";
            })
          ) pin.share;
          reached = members (d: rootMembers.${nameOf d}) start;
        in
        listToAttrs (
          map (p: {
            name = nameOf p;
            value = p;
          }) reached
        );

      closureOfPin =
        name: owner:
        let
          pin = pinOf owner;
          replacements = pin.packages // shared owner pin;
          pick = p: replacements.${nameOf p} or p;
          own = map pick (dependenciesOf owner);
          found = unique "the closure of ${labelOf owner}" (members pick (attrValues pin.packages ++ own));
        in
        {
          inherit name owner;
          members = found;
          # What the pinned package sees as declared: its dependencies, and what the pin names.
          declared = attrNames (
            listToAttrs (
              map (p: {
                name = nameOf p;
                value = null;
              }) (attrValues pin.packages ++ own)
            )
          );
          direct = attrNames pin.packages;
          requires = map (n: "${n}==${versionOf found.${n}}") (attrNames pin.packages);
        };

      # Pinned packages, each with its closure, until no closure has another.
      pinned =
        let
          inside = set: filter (p: pinOf p != null) (attrValues set);
          item = p: {
            key = keyOf p;
            closure = closureOfPin null p;
          };
        in
        builtins.genericClosure {
          startSet = map item (inside rootMembers);
          operator = { closure, ... }: map item (inside closure.members);
        };
      nameClosure =
        found:
        let
          owner = found.closure.owner;
          alike = filter (other: nameOf other.closure.owner == nameOf owner) pinned;
          twins = filter (other: versionOf other.closure.owner == versionOf owner) alike;
        in
        if builtins.length alike == 1 then
          nameOf owner
        else if builtins.length twins == 1 then
          "${nameOf owner}==${versionOf owner}"
        else
          package.fail {
            package = labelOf owner;
            step = "pin";
            what = "it is pinned in two ways in one environment";
            hint = "give both places the same pins, or use two versions of it";
          };
      pinClosures = map (
        found:
        found.closure
        // {
          name = nameClosure found;
          inherit (found) key;
        }
      ) pinned;
      closureNamed = listToAttrs (
        map (c: {
          name = c.key;
          value = c;
        }) pinClosures
      );

      root = {
        name = "root";
        owner = null;
        members = rootMembers;
        direct = attrNames (
          listToAttrs (
            map (p: {
              name = nameOf p;
              value = null;
            }) packages
          )
        );
        requires = map (p: if versionOf p == "" then nameOf p else "${nameOf p}==${versionOf p}") packages;
      };

      unitKey =
        closure: p:
        if pinOf p == null then
          "${closure.name}/${nameOf p}"
        else
          "${closureNamed.${keyOf p}.name}/${nameOf p}";
      keyIn = closure: name: unitKey closure closure.members.${name};

      ordinary =
        closure:
        map (p: {
          key = unitKey closure p;
          package = p;
          dependencies = map (d: keyIn closure (nameOf d)) (dependenciesOf p);
          pin = null;
        }) (filter (p: pinOf p == null) (attrValues closure.members));
      owner =
        closure:
        let
          pin = pinOf closure.owner;
        in
        {
          key = unitKey closure closure.owner;
          package = closure.owner;
          dependencies = map (keyIn closure) closure.declared;
          pin = {
            closure = closure.name;
            inherit (pin) undeclared share private;
          }
          // (if pin.native == "isolate" then { } else { inherit (pin) native; });
        };

      met = map nameOf (attrValues rootMembers ++ concatMap (c: attrValues c.members) pinClosures);
      strangers = filter (name: !elem name met) (attrNames named);
    in
    if
      !elem onConflict [
        "error"
        "warn"
      ]
    then
      throw "pinfold: onConflict = ${builtins.toJSON onConflict}; it is \"error\" or \"warn\""
    else if strangers != [ ] then
      package.fail {
        package = head strangers;
        step = "pin";
        what = "no package of the environment is called that; there is ${concatStringsSep ", " (attrNames rootMembers)}";
        hint = "pins are for packages of the environment: add it to `packages`, or leave the pin out";
      }
    else
      {
        units = ordinary root ++ concatMap (c: ordinary c ++ [ (owner c) ]) pinClosures;
        closures = map (c: {
          inherit (c) name requires;
          owner = if c.owner == null then null else unitKey c c.owner;
          direct = map (keyIn c) c.direct;
          units =
            map (unitKey c) (attrValues c.members)
            ++ (if c.owner == null then [ ] else [ (unitKey c c.owner) ]);
        }) ([ root ] ++ builtins.sort (a: b: a.name < b.name) pinClosures);
      };
}
