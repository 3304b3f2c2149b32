//! `[ … ]`, as far as its answer does not depend on the machine.

use super::super::world::{Kind, is_known, join};
use super::state::Shell;

impl Shell<'_> {
    /// What `[`, `[[` or `test` says of these words.
    pub(super) fn test(&self, words: &[String]) -> Option<bool> {
        let words: Vec<String> = words
            .iter()
            .filter(|word| *word != "]" && *word != "]]")
            // What nobody gives is empty.
            .map(|word| if self.is_given(word) { String::new() } else { word.clone() })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.holds(&words)
    }

    fn holds(&self, words: &[&str]) -> Option<bool> {
        match words {
            ["!", rest @ ..] => self.holds(rest).map(|answer| !answer),
            ["-n", word] | [word] if is_known(word) => Some(!word.is_empty()),
            ["-z", word] if is_known(word) => Some(word.is_empty()),
            ["-f" | "-e" | "-s" | "-r", path] => {
                let path = join(&self.dir, path)?;
                // What is not there now may be made before.
                (self.world.kind(&path) == Some(Kind::File)).then_some(true)
            }
            ["-d", path] => {
                let path = join(&self.dir, path)?;
                (self.world.kind(&path) == Some(Kind::Directory)).then_some(true)
            }
            [left, "=" | "==", right] if is_known(left) && is_known(right) => Some(left == right),
            [left, "!=", right] if is_known(left) && is_known(right) => Some(left != right),
            _ => None,
        }
    }
}
