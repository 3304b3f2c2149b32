//! What an evaluation may ask beyond its scope: files, the environment, names that are computed on demand, and which
//! way to go where only packer knows.
//!
//! Packer's file functions are not pure, so they are no part of [`functions`](super::functions): who evaluates says
//! which files there are, and learns from the calls which of them decide a value.

use super::TextTemplate;
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, Location};
use crate::value::Value;

/// Evaluates a text template in a scope.
pub type Render<'a> = dyn Fn(&TextTemplate, &Scope) -> Result<Value, Box<Diagnostic>> + 'a;

/// One call of a function that depends on more than its arguments.
pub struct Call<'a> {
    /// Name of the function.
    pub name: &'a str,
    /// Its arguments; any of them may be unknown.
    pub arguments: &'a [Value],
    /// Whether packer surely needs the result: neither behind `try()` or `can()` nor in a branch that is not taken.
    pub needed: bool,
    /// The place of the call.
    pub location: &'a dyn Fn() -> Location,
    /// Evaluates a text template (`templatefile`) with what is left of this evaluation's budget.
    pub render: &'a Render<'a>,
}

/// What a world says of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The result, which may be unknown.
    Value(Value),
    /// The call fails, with the reason.
    Fails(String),
    /// Not one of its functions.
    NotMine,
}

/// The outside of an evaluation. What it does not know is unknown.
pub trait World {
    /// `root.name`, where the scope has no `root`.
    fn field(&self, root: &str, name: &str) -> Option<Value> {
        let _ = (root, name);
        None
    }

    /// The result of a call.
    fn call(&self, call: &Call<'_>) -> Answer {
        let _ = call;
        Answer::NotMine
    }

    /// Which of `ways` to go, counted from 0, where only packer knows: a branch of a condition, an element of a list.
    fn choose(&self, ways: usize) -> Option<usize> {
        let _ = ways;
        None
    }
}

/// A world in which nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl World for Nothing {}
