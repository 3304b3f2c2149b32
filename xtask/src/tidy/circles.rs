//! Files of one crate that import each other in a circle.
//!
//! A circle means that neither file can be understood, tested or moved without the other. Of many files that all reach
//! each other, the shortest way of each back to itself is shown. There are no exceptions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::Edge;

/// The circles among the files of a crate, each as a finding.
pub(super) fn check(home: &str, edges: &[Edge], findings: &mut Vec<String>) {
    let src = format!("{home}/src/");
    let graph = Graph::new(edges);
    let mut shown = BTreeSet::new();
    for file in graph.files() {
        let Some(circle) = graph.shortest_circle(file) else { continue };
        let members: BTreeSet<&str> = circle.iter().copied().collect();
        if shown.insert(members) {
            findings.push(graph.describe(&circle, &src));
        }
    }
}

struct Graph<'a> {
    next: BTreeMap<&'a str, BTreeMap<&'a str, usize>>,
}

impl<'a> Graph<'a> {
    fn new(edges: &'a [Edge]) -> Self {
        let mut next: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for edge in edges.iter().filter(|edge| !edge.handed_on) {
            next.entry(&edge.from).or_default().insert(&edge.to, edge.line);
        }
        Self { next }
    }

    fn files(&self) -> impl Iterator<Item = &'a str> {
        self.next.keys().copied()
    }

    /// The shortest way from a file back to itself, with the file at its start only.
    fn shortest_circle(&self, start: &'a str) -> Option<Vec<&'a str>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(file) = queue.pop_front() {
            for to in self.next.get(file).into_iter().flatten().map(|(to, _)| *to) {
                if to == start {
                    let mut circle = vec![file];
                    while let Some(before) = circle.last().and_then(|last| came_from.get(last)) {
                        circle.push(before);
                    }
                    circle.reverse();
                    return Some(circle);
                }
                if !came_from.contains_key(to) {
                    came_from.insert(to, file);
                    queue.push_back(to);
                }
            }
        }
        None
    }

    fn describe(&self, circle: &[&str], src: &str) -> String {
        let short = |file: &str| file.trim_start_matches(src).to_owned();
        let mut names: Vec<String> = circle.iter().map(|file| short(file)).collect();
        names.push(short(circle[0]));
        let mut text = format!("{src}: import circle {}", names.join(" → "));
        for (at, from) in circle.iter().enumerate() {
            let to = circle[(at + 1) % circle.len()];
            let line = self.next[from][to];
            text.push_str(&format!("\n    {from}:{line} imports {}", short(to)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::imports::{Files, of_crate};

    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let files: Files =
            files.iter().map(|(path, text)| (format!("crates/x/src/{path}"), (*text).to_owned())).collect();
        let mut findings = Vec::new();
        check("crates/x", &of_crate(&files, "crates/x").edges, &mut findings);
        findings
    }

    const LIB: (&str, &str) = ("lib.rs", "mod a;\nmod b;\nmod c;\npub use a::A;\n");
    const A: (&str, &str) = ("a.rs", "use crate::b::B;\npub struct A(B);\n");
    const B: (&str, &str) = ("b.rs", "\npub struct B(super::c::C);\n");
    const C: (&str, &str) = ("c.rs", "pub struct C(Box<crate::A>);\n");

    #[test]
    fn a_circle_through_a_re_export_is_found_once_with_its_lines() {
        assert_eq!(
            circles(&[LIB, A, B, C]),
            ["crates/x/src/: import circle a.rs → b.rs → c.rs → a.rs
    crates/x/src/a.rs:1 imports b.rs
    crates/x/src/b.rs:2 imports c.rs
    crates/x/src/c.rs:1 imports a.rs"]
        );
    }

    #[test]
    fn one_way_is_no_circle() {
        assert_eq!(circles(&[LIB, A, B, ("c.rs", "pub struct C;\n")]), [""; 0]);
    }
}
