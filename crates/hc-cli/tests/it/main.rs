//! Sessions of a user: given files, run `hybrid …`, see output, exit code and files.

mod bad_input;
mod build_flow;
mod documents;
mod project;
