//! YAML that is merged and written anew without being understood: a plain scalar stays the plain scalar that its
//! author wrote, so `0644` and `yes` mean to cloud-init what they meant before.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// More nodes than any configuration has; aliases multiply.
const MOST_NODES: usize = 100_000;
/// Deeper nesting is refused instead of exhausting the stack.
const MOST_DEPTH: usize = 100;

/// Longest key in bytes that is written as `key:`; YAML 1.2 (8.2.2) allows 1024 characters.
const LONGEST_KEY: usize = 1_000;

/// A node of a document; prints in tests alone, because user data may set passwords.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Node {
    /// A scalar: its text, whether it was written without quotes, its tag.
    Scalar { text: String, plain: bool, tag: String },
    /// A sequence with its tag.
    List { items: Vec<Node>, tag: String },
    /// A mapping with its tag, in the order of the file.
    Map { entries: Vec<(Node, Node)>, tag: String },
}

/// What is wrong, and the character at which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) at: usize,
    pub(super) message: String,
}

/// Reads a text of one document whose outermost node is a mapping.
pub(super) fn read(text: &str) -> Result<Node, YamlError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    let error = |span: Span, message: &str| YamlError { at: span.start.index(), message: message.into() };
    let mut found = None;
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamEnd
            | Event::Nothing => {}
            _ if found.is_some() => return Err(error(span, "a second document")),
            event => match reader.node(event, span, 0)? {
                map @ Node::Map { .. } => found = Some(map),
                _ => return Err(error(span, "a cloud-config is a mapping: `key: value`")),
            },
        }
    }
    found.ok_or_else(|| YamlError { at: 0, message: "there is nothing in it".into() })
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Nodes with an anchor, by the parser's number of it.
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        let next = self.parser.next_event().transpose();
        next.map_err(|error| YamlError { at: error.marker().index(), message: error.info().to_owned() })
    }

    /// The event behind the start of a list or mapping; `None` at its end.
    fn inside(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        match self.next()? {
            None | Some((Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd, _)) => Ok(None),
            found => Ok(found),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, YamlError> {
        let error = |message: &str| YamlError { at: span.start.index(), message: message.into() };
        self.nodes += 1;
        if self.nodes > MOST_NODES || depth > MOST_DEPTH {
            return Err(error("this is larger than any configuration"));
        }
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                (anchor, Node::Scalar { text: text.into_owned(), plain, tag: written(tag.as_deref()) })
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.inside()? {
                    items.push(self.node(event, span, depth + 1)?);
                }
                (anchor, Node::List { items, tag: written(tag.as_deref()) })
            }
            Event::MappingStart(anchor, tag) => {
                let mut entries: Vec<(Node, Node)> = Vec::new();
                while let Some((event, span)) = self.inside()? {
                    let key = self.node(event, span, depth + 1)?;
                    if entries.iter().any(|(known, _)| *known == key) {
                        return Err(YamlError {
                            at: span.start.index(),
                            message: "this key stands there twice".into(),
                        });
                    }
                    let (event, span) = self.inside()?.ok_or_else(|| error("a key without a value"))?;
                    entries.push((key, self.node(event, span, depth + 1)?));
                }
                (anchor, Node::Map { entries, tag: written(tag.as_deref()) })
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned().ok_or_else(|| error("an alias of nothing"))?;
                self.nodes = self.nodes.saturating_add(size(&node));
                (0, node)
            }
            _ => return Err(error("this cannot stand here")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }
}

fn size(node: &Node) -> usize {
    match node {
        Node::Scalar { .. } => 1,
        Node::List { items, .. } => 1 + items.iter().map(size).sum::<usize>(),
        Node::Map { entries, .. } => {
            1 + entries.iter().map(|(key, value)| size(key) + size(value)).sum::<usize>()
        }
    }
}

/// A tag as it is written, with a blank behind it; empty without one.
fn written(tag: Option<&Tag>) -> String {
    match tag {
        None => String::new(),
        Some(tag) if tag.handle == "!" => format!("!{} ", tag.suffix),
        Some(tag) => format!("!<{}{}> ", tag.handle, tag.suffix),
    }
}

/// Merges `over` into `base`: mappings key by key, lists grow, everything else is replaced.
pub(super) fn merge(base: Node, over: Node) -> Node {
    match (base, over) {
        (Node::Map { mut entries, tag }, Node::Map { entries: new, .. }) => {
            for (key, value) in new {
                match entries.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, slot)) => {
                        let old =
                            std::mem::replace(slot, Node::List { items: Vec::new(), tag: String::new() });
                        *slot = merge(old, value);
                    }
                    None => entries.push((key, value)),
                }
            }
            Node::Map { entries, tag }
        }
        (Node::List { mut items, tag }, Node::List { items: new, .. }) => {
            items.extend(new);
            Node::List { items, tag }
        }
        (_, over) => over,
    }
}

