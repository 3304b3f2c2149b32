//! Control flow: every branch is walked, because any of them may start packer; what a branch sets holds after it only
//! where it is known to be taken.

use std::rc::Rc;

use super::super::world::{Place, is_known};
use super::state::{DEPTH, Held, Shell, State};
use super::tree::{Node, Piece, Word};
use super::word;

/// Most rounds of one loop.
const ROUNDS: usize = 400;
/// Most calls of one function.
const CALLS: usize = 40;
/// Most commands that are found.
const FOUND: usize = 4000;

impl Shell<'_> {
    /// Walks a node; tells whether it succeeds, where that is known.
    pub(super) fn run(&mut self, node: &Node) -> Option<bool> {
        if self.depth >= DEPTH * 4 || self.found.len() >= FOUND || !self.world.spend(2) {
            return None;
        }
        self.depth += 1;
        let status = self.walk(node);
        self.depth -= 1;
        status
    }

    fn walk(&mut self, node: &Node) -> Option<bool> {
        match node {
            Node::Simple { assigns, words, line, .. } => self.simple(assigns, words, *line),
            Node::List(nodes) => {
                let mut last = Some(true);
                for node in nodes {
                    last = self.run(node);
                }
                last
            }
            Node::Pipe(nodes) => {
                let outer = std::mem::take(&mut self.feed);
                for node in nodes {
                    self.aside(node);
                    self.feed = match node.as_ref() {
                        Node::Simple { words, .. } => {
                            words.iter().flat_map(|word| self.fields(word)).collect()
                        }
                        _ => Vec::new(),
                    };
                }
                self.feed = outer;
                None
            }
            Node::And(one, two) => match self.run(one) {
                Some(true) => self.run(two),
                Some(false) => {
                    self.aside(two);
                    Some(false)
                }
                None => {
                    self.maybe(&[(one, two)], None);
                    None
                }
            },
            Node::Or(one, two) => match self.run(one) {
                Some(true) => {
                    self.aside(two);
                    Some(true)
                }
                Some(false) => self.run(two),
                None => {
                    let before = self.keep();
                    self.run(two);
                    let after = self.keep();
                    self.merge(vec![before, after]);
                    None
                }
            },
            Node::Not(inner) => self.run(inner).map(|status| !status),
            Node::Subshell(inner) => {
                self.aside(inner);
                None
            }
            Node::Function { name, body } => {
                self.declared.push(name.clone());
                self.functions.insert(name.clone(), Rc::clone(body));
                Some(true)
            }
            Node::For { name, words, body } => {
                self.rounds(name, words.as_deref(), body);
                None
            }
            Node::While { condition, body } => {
                self.run(condition);
                self.run(body);
                None
            }
            Node::If { arms, otherwise } => {
                let arms: Vec<(&Rc<Node>, &Rc<Node>)> = arms.iter().map(|(one, two)| (one, two)).collect();
                self.branches(&arms, otherwise.as_ref());
                None
            }
            Node::Case { word, arms } => {
                self.case(word, arms);
                None
            }
        }
    }

    /// Walks something whose effects on variables are lost.
    fn aside(&mut self, node: &Node) {
        let before = self.keep();
        self.run(node);
        self.restore(before);
    }

    /// The condition was walked already.
    fn maybe(&mut self, arms: &[(&Rc<Node>, &Rc<Node>)], otherwise: Option<&Rc<Node>>) {
        let before = self.keep();
        let mut states = Vec::new();
        for (condition, body) in arms {
            self.restore(before.clone());
            self.bind(condition);
            self.run(body);
            states.push(self.keep());
        }
        self.restore(before);
        if let Some(otherwise) = otherwise {
            self.run(otherwise);
        }
        states.push(self.keep());
        self.merge(states);
    }

    fn branches(&mut self, arms: &[(&Rc<Node>, &Rc<Node>)], otherwise: Option<&Rc<Node>>) {
        let mut possible: Vec<State> = Vec::new();
        let mut certain: Option<State> = None;
        for (condition, body) in arms {
            let status = self.run(condition);
            let before = self.keep();
            self.bind(condition);
            self.run(body);
            let after = self.keep();
            self.restore(before);
            match status {
                _ if certain.is_some() => {}
                Some(true) => certain = Some(after),
                Some(false) => {}
                None => possible.push(after),
            }
        }
        let before = self.keep();
        if let Some(otherwise) = otherwise {
            self.run(otherwise);
        }
        if let Some(certain) = certain {
            self.restore(before);
            possible.push(certain);
        } else {
            possible.push(self.keep());
        }
        self.merge(possible);
    }

    /// In the body of `if [ "$x" = word ]` the variable has that value.
    fn bind(&mut self, condition: &Node) {
        let Node::List(nodes) = condition else { return };
        let [node] = nodes.as_slice() else { return };
        let Node::Simple { words, .. } = node.as_ref() else { return };
        let [program, left, sign, right, ..] = words.as_slice() else { return };
        let test = ["[", "[[", "test"].contains(&word::text(program).as_str());
        if test && ["=", "=="].contains(&word::text(sign).as_str()) && literal(right) {
            let value = word::text(right);
            self.bind_word(left, &value);
        }
    }

    fn bind_word(&mut self, word: &Word, value: &str) {
        let mut names = word.iter().filter_map(|piece| match piece {
            Piece::Parameter { name, index: None, .. } => Some(name),
            _ => None,
        });
        if let (Some(name), None) = (names.next(), names.next())
            && self.lookup(name).is_none_or(|known| !is_known(&known))
        {
            self.vars.insert(name.clone(), Held::One(value.to_owned()));
        }
    }

    fn case(&mut self, word: &Word, arms: &[(Vec<Word>, Rc<Node>)]) {
        let value = self.scalar(word);
        let before = self.keep();
        let mut states = Vec::new();
        let mut taken = false;
        for (patterns, body) in arms {
            self.restore(before.clone());
            let hit = is_known(&value)
                && patterns.iter().any(|pattern| super::super::world::matches(&word::text(pattern), &value));
            let plain: Vec<&Word> = patterns
                .iter()
                .filter(|word| literal(word) && !word::text(word).contains(['*', '?', '[']))
                .collect();
            // Several words for one branch: the first stands for all of them.
            if let Some(pattern) = plain.first() {
                self.bind_word(word, &word::text(pattern));
            }
            self.run(body);
            if hit && !taken {
                taken = true;
                states = vec![self.keep()];
            } else if !taken && !is_known(&value) {
                states.push(self.keep());
            }
        }
        if !taken {
            states.push(before.clone());
        }
        self.restore(before);
        self.merge(states);
    }

    fn rounds(&mut self, name: &str, words: Option<&[Word]>, body: &Node) {
        let list: Vec<String> = match words {
            Some(words) => words.iter().flat_map(|word| self.fields(word)).collect(),
            None => self.parameters(),
        };
        for word in list.into_iter().take(ROUNDS) {
            self.vars.insert(name.to_owned(), Held::One(word));
            self.run(body);
        }
    }

    /// One state out of several that are possible.
    fn merge(&mut self, states: Vec<State>) {
        let mut states = states.into_iter();
        let Some(mut merged) = states.next() else { return };
        for state in states {
            let names: Vec<String> = merged.vars.keys().chain(state.vars.keys()).cloned().collect();
            for name in names {
                let (one, two) = (merged.vars.get(&name), state.vars.get(&name));
                if one == two {
                    continue;
                }
                // What one branch takes from whoever starts it replaces what was empty.
                let given = |held: Option<&Held>| match held {
                    Some(Held::One(value)) if self.is_given(value) => Some(value.clone()),
                    _ => None,
                };
                let unknown = match given(one).or_else(|| given(two)) {
                    Some(value) => value,
                    None => self.world.unknown(format!("`{name}` depends on a condition")),
                };
                merged.vars.insert(name, Held::One(unknown));
            }
            if merged.dir != state.dir {
                merged.dir = self.world.unknown("the working directory depends on a condition");
            }
            if merged.arguments != state.arguments {
                merged.arguments = None;
            }
        }
        self.restore(merged);
    }

    /// Calls a function or walks the nodes of another text, with arguments.
    pub(super) fn within(&mut self, node: &Node, arguments: Option<Vec<String>>, place: Option<Place>) {
        if self.depth >= DEPTH * 4 {
            return;
        }
        self.depth += 4;
        let before = std::mem::replace(&mut self.arguments, arguments);
        let old = place.map(|place| std::mem::replace(&mut self.place, place));
        self.run(node);
        if let Some(old) = old {
            self.place = old;
        }
        self.arguments = before;
        self.depth -= 4;
    }

    /// Calls a function, not within itself and not too often.
    pub(super) fn call(&mut self, name: &str, body: &Node, arguments: Option<Vec<String>>) {
        let calls = self.called.entry(name.to_owned()).or_default();
        *calls += 1;
        if *calls <= CALLS && self.active.insert(name.to_owned()) {
            self.within(body, arguments, None);
            self.active.remove(name);
        }
    }

    /// Walks the functions that nothing called: whoever starts the script may ask for them.
    pub(super) fn uncalled(&mut self) {
        for name in self.declared.clone() {
            if !self.called.contains_key(&name)
                && let Some(body) = self.functions.get(&name).cloned()
            {
                let before = self.keep();
                self.call(&name, &body, None);
                self.restore(before);
            }
        }
    }
}

fn literal(word: &Word) -> bool {
    word.iter().all(|piece| matches!(piece, Piece::Text { .. }))
}
