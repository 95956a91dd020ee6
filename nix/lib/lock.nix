# `pinfold.lock`, read at evaluation: its wheels, units and closures. Nothing is built to know what will be.
# Deliberately not here: how a lock is made, and where the bytes of a wheel come from (`fetchWheel` of the host).
let
  names = import ./names.nix;
  package = import ./package.nix;
  holding = import ./holds.nix;
  inherit (builtins)
    filter
    head
    listToAttrs
    map
    ;

  by =
    key: list:
    listToAttrs (
      map (item: {
        name = item.${key};
        value = item;
      }) list
    );

  wrong =
    file: what: hint:
    throw "pinfold: could not read the lock ${toString file}: ${what}\nhint: ${hint}";

  # What `wheels` has for a wheel of the lock.
  given =
    wheels: wheel:
    let
      named = wheels.${wheel.name} or null;
    in
    if named == null || named ? outPath then
      named
    # `{ "1.26.4" = ...; }`, where a lock has several versions.
    else
      named.${wheel.version} or null;

  # A folder comes without its repository, and the lock knows which version that said: each backend that asks one has a
  # variable for who builds without it.
  versionVariables =
    { name, version, ... }:
    let
      shouted = builtins.replaceStrings [ "-" ] [ "_" ] (names.upperCase name);
    in
    {
      SETUPTOOLS_SCM_PRETEND_VERSION = version;
      "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_${shouted}" = version;
      PDM_BUILD_SCM_VERSION = version;
      PBR_VERSION = version;
      POETRY_DYNAMIC_VERSIONING_BYPASS = version;
    };
