//! What one Rust file says about modules: which it declares, what it imports, which paths it spells out.
//!
//! Reads tokens, not grammar. What only tests see (`#[cfg(test)]`) is left out.

use std::collections::BTreeSet;

use super::tokens::{Kind, Token, tokens};

/// A module of a file: the file itself, or a `mod name { … }` in it.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// The modules around it inside the file, and its own name; empty for the file itself.
    pub(super) path: Vec<String>,
    /// `mod name;`
    pub(super) declares: Vec<String>,
    /// Every name of every `use`.
    pub(super) imports: Vec<Import>,
    /// Paths in code and attributes, each with its line.
    pub(super) paths: Vec<(Vec<String>, usize)>,
    /// What it defines.
    pub(super) items: BTreeSet<String>,
    /// Names that its code mentions, other than in `use`, after a dot or behind another name.
    pub(super) mentions: BTreeSet<String>,
}

/// One name of a `use`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// What is imported; for a glob, what the star stands below.
    pub(super) path: Vec<String>,
    /// What it is called here; `None` for a glob.
    pub(super) name: Option<String>,
    /// Whether it is handed on (`pub use`).
    pub(super) exported: bool,
    /// Where the name stands.
    pub(super) line: usize,
}

/// Words that open an item and are followed by its name.
const ITEMS: &[&str] = &["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// Reads a file; its own module comes first.
pub(super) fn read(source: &str) -> Vec<Module> {
    let tokens = without_tests(&tokens(source));
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        modules: vec![Module::default()],
        open: vec![(0, 0)],
        variants: variants(&tokens),
    };
    let mut depth = 0;
    while reader.at < tokens.len() {
        reader.step(&mut depth);
    }
    reader.modules
}

struct Reader<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    modules: Vec<Module>,
    /// The modules that are open here, each with the depth of braces inside it.
    open: Vec<(usize, usize)>,
    /// Where the names of variants stand: they are definitions.
    variants: BTreeSet<usize>,
}

