//! The page of error codes, built into the program.
//!
//! The page is data: `tests/it/codes.rs` runs its examples, `cargo xtask docs` writes its index, and all of them read
//! it through [`sections`] and [`Section::of`].

/// The page that docs/ shows too.
const PAGE: &str = include_str!("../../../docs/errors.md");

/// The page that explains the findings of `state check`.
const FINDINGS: &str = include_str!("../../../docs/remedies.md");

/// Findings of `state check` with their sections; some have the same name as an error.
pub(crate) fn findings() -> Vec<(&'static str, &'static str)> {
    split(FINDINGS)
}

/// Codes with their sections, in the order of the page.
pub fn sections() -> Vec<(&'static str, &'static str)> {
    split(PAGE)
}

fn split(page: &str) -> Vec<(&str, &str)> {
    page.split("\n## ")
        .skip(1)
        .filter_map(|section| section.split_once('\n'))
        .map(|(code, text)| (code.trim(), text.trim()))
        .collect()
}

/// The parts of a section that programs read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// First sentence of the cause.
    pub summary: String,
    /// Exit codes that the program can end with when it says this code; 0 for a warning.
    pub exit_codes: Vec<u8>,
    /// What the example needs besides the usual project, as words.
    pub needs: Vec<&'a str>,
    /// Lines of the example; the last command raises the code.
    pub example: Option<&'a str>,
}

impl<'a> Section<'a> {
    /// Reads a section's Markdown.
    pub fn of(text: &'a str) -> Self {
        let (prose, block) = match text.split_once("```console") {
            Some((prose, block)) => (prose, Some(block)),
            None => (text, None),
        };
        let paragraph = |name: &str| {
            let begin = format!("**{name}.**");
            prose.split("\n\n").find_map(|paragraph| paragraph.trim().strip_prefix(&begin))
        };
        let cause = paragraph("Cause").unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let end = cause.find(". ").unwrap_or(cause.len());
        let exits = paragraph("Exit code").unwrap_or_default();
        let (info, example) = match block.and_then(|block| block.split_once('\n')) {
            Some((info, rest)) => (info, rest.split_once("\n```").map(|(example, _)| example)),
            None => ("", None),
        };
        Self {
            summary: cause[..end].trim_end_matches('.').to_owned(),
            exit_codes: exits
                .split(|letter: char| !letter.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect(),
            needs: info.split_whitespace().collect(),
            example,
        }
    }
}

/// The index of the page: every code with its exit codes and what it means.
pub fn index() -> String {
    let mut text = "| Code | Exit | Meaning |\n|---|---|---|\n".to_owned();
    for (code, section) in sections() {
        let Section { summary, exit_codes, .. } = Section::of(section);
        let exits: Vec<String> = exit_codes.iter().map(u8::to_string).collect();
        let summary = summary.replace('|', "\\|");
        text.push_str(&format!(
            "| [{code}](#{}) | {} | {summary} |\n",
            code.to_lowercase(),
            exits.join(", ")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Section;

    #[test]
    fn a_section_has_its_parts() {
        let text = "**Cause.** A file\nis bad. More.\n\n**Cure.** Mend it.\n\n**Exit code.** 1, or 2 on a bad day.\n\n\
                    **Example.**\n\n```console source\n$ cat > x <<'END'\n> a\n> END\n$ hybrid plan\n```\n";
        assert_eq!(
            Section::of(text),
            Section {
                summary: "A file is bad".into(),
                exit_codes: vec![1, 2],
                needs: vec!["source"],
                example: Some("$ cat > x <<'END'\n> a\n> END\n$ hybrid plan"),
            }
        );
        let bare = Section::of("**Cause.** So.");
        assert_eq!((bare.summary.as_str(), bare.example, bare.exit_codes.len()), ("So", None, 0));
    }
}
