//! The part of YAML that pipelines are written in: texts with their lines, lists, mappings.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span, StrInput};

/// More nodes than a pipeline has; aliases multiply.
const NODES: usize = 50_000;
/// Deepest nesting.
const DEPTH: usize = 60;

#[derive(Clone)]
pub(super) enum Yaml {
    /// A text, and the line on which it begins, from 1.
    Text {
        text: String,
        line: usize,
    },
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// The last value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Yaml> {
        match self {
            Yaml::Map(entries) => {
                entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Yaml::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(super) fn entries(&self) -> &[(String, Yaml)] {
        match self {
            Yaml::Map(entries) => entries,
            _ => &[],
        }
    }
}

/// Reads the first document; `None` for what is no YAML.
pub(super) fn read(text: &str) -> Option<Yaml> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return reader.node(event, span, 0),
        }
    }
    None
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: BTreeMap<usize, Yaml>,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Option<(Event<'a>, Span)>> {
        self.parser.next_event().transpose().ok()
    }

    fn inside(&mut self) -> Option<Option<(Event<'a>, Span)>> {
        Some(match self.next()? {
            None | Some((Event::SequenceEnd | Event::MappingEnd | Event::StreamEnd, _)) => None,
            found => found,
        })
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Option<Yaml> {
        self.nodes += 1;
        if self.nodes > NODES || depth > DEPTH {
            return None;
        }
        let (anchor, node) = match event {
            Event::Scalar(text, _, anchor, _) => {
                (anchor, Yaml::Text { text: text.into_owned(), line: span.start.line() })
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                while let Some((event, span)) = self.inside()? {
                    items.push(self.node(event, span, depth + 1)?);
                }
                (anchor, Yaml::List(items))
            }
            Event::MappingStart(anchor, _) => {
                let mut entries: Vec<(String, Yaml)> = Vec::new();
                while let Some((event, span)) = self.inside()? {
                    let key = self.node(event, span, depth + 1)?;
                    let (event, span) = self.inside()??;
                    let value = self.node(event, span, depth + 1)?;
                    match key.text() {
                        // What a merge brings counts less than what stands there.
                        Some("<<") => entries.splice(0..0, value.entries().to_vec()).for_each(drop),
                        Some(key) => entries.push((key.to_owned(), value)),
                        None => {}
                    }
                }
                (anchor, Yaml::Map(entries))
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor)?.clone();
                self.nodes += size(&node);
                (0, node)
            }
            _ => return None,
        };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }
}

fn size(node: &Yaml) -> usize {
    match node {
        Yaml::Text { .. } => 1,
        Yaml::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Yaml::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
    }
}