in
rec {
  /**
    Reads the text of a lock and checks what evaluation needs of it; without `system`, not which platform it is for.

    # Type
    ```
    parse :: { file, text, python, system ? null } -> Lock
    ```
  */
  parse =
    {
      file ? "pinfold.lock",
      text,
      python,
      system ? null,
    }:
    let
      lock = builtins.addErrorContext "while reading the lock ${toString file}" (builtins.fromTOML text);
      # `x86_64-linux` is `linux_x86_64` in a wheel's name.
      ours = builtins.match "([^-]+)-(.+)" system;
      platform = "${builtins.elemAt ours 1}_${builtins.elemAt ours 0}";
      wheels = lock.wheel or [ ];
      units = lock.unit or [ ];
      closures = lock.closure or [ ];
      bySha = by "sha256" wheels;
      byId = by "id" units;
      unfit = filter (wheel: !names.fitsPython python wheel.file) wheels;
      homeless = filter (unit: !(bySha ? ${unit.wheel})) units;
      mentioned =
        builtins.concatMap (unit: unit.dependencies or [ ]) units
        ++ builtins.concatMap (closure: closure.direct ++ closure.units) closures;
      unknown = filter (id: !(byId ? ${id})) mentioned;
      tools = by "sha256" (lock.build-set.wheel or [ ]);
      toolless = filter (package: !builtins.all (sha256: tools ? ${sha256}) package.wheels) (
        lock.build-set.package or [ ]
      );
      again = "take back the change to it, or write it anew with `pinfold lock`";
    in
    if (lock.version or null) != 1 then
      wrong file "its version is ${
        builtins.toJSON (lock.version or null)
      }, and this Pinfold reads 1" "use the Pinfold that wrote it, or `pinfold lock` with this one"
    else if lock.python != python then
      wrong file "it is for Python ${lock.python}, and the environment is for Python ${python}"
        "pass that Python, or make a lock for this one: `pinfold lock --python ${python}`"
    else if system != null && ours != null && lock.platform != platform then
      wrong file "it is for the platform ${lock.platform}, and the environment is for ${platform}"
        "make a lock on such a machine: `pinfold lock`"
    else if closures == [ ] || (head closures).name != "root" then
      wrong file "its first closure is not `root`" again
    else if unfit != [ ] then
      package.fail {
        package = "${(head unfit).name} ${(head unfit).version}";
        step = "install";
        what = "the lock has the wheel ${(head unfit).file} for it, which is not for Python ${python}";
        hint = again;
      }
    else if homeless != [ ] then
      wrong file "the wheel of unit `${(head homeless).id}` is not listed" again
    else if toolless != [ ] then
      wrong file "a wheel that ${(head toolless).name} is built with is not listed" again
    else if unknown != [ ] then
      wrong file "it names the unit `${head unknown}`, which it does not have" again
    else
      {
        inherit (lock) python platform;
        inherit wheels units closures;
        wheelOf = unit: bySha.${unit.wheel};
        # What builds sources: the frozen wheels, and which of them each package is built with.
        buildSet = lock.build-set or { };
        holds = lock.hold or [ ];
      };

  /**
    The installed wheels that a package of the lock is built with; `null` where the lock does not say.

    # Type
    ```
    buildTools :: { lock, installed } -> String -> [Package] | null
    ```
  */
  buildTools =
    { lock, installed }:
    name:
    let
      built = filter (package: package.name == name) (lock.buildSet.package or [ ]);
    in
    if built == [ ] then null else map (sha256: installed.${sha256}) (head built).wheels;

  /**
    The wheels of a lock, installed: packages by the hash of their wheel, those of its frozen build set among them.

    A wheel is what `wheels` gives, else a file or a fetch; what the lock has as a source is built, with the lock's
    frozen build set, of which some may be built themselves.

    # Type
    ```
    install :: { lock, installWheel, fetchWheel, buildWheel, fetchSource, wheels } -> { SHA256 = Package; }
    ```
  */
  install =
    {
      lock,
      installWheel,
      fetchWheel,
      buildWheel ? _: null,
      fetchSource ? _: null,
      wheels ? { },
    }:
    let
      built =
        wheel:
        let
          tools = buildTools { inherit lock installed; } wheel.name;
          src = if tools == null then null else fetchSource wheel;
        in
        if src == null then
          null
        else
          buildWheel {
            pname = wheel.name;
            inherit (wheel) version;
            inherit src;
            build-system = tools;
            # They are the frozen ones.
            buildSet = null;
            env = if wheel ? path then versionVariables wheel else { };
          };
      fileOf =
        wheel:
        if given wheels wheel != null then
          given wheels wheel
        else if built wheel != null then
          built wheel
        else
          fetchWheel wheel;
      all = lock.wheels ++ lock.buildSet.wheel or [ ];
      # Names and versions that `wheels` has and the lock does not.
      unknown = builtins.concatMap (
        name:
        let
          named = wheels.${name};
          versions = map (wheel: wheel.version) (filter (wheel: wheel.name == name) all);
          others = filter (version: !builtins.elem version versions) (builtins.attrNames named);
        in
        if versions == [ ] then
          [ name ]
        else if !builtins.isAttrs named then
          [ "${name} with a ${builtins.typeOf named} in the place of a wheel" ]
        else if named ? outPath then
          [ ]
        else
          map (version: "${name} ${version}") others
      ) (builtins.attrNames wheels);
      installed = listToAttrs (
        map (wheel: {
          name = wheel.sha256;
          value = installWheel {
            pname = wheel.name;
            inherit (wheel) version;
            wheel = fileOf wheel;
            # What it needs is the unit's affair; `pinfold check` has what it is checked with.
            tests = { };
          };
        }) all
      );
    in
    if unknown != [ ] then
      package.fail {
        package = "the lock";
        step = "take wheels for";
        what = "`wheels` names ${head unknown}, which the lock does not have; it has ${
          builtins.concatStringsSep ", " (map (wheel: "${wheel.name} ${wheel.version}") all)
        }";
        hint = "`wheels.NAME = buildWheel { ... }`, or `wheels.NAME.\"VERSION\"` where it has several";
      }
    else
      installed;

  /**
    A package of a lock with what its `meta` says: whether its track is held back.

    # Type
    ```
    described :: Lock -> Package -> UnitId -> Package
    ```
  */
  described =
    lock: installed: id:
    let
      trackOf = closure: closure.track or (if closure.name == "root" then "main" else null);
      closures = filter (closure: builtins.elem id closure.units) lock.closures;
      tracks = filter (track: track != null) (map trackOf closures);
      held = builtins.foldl' (meta: track: holding.metaOf lock.holds track // meta) { } tracks;
    in
    installed // { meta = installed.meta or { } // held; };

  /**
    What root itself asks for, of the packages of a set.

    # Type
    ```
    direct :: Lock -> { NAME = Package; } -> [Package]
    ```
  */
  direct =
    lock: set:
    let
      byId = by "id" lock.units;
    in
    map (id: set.${(lock.wheelOf byId.${id}).name}) (head lock.closures).direct;

  /**
    The closures and units of a lock as they stand in it, in the form that `closures.resolve` has. Units have the hash
    that the lock says, but for those that `wheels` gives, or builds with what it gives, and what depends on them.

    # Type
    ```
    toClosures :: { lock, installed, wheels } -> { units = [Unit]; closures = [Closure]; }
    ```
  */
  toClosures =
    {
      lock,
      installed,
      wheels ? { },
    }:
    let
      tools = by "sha256" (lock.buildSet.wheel or [ ]);
      toolsOf =
        wheel:
        if wheel ? path || wheel ? source then
          builtins.concatMap (package: if package.name == wheel.name then package.wheels else [ ]) (
            lock.buildSet.package or [ ]
          )
        else
          [ ];
      isGiven =
        wheel: given wheels wheel != null || builtins.any (sha256: isGiven tools.${sha256}) (toolsOf wheel);
      byId = by "id" lock.units;
      # A unit's hash has those of its dependencies in it.
      reached =
        unit:
        builtins.genericClosure {
          startSet = [ { key = unit.id; } ];
          operator = { key }: map (id: { key = id; }) (byId.${key}.dependencies or [ ]);
        };
      isExact =
        unit: wheels == { } || !builtins.any ({ key }: isGiven (lock.wheelOf byId.${key})) (reached unit);
    in
    {
      units = map (
        unit:
        {
          key = unit.id;
          package = described lock installed.${unit.wheel} unit.id;
          dependencies = unit.dependencies or [ ];
          pin = unit.pin or null;
        }
        # A wheel that was given has bytes of its own; all others are the lock's.
        // (if isExact unit then { inherit (unit) hash; } else { })
      ) lock.units;
      closures = map (
        closure:
        {
          inherit (closure)
            name
            requires
            direct
            units
            ;
          owner = closure.owner or null;
        }
        // (if closure ? track then { inherit (closure) track; } else { })
      ) lock.closures;
    };

  /**
    The packages of a lock's root closure by name, with their dependencies and pins: a package set to choose from.

    # Type
    ```
    toPackages :: { lock, installed } -> { NAME = Package; }
    ```
  */
  toPackages =
    { lock, installed }:
    let
      byId = by "id" lock.units;
      closureOf = by "name" lock.closures;
      nameOf = id: (lock.wheelOf byId.${id}).name;
      packageOf =
        id:
        let
          unit = byId.${id};
          plain = described lock installed.${unit.wheel} id // {
            dependencies = map packageOf (unit.dependencies or [ ]);
          };
        in
        if !(unit ? pin) then
          plain
        else
          plain
          // {
            pin = {
              inherit (unit.pin) undeclared share private;
              native = unit.pin.native or "isolate";
              packages = listToAttrs (
                map (member: {
                  name = nameOf member;
                  value = packageOf member;
                }) closureOf.${unit.pin.closure}.direct
              );
            };
          };
    in
    listToAttrs (
      map (id: {
        name = nameOf id;
        value = packageOf id;
      }) (head lock.closures).units
    );
}
