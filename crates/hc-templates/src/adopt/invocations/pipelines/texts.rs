//! Commands in texts that are neither a shell's nor YAML.

use std::collections::BTreeMap;

use super::step::Step;

fn step(text: String, line: usize) -> Step {
    Step { name: None, text, line, dir: String::new(), environment: BTreeMap::new() }
}

/// The strings that `sh` gets in a Jenkinsfile.
pub(super) fn jenkins(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(at) = rest.find("sh") {
        let word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
        let before = rest[..at].chars().next_back().is_some_and(word);
        line += rest[..at].matches('\n').count();
        rest = &rest[at + 2..];
        let stops = rest.chars().next().is_none_or(|next| !" ('\"".contains(next));
        if before || stops {
            continue;
        }
        // Between `sh` and its string stand brackets and names of arguments only.
        let Some(open) = rest.find(['\'', '"', '\n']).filter(|open| !rest[*open..].starts_with('\n')) else {
            continue;
        };
        let quote = match rest.get(open..open + 3) {
            Some(three @ ("'''" | "\"\"\"")) => three,
            _ => &rest[open..=open],
        };
        let body = &rest[open + quote.len()..];
        let Some(end) = body.find(quote) else { continue };
        if body[..end].contains("packer") {
            // Groovy puts values of its own into texts: nobody knows them here.
            steps.push(step(body[..end].replace("$env.", "$env_").replace("${env.", "${env_"), line));
        }
        line += rest[..open + quote.len() + end].matches('\n').count();
        rest = &body[end + quote.len()..];
    }
    steps
}

/// A script of PowerShell, as a shell would write its commands.
pub(super) fn powershell(text: &str) -> Vec<Step> {
    // Its continuation is a backtick, its backslash stands between names.
    let text = text.replace('\\', "/").replace("`\n", "\\\n").replace('`', "").replace("$env:", "$env_");
    vec![step(text, 1)]
}