impl<'s> Reader<'_, 's> {
    fn peek(&self, ahead: usize) -> Option<Token<'s>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        self.peek(ahead).is_some_and(|token| token.is_sign(sign))
    }

    fn word(&self, ahead: usize) -> Option<&'s str> {
        self.peek(ahead).filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    fn module(&mut self) -> &mut Module {
        let open = self.open.last().map_or(0, |(module, _)| *module);
        &mut self.modules[open]
    }

    fn step(&mut self, depth: &mut usize) {
        let Some(token) = self.peek(0) else { return };
        if attribute_end(self.tokens, self.at) > self.at {
            return self.attribute();
        }
        match token.text {
            "{" if token.kind == Kind::Sign => *depth += 1,
            "}" if token.kind == Kind::Sign => {
                *depth = depth.saturating_sub(1);
                if self.open.len() > 1 && self.open.last().is_some_and(|(_, inside)| *inside > *depth) {
                    self.open.pop();
                }
            }
            "mod" if token.kind == Kind::Word => return self.declaration(depth),
            "use" if token.kind == Kind::Word && !self.is_sign(1, "<") => return self.import(),
            _ if token.kind == Kind::Word => return self.mention(token, *depth),
            _ => {}
        }
        self.at += 1;
    }

    /// An attribute: derives mention names, and strings may name functions.
    fn attribute(&mut self) {
        let start = self.at;
        self.at = attribute_end(self.tokens, start);
        for token in &self.tokens[start..self.at] {
            let path: Vec<String> = token.text.split("::").map(str::to_owned).collect();
            match token.kind {
                Kind::Text if path.len() > 1 && path.iter().all(|part| is_name(part)) => {
                    self.module().paths.push((path, token.line));
                }
                Kind::Word => {
                    self.module().mentions.insert(token.text.to_owned());
                }
                _ => {}
            }
        }
    }

    /// `mod name;` or `mod name {`.
    fn declaration(&mut self, depth: &mut usize) {
        let Some(name) = self.word(1) else { return self.at += 1 };
        if self.is_sign(2, ";") {
            self.module().declares.push(name.to_owned());
        } else if self.is_sign(2, "{") {
            *depth += 1;
            let mut path = self.module().path.clone();
            path.push(name.to_owned());
            self.open.push((self.modules.len(), *depth));
            self.modules.push(Module { path, ..Module::default() });
        }
        self.at += 3;
    }

    fn import(&mut self) {
        let exported = self.tokens[..self.at].last().is_some_and(|before| {
            before.is_word("pub")
                || before.is_sign(")") && {
                    let start = self.tokens[..self.at].iter().rposition(|token| token.is_sign("("));
                    start.is_some_and(|at| at > 0 && self.tokens[at - 1].is_word("pub"))
                }
        });
        self.at += 1;
        let mut found = Vec::new();
        self.branch(&[], &mut found);
        for (path, name, line) in found {
            self.module().imports.push(Import { path, name, exported, line });
        }
    }

    /// One branch of a `use`: a path that ends in a name, a star or braces.
    fn branch(&mut self, stem: &[String], found: &mut Vec<(Vec<String>, Option<String>, usize)>) {
        let mut path = stem.to_vec();
        if self.is_sign(0, "::") {
            // The root of other crates.
            path.push("::".to_owned());
            self.at += 1;
        }
        while let Some(token) = self.peek(0) {
            self.at += 1;
            match token.text {
                "{" => {
                    while self.peek(0).is_some() && !self.is_sign(0, "}") {
                        self.branch(&path, found);
                        if self.is_sign(0, ",") {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => return found.push((path, None, token.line)),
                "$" => continue,
                _ if token.kind != Kind::Word => return,
                word => path.push(word.to_owned()),
            }
            if self.is_sign(0, "::") {
                self.at += 1;
                continue;
            }
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            let mut name = path.last().cloned();
            if self.word(0) == Some("as") {
                name = self.word(1).map(str::to_owned);
                self.at += 2;
            }
            return found.push((path, name, token.line));
        }
    }

    /// A name in code, perhaps the start of a path, perhaps of what is defined here.
    fn mention(&mut self, token: Token<'s>, depth: usize) {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let behind = |sign: &str| before.is_some_and(|before| before.is_sign(sign));
        if behind("::") || behind(".") || self.variants.contains(&self.at) {
            return self.at += 1;
        }
        let at_top = self.open.last().is_some_and(|(_, inside)| depth == *inside);
        if at_top && ITEMS.contains(&token.text) {
            let ahead = if self.is_sign(1, "!") { 2 } else { 1 };
            if let Some(name) = self.word(ahead).filter(|name| !ITEMS.contains(name)) {
                self.module().items.insert(name.to_owned());
                return self.at += ahead + 1;
            }
        }
        let mut path = vec![token.text.to_owned()];
        self.at += 1;
        while self.is_sign(0, "::") {
            let Some(word) = self.word(1) else { break };
            path.push(word.to_owned());
            self.at += 2;
        }
        self.module().mentions.insert(token.text.to_owned());
        if path.len() > 1 {
            self.module().paths.push((path, token.line));
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The tokens that are compiled without tests.
pub(super) fn without_tests<'s>(tokens: &[Token<'s>]) -> Vec<Token<'s>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = attribute_end(tokens, at);
        if end == at {
            kept.push(tokens[at]);
            at += 1;
        } else if is_of_tests(&tokens[at..end]) {
            at = item_end(tokens, end);
        } else {
            kept.extend(&tokens[at..end]);
            at = end;
        }
    }
    kept
}

fn is_of_tests(attribute: &[Token<'_>]) -> bool {
    let has = |word: &str| attribute.iter().any(|token| token.is_word(word));
    has("cfg") && has("test") && !has("any") && !has("not")
}

/// Behind the attribute at `start`; `start` where there is none.
pub(super) fn attribute_end(tokens: &[Token<'_>], start: usize) -> usize {
    let is_sign = |at: usize, sign: &str| tokens.get(at).is_some_and(|token: &Token<'_>| token.is_sign(sign));
    let bracket = if is_sign(start + 1, "!") { start + 2 } else { start + 1 };
    if is_sign(start, "#") && is_sign(bracket, "[") { close(tokens, bracket) } else { start }
}

/// Behind the bracket that closes the one at `start`.
pub(super) fn close(tokens: &[Token<'_>], start: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        if token.kind == Kind::Sign {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The places of all names of variants.
fn variants(tokens: &[Token<'_>]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for at in (0..tokens.len()).filter(|at| tokens[*at].is_word("enum")) {
        let Some(body) = (at..tokens.len()).find(|at| tokens[*at].is_sign("{")) else { continue };
        let end = close(tokens, body);
        let mut at = body + 1;
        while at < end {
            while attribute_end(tokens, at) > at {
                at = attribute_end(tokens, at);
            }
            found.insert(at);
            while at < end && !tokens[at].is_sign(",") {
                let opens = ["(", "{", "["].iter().any(|sign| tokens[at].is_sign(sign));
                at = if opens { close(tokens, at) } else { at + 1 };
            }
            at += 1;
        }
    }
    found
}

/// Behind the item, statement, field or arm that begins at `start`, with its attributes.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut at = start;
    while attribute_end(tokens, at) > at {
        at = attribute_end(tokens, at);
    }
    let mut keyword = "";
    while let Some(token) = tokens.get(at) {
        match token.text {
            "pub" | "async" | "unsafe" | "extern" => at += 1,
            "const" if tokens.get(at + 1).is_some_and(|next| next.is_word("fn")) => at += 1,
            "(" if at > start && tokens[at - 1].is_word("pub") => at = close(tokens, at),
            _ if token.kind == Kind::Text => at += 1,
            word => {
                keyword = word;
                break;
            }
        }
    }
    let ends_with_braces =
        ["fn", "mod", "struct", "enum", "union", "impl", "trait", "macro_rules"].contains(&keyword);
    let ends_with_semicolon = ["use", "const", "static", "type", "let"].contains(&keyword);
    while let Some(token) = tokens.get(at) {
        if token.kind == Kind::Sign {
            match token.text {
                ";" => return at + 1,
                "," if !ends_with_braces && !ends_with_semicolon => return at + 1,
                ")" | "]" | "}" => return at,
                "{" => {
                    at = close(tokens, at);
                    if !ends_with_semicolon {
                        return at;
                    }
                    continue;
                }
                "(" | "[" => {
                    at = close(tokens, at);
                    continue;
                }
                _ => {}
            }
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(source: &str) -> Vec<String> {
        let shown = |import: &Import| {
            let name = import.name.as_deref().unwrap_or("*");
            format!("{}{} as {name}", if import.exported { "pub " } else { "" }, import.path.join("::"))
        };
        read(source)[0].imports.iter().map(shown).collect()
    }

    #[test]
    fn a_use_is_a_tree() {
        assert_eq!(
            imports("use crate::a::{self, B as C, d::{E, f::*}};\npub(crate) use super::g;"),
            [
                "crate::a as a",
                "crate::a::B as C",
                "crate::a::d::E as E",
                "crate::a::d::f as *",
                "pub super::g as g",
            ]
        );
        assert_eq!(imports("fn f() -> impl Fn() + use<'a> { use ::b::C; }"), ["::::b::C as C"]);
    }

    #[test]
    fn what_only_tests_see_is_left_out() {
        let source = "
            #[cfg(test)] use a::b;
            #[cfg(test)] #[expect(x)] pub(crate) fn f<A, B>(a: A) { c::d() }
            struct S { #[cfg(test)] e: f::G, h: i::J }
            #[cfg(all(test, unix))] mod tests { use k::l; }
            #[cfg(not(test))] use m::n;
        ";
        assert_eq!(imports(source), ["m::n as n"]);
        let modules = read(source);
        assert_eq!(modules.len(), 1);
        assert_eq!(modules[0].paths, [(vec!["i".to_owned(), "J".to_owned()], 4)]);
    }

    #[test]
    fn modules_in_a_file_are_modules() {
        let modules = read("mod a; mod b { mod c; fn d() { e::f() } mod g {} } fn h() { i::j() }");
        let paths: Vec<String> = modules.iter().map(|module| module.path.join("::")).collect();
        assert_eq!(paths, ["", "b", "b::g"]);
        assert_eq!(
            (&modules[0].declares[..], &modules[1].declares[..]),
            (&["a".to_owned()][..], &["c".to_owned()][..])
        );
        assert!(modules[0].items.contains("h") && modules[1].items.contains("d"));
        assert_eq!(modules[1].paths.len(), 1);
    }

    #[test]
    fn variants_are_definitions_and_what_they_hold_is_mentioned() {
        let modules = read("pub enum A<T> { B, #[c(D)] E(F), G { h: I }, J = K } fn l() { M }");
        for name in ["B", "E", "G", "J"] {
            assert!(!modules[0].mentions.contains(name), "{name}");
        }
        for name in ["D", "F", "I", "K", "M"] {
            assert!(modules[0].mentions.contains(name), "{name}");
        }
    }

    #[test]
    fn attributes_name_functions_in_strings() {
        let modules = read("#[serde(with = \"crate::time\", rename = \"a b\")] struct A;");
        assert_eq!(modules[0].paths, [(vec!["crate".to_owned(), "time".to_owned()], 1)]);
    }
}
