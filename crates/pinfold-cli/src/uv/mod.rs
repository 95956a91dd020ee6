//! Everything that is asked of uv: resolving, building, fetching, finding interpreters.
//!
//! uv's own text is shown to people and never parsed. Deliberately not here: what the answers mean.
