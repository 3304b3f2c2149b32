//! Follows shell scripts and the lines of recipes, and tells which of their commands start packer or make. Nothing is
//! run: variables, loops over what is known, `cd` and small readers of files are understood, everything else is unknown.

mod commands;
mod expand;
mod flow;
mod parse;
mod patterns;
mod readers;
mod state;
mod test;
mod tree;
mod word;

use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) use self::commands::is_shell;
use self::state::{Held, Shell};
pub(super) use self::state::{Program, Run};
use super::world::{Place, World, readable};

/// What a command prints; unknown, with its reason, unless it only reads files of the repository.
pub(super) fn capture(world: &World, source: &str, dir: &str) -> String {
    let mut shell = Shell::new(world, dir, Place { file: Rc::from(""), line: 0 });
    let node = parse::script(source);
    match shell.output(&node, None) {
        Some(text) => text,
        None => world.unknown(format!("`{}` is not run", readable(source))),
    }
}

/// What lines start in a directory, with variables from around them.
pub(super) fn line(
    world: &World,
    text: &str,
    place: Place,
    dir: &str,
    environment: &BTreeMap<String, String>,
) -> Vec<Run> {
    let mut shell = Shell::new(world, dir, place);
    for (name, value) in environment {
        shell.vars.insert(name.clone(), Held::One(value.clone()));
    }
    // Nobody gives arguments to a line of a recipe.
    shell.arguments = Some(Vec::new());
    let node = parse::script(text);
    shell.run(&node);
    shell.found
}

/// What a script starts; nobody knows its arguments.
pub(super) fn script(world: &World, path: &str, dir: &str) -> Vec<Run> {
    let Some(text) = world.text(path) else { return Vec::new() };
    let mut shell = Shell::new(world, dir, Place { file: Rc::from(path), line: 1 });
    shell.script = path.to_owned();
    let node = parse::script(&text);
    shell.run(&node);
    shell.uncalled();
    shell.found
}
