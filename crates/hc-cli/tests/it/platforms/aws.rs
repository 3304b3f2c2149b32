//! AWS on moto.
