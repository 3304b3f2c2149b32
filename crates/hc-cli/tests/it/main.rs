//! Sessions of a user: given files, run `hybrid …`, see output, exit code and files.

mod build_flow;
mod bad_input;
mod documents;
mod project;
