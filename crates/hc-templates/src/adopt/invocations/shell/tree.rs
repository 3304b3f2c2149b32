//! What a shell script consists of.

use std::rc::Rc;

/// One piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text {
        text: String,
        quoted: bool,
    },
    /// `${name[index]op argument}`.
    Parameter {
        name: String,
        index: Option<String>,
        operator: String,
        argument: String,
        quoted: bool,
    },
    /// `$(source)`.
    Command {
        source: String,
        quoted: bool,
    },
    /// What is not read, in words.
    Unknown(&'static str),
}

pub(super) type Word = Vec<Piece>;

/// `name=value`, `name+=value`, `name=(values)`.
#[derive(Debug, Clone)]
pub(super) struct Assign {
    pub(super) name: String,
    pub(super) append: bool,
    pub(super) value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    One(Word),
    Many(Vec<Word>),
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Simple { assigns: Vec<Assign>, words: Vec<Word>, input: Option<Word>, line: usize },
    List(Vec<Rc<Node>>),
    Pipe(Vec<Rc<Node>>),
    And(Rc<Node>, Rc<Node>),
    Or(Rc<Node>, Rc<Node>),
    Not(Rc<Node>),
    For { name: String, words: Option<Vec<Word>>, body: Rc<Node> },
    While { condition: Rc<Node>, body: Rc<Node> },
    If { arms: Vec<(Rc<Node>, Rc<Node>)>, otherwise: Option<Rc<Node>> },
    Case { word: Word, arms: Vec<(Vec<Word>, Rc<Node>)> },
    Subshell(Rc<Node>),
    Function { name: String, body: Rc<Node> },
}
