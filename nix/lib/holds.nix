# What a lock holds back, and for how long it may. Pure: the time is an argument, and pure evaluation has none.
# Deliberately not here: why something is held; the lock says that, and `pinfold status` tells it.
let
  inherit (builtins) elemAt filter head;
  number = text: builtins.fromJSON (elemAt (builtins.match "0*([0-9]+)" text) 0);
in
rec {
  /**
    Seconds since 1970 of a moment in UTC: RFC 3339 as a lock writes it, a day, or a flake's `lastModifiedDate`; `null`
    where it is none of them. Seconds stay what they are.

    # Type
    ```
    secondsOf :: String | Int -> Int | null
    ```
  */
  secondsOf =
    moment:
    let
      separated = builtins.match "([0-9]{4})-([0-9]{2})-([0-9]{2})([Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2}).*)?" moment;
      together = builtins.match "([0-9]{4})([0-9]{2})([0-9]{2})(([0-9]{2})([0-9]{2})([0-9]{2}))?" moment;
      parts = if separated != null then separated else together;
      part =
        i:
        let
          text = elemAt parts i;
        in
        if text == null then 0 else number text;
      # March is the first month, so that a leap day is the last day of a year.
      march = if part 1 > 2 then part 1 - 3 else part 1 + 9;
      year = if part 1 > 2 then part 0 else part 0 - 1;
      days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * march + 2) / 5 + part 2 - 1 - 719468;
    in
    if builtins.isInt moment then
      moment
    else if !builtins.isString moment || parts == null then
      null
    else
      ((days * 24 + part 4) * 60 + part 5) * 60 + part 6;

  /**
    The holds of a lock that are older than `days`; none where there is no clock (`now = null`).

    # Type
    ```
    overdue :: { holds, days, now } -> [Hold]
    ```
  */
  overdue =
    {
      holds,
      days,
      now,
    }:
    if now == null then
      [ ]
    else
      filter (
        hold: secondsOf hold.since != null && secondsOf now - secondsOf hold.since > days * 86400
      ) holds;

  /**
    Refuses to evaluate where something was held for too long, and a time that is none.

    # Type
    ```
    check :: { holds, days, now } -> a -> a
    ```
  */
  check =
    { days, now, ... }@args:
    value:
    let
      late = overdue args;
      first = head late;
    in
    if now != null && secondsOf now == null then
      throw "pinfold: now = ${builtins.toJSON now}; it is a moment\nhint: `self.lastModified` of a flake, seconds since 1970, or \"2026-11-22\""
    else if late == [ ] then
      value
    else
      throw "pinfold: the lock holds `${first.track}` back since ${first.since}, longer than ${toString days} days: ${first.reason}\nhint: `pinfold update` tries again; a larger maxLagDays allows it for longer";

  /**
    What the `meta` of a package says of its track: that it is held back, since when and why; nothing where it is not.

    # Type
    ```
    metaOf :: [Hold] -> String -> { } | { pinfold.held = Hold; }
    ```
  */
  metaOf =
    holds: track:
    let
      found = filter (hold: hold.track == track) holds;
    in
    if found == [ ] then { } else { pinfold.held = head found; };
}