/// The node as YAML in block style.
pub(super) fn write(node: &Node) -> String {
    let mut out = String::new();
    if let Node::Map { entries, .. } = node {
        write_entries(entries, 0, &mut out);
    }
    out
}

fn write_entries(entries: &[(Node, Node)], indent: usize, out: &mut String) {
    for (key, value) in entries {
        let pad = " ".repeat(indent);
        let mut short = String::new();
        write_inline(key, false, &mut short);
        let fits = matches!(key, Node::Scalar { .. }) && short.len() <= LONGEST_KEY;
        // A key that is a collection, or too long, needs the long form.
        let _ = if fits { write!(out, "{pad}{short}:") } else { write!(out, "{pad}? {short}\n{pad}:") };
        write_value(value, indent, out);
    }
}

/// Writes a value behind `key:` or `-`, with the line's end.
fn write_value(value: &Node, indent: usize, out: &mut String) {
    match value {
        Node::Map { entries, tag } if !entries.is_empty() => {
            let _ = writeln!(out, " {tag}");
            trim_line(out);
            write_entries(entries, indent + 2, out);
        }
        Node::List { items, tag } if !items.is_empty() => {
            let _ = writeln!(out, " {tag}");
            trim_line(out);
            for item in items {
                let _ = write!(out, "{}-", " ".repeat(indent + 2));
                write_value(item, indent + 2, out);
            }
        }
        other => {
            out.push(' ');
            write_inline(other, false, out);
            out.push('\n');
        }
    }
}

/// Takes blanks from the end of the last line.
fn trim_line(out: &mut String) {
    out.truncate(out.trim_end().len());
    out.push('\n');
}

