//! Reading of a turn end.
