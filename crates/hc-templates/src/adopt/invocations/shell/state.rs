//! What is known while a script is followed.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use super::super::world::{Place, World};
use super::tree::Node;

/// Deepest nesting of functions, sourced files and `eval`.
pub(super) const DEPTH: usize = 24;

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    One(String),
    /// Values by key, in order.
    Many(Vec<(String, String)>),
}

/// A program that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Program {
    Packer,
    Make,
}

/// One command that was found.
#[derive(Clone)]
pub(in super::super) struct Run {
    pub(in super::super) program: Program,
    /// Its arguments.
    pub(in super::super) words: Vec<String>,
    /// Variables set for it.
    pub(in super::super) environment: Vec<(String, String)>,
    /// Its working directory, relative to the repository; a mark when it is not known.
    pub(in super::super) dir: String,
    /// Where directories of this machine stand in a container, container's path first.
    pub(in super::super) mounts: Vec<(String, String)>,
    pub(in super::super) place: Place,
    /// The command whose output it reads.
    pub(in super::super) feed: Vec<String>,
}

/// What a branch can change.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) vars: HashMap<String, Held>,
    pub(super) arguments: Option<Vec<String>>,
    pub(super) dir: String,
}

pub(super) struct Shell<'w> {
    pub(super) world: &'w World,
    pub(super) vars: HashMap<String, Held>,
    pub(super) functions: HashMap<String, Rc<Node>>,
    /// Names of functions in the order of the file.
    pub(super) declared: Vec<String>,
    /// How often each function was called; those that are at work are in `active`.
    pub(super) called: HashMap<String, usize>,
    pub(super) active: BTreeSet<String>,
    /// The command before it in a pipe.
    pub(super) feed: Vec<String>,
    /// Arguments; `None` when nobody knows them.
    pub(super) arguments: Option<Vec<String>>,
    pub(super) dir: String,
    /// The script's own path, relative to the repository; empty for the line of a recipe.
    pub(super) script: String,
    pub(super) place: Place,
    pub(super) depth: usize,
    pub(super) found: Vec<Run>,
}

impl<'w> Shell<'w> {
    pub(super) fn new(world: &'w World, dir: &str, place: Place) -> Self {
        Self {
            world,
            vars: HashMap::new(),
            functions: HashMap::new(),
            declared: Vec::new(),
            called: HashMap::new(),
            active: BTreeSet::new(),
            feed: Vec::new(),
            arguments: None,
            dir: dir.to_owned(),
            script: String::new(),
            place,
            depth: 0,
            found: Vec::new(),
        }
    }

    pub(super) fn keep(&self) -> State {
        self.world.spend(self.vars.len());
        State { vars: self.vars.clone(), arguments: self.arguments.clone(), dir: self.dir.clone() }
    }

    pub(super) fn restore(&mut self, state: State) {
        self.vars = state.vars;
        self.arguments = state.arguments;
        self.dir = state.dir;
    }
}