/// Writes a node in one line. Inside of brackets (`flow`) a plain scalar ends sooner.
fn write_inline(node: &Node, flow: bool, out: &mut String) {
    match node {
        Node::Scalar { text, plain, tag } => {
            out.push_str(tag);
            let breaks = text.contains('\n') || (flow && text.contains([',', '[', ']', '{', '}']));
            match (*plain, breaks, text.is_empty()) {
                (true, false, true) => out.push_str("null"),
                (true, false, false) => out.push_str(text),
                _ => quote(text, out),
            }
        }
        // Only empty ones and keys come here: everything in them is quoted or plain enough for one line.
        Node::List { items, tag } => {
            let _ = write!(out, "{tag}[");
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_inline(item, true, out);
            }
            out.push(']');
        }
        Node::Map { entries, tag } => {
            let _ = write!(out, "{tag}{{");
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_inline(key, true, out);
                out.push_str(": ");
                write_inline(value, true, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(one: &str, two: &str) -> String {
        write(&merge(read(one).unwrap(), read(two).unwrap()))
    }

    #[test]
    fn maps_merge_lists_grow_and_scalars_stay_as_written() {
        let one = "packages: [a]\nwrite_files:\n  - path: /x\n    permissions: 0644\n    content: |\n      one\n      two\n\
                   ssh: {emit: yes, deep: {a: 1}}\nlocale: C\nnothing:\n'12': quoted\n";
        let two = "packages:\n- b\nssh:\n  deep: {b: \"2\", a: 3}\nlocale: de_DE\nmore: {}\n";
        let wanted = "packages:\n  - a\n  - b\nwrite_files:\n  -\n    path: /x\n    permissions: 0644\n    \
                      content: \"one\\ntwo\\n\"\nssh:\n  emit: yes\n  deep:\n    a: 3\n    b: \"2\"\nlocale: de_DE\n\
                      nothing: null\n\"12\": quoted\nmore: {}\n";
        assert_eq!(merged(one, two), wanted);
        assert_eq!(read(&merged(one, two)).unwrap(), read(wanted).unwrap());
    }

    #[test]
    fn anchors_and_tags_survive_and_bombs_do_not() {
        assert_eq!(
            merged("a: &x [1, 2]\nb: *x\n", "c: !!binary aGk=\n"),
            "a:\n  - 1\n  - 2\nb:\n  - 1\n  - 2\nc: !<tag:yaml.org,2002:binary> aGk=\n"
        );
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for at in 1..10 {
            let before = at - 1;
            bomb.push_str(&format!("a{at}: &a{at} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
        }
        assert!(read(&bomb).unwrap_err().message.contains("larger than"));
        assert!(read(&format!("a: {}1{}", "[".repeat(5_000), "]".repeat(5_000))).is_err());
        // Found by fuzzing: such a key has no short form.
        let long = format!("? {}\n: 1\n", "k".repeat(3_000));
        assert_eq!(read(&merged(&long, "a: 1\n")), read(&format!("{long}a: 1\n")));
        assert!(read(&long).is_ok());
        let brackets = "? a: b]c, d\n: 1\n";
        assert_eq!(merged(brackets, "x: y\n"), "? {a: \"b]c, d\"}\n: 1\nx: y\n");
        assert!(read("a: 1\na: 2\n").unwrap_err().message.contains("twice"));
        assert!(read("a: 1\n---\nb: 2\n").unwrap_err().message.contains("second document"));
    }

    fn node() -> impl Strategy<Value = Node> {
        let scalar = prop_oneof![
            "[a-z][a-z0-9_./]{0,8}".prop_map(|text| Node::Scalar { text, plain: true, tag: String::new() }),
            prop::sample::select(vec!["0644", "yes", "no", "1e3", "~", "2026-11-21", "0x1F", "12:30"])
                .prop_map(|text| Node::Scalar { text: text.into(), plain: true, tag: String::new() }),
            ".{0,12}".prop_map(|text| Node::Scalar { text, plain: false, tag: String::new() }),
            "[ #:\\-\\[\\]{}&*!|>'\"%@`\n\t]{0,8}".prop_map(|text| Node::Scalar {
                text,
                plain: false,
                tag: String::new()
            }),
        ];
        scalar.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| Node::List { items, tag: String::new() }),
                prop::collection::btree_map("[a-z]{1,6}", inner, 0..4).prop_map(map),
            ]
        })
    }

    fn map(entries: BTreeMap<String, Node>) -> Node {
        let key = |text: String| Node::Scalar { text, plain: true, tag: String::new() };
        Node::Map {
            entries: entries.into_iter().map(|(name, value)| (key(name), value)).collect(),
            tag: String::new(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(entries in prop::collection::btree_map("[a-z]{1,6}", node(), 1..5)) {
            let document = map(entries);
            let text = write(&document);
            prop_assert_eq!(read(&text).map_err(|error| error.message), Ok(document), "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[ a-z0-9:#\\-\\[\\]{}&*!|>'\"%\n\t,?]{0,60}") {
            let _ = read(&text);
        }
    }
}
