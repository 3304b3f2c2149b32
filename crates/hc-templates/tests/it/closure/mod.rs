//! The closure of a builder: what counts as an input, and what is told instead.

mod ansible;
mod commands;
mod expressions;
mod positions;
mod problems;
mod public;
mod support;
