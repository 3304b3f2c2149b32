//! What commands print that only read files of the repository: pipelines of `cat`, `grep`, `sed`, `cut` and their like.

use super::super::world::{Kind, TEXT_LIMIT, absolute, is_known, join};
use super::patterns;
use super::state::Shell;
use super::tree::Node;

/// Most files that `find` lists.
const FILES: usize = 2000;

fn numbered(words: &[String], default: usize) -> Option<(usize, &[String])> {
    match words {
        [flag, count, rest @ ..] if flag == "-n" => Some((count.parse().ok()?, rest)),
        [flag, rest @ ..] if flag.starts_with('-') && flag.len() > 1 => {
            let digits = flag.trim_start_matches('-').trim_start_matches('n').trim_start_matches("lines=");
            Some((digits.parse().ok()?, rest))
        }
        rest => Some((default, rest)),
    }
}

fn joined<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(line.as_ref());
        out.push('\n');
    }
    out
}

impl Shell<'_> {
    /// What a node prints; `None` when that is not known.
    pub(super) fn output(&mut self, node: &Node, input: Option<&str>) -> Option<String> {
        if self.depth > 80 || !self.world.spend(4) {
            return None;
        }
        self.depth += 1;
        let output = self.printed(node, input);
        self.depth -= 1;
        output.filter(|text| text.len() <= TEXT_LIMIT && is_known(text))
    }

    fn printed(&mut self, node: &Node, input: Option<&str>) -> Option<String> {
        match node {
            Node::List(nodes) => {
                let mut out = String::new();
                for node in nodes {
                    out.push_str(&self.output(node, input)?);
                }
                Some(out)
            }
            Node::Pipe(nodes) => {
                let mut text = input.map(str::to_owned);
                for node in nodes {
                    text = Some(self.output(node, text.as_deref())?);
                }
                text
            }
            Node::And(one, two) => {
                let first = self.output(one, input)?;
                Some(first + &self.output(two, input)?)
            }
            Node::Or(one, two) => self.output(one, input).or_else(|| self.output(two, input)),
            Node::Subshell(inner) => self.output(inner, input),
            Node::Simple { assigns, words, input: file, .. } if assigns.is_empty() => {
                let mut fields = Vec::new();
                for word in words {
                    fields.extend(self.fields(word));
                }
                if !fields.iter().all(|field| is_known(field)) {
                    return None;
                }
                let read = match file {
                    Some(word) => {
                        let path = self.scalar(word);
                        Some(self.content(&path)?)
                    }
                    None => None,
                };
                self.world.spend(fields.iter().map(String::len).sum::<usize>() / 16);
                self.reader(&fields, read.as_deref().or(input))
            }
            _ => None,
        }
    }

    fn content(&self, path: &str) -> Option<String> {
        let text = self.world.text(&join(&self.dir, path)?)?;
        self.world.spend(text.len() / 64).then(|| text.to_string())
    }

    /// The texts of files, or what comes through the pipe.
    fn contents(&self, paths: &[String], input: Option<&str>) -> Option<String> {
        if paths.is_empty() || paths == ["-"] {
            return input.map(str::to_owned);
        }
        let mut out = String::new();
        for path in paths {
            out.push_str(&self.content(path)?);
        }
        Some(out)
    }

    fn reader(&mut self, fields: &[String], input: Option<&str>) -> Option<String> {
        let (program, rest) = fields.split_first()?;
        let flags: Vec<&String> =
            rest.iter().filter(|word| word.starts_with('-') && word.len() > 1).collect();
        let plain: Vec<String> =
            rest.iter().filter(|word| !word.starts_with('-') || word.len() == 1).cloned().collect();
        match program.as_str() {
            "cat" if flags.is_empty() => self.contents(&plain, input),
            "echo" => {
                let end = if flags.first().is_some_and(|flag| *flag == "-n") { "" } else { "\n" };
                let words: Vec<&str> = rest
                    .iter()
                    .skip_while(|word| ["-n", "-e", "-E"].contains(&word.as_str()))
                    .map(String::as_str)
                    .collect();
                Some(words.join(" ") + end)
            }
            "printf" => match rest {
                [format] => Some(format.replace("\\n", "\n")).filter(|text| !text.contains(['%', '\\'])),
                [format, words @ ..] if format.trim_end_matches("\\n") == "%s" => {
                    let end = if format.ends_with("\\n") { "\n" } else { "" };
                    Some(words.iter().map(|word| format!("{word}{end}")).collect())
                }
                _ => None,
            },
            "pwd" => is_known(&self.dir).then(|| absolute(&self.dir) + "\n"),
            "git" if rest == ["rev-parse", "--show-toplevel"] => Some(absolute("") + "\n"),
            "cd" => {
                self.dir = join(&self.dir, plain.first()?)?;
                Some(String::new())
            }
            "true" | ":" | "set" => Some(String::new()),
            "dirname" if flags.is_empty() => Some(joined(plain.iter().map(|path| dirname(path)))),
            "basename" => basename(rest),
            "realpath" | "readlink" => Some(joined([absolute(&join(&self.dir, plain.first()?)?)])),
            "tr" => {
                let text = input?;
                let set = |word: &String| word.replace("\\n", "\n").replace("\\t", "\t");
                match (flags.as_slice(), plain.as_slice()) {
                    ([flag], [from]) if *flag == "-d" && !from.contains(['[', '-']) => {
                        let from = set(from);
                        Some(text.chars().filter(|letter| !from.contains(*letter)).collect())
                    }
                    ([], [from, to]) => patterns::translate(text, &set(from), &set(to)),
                    _ => None,
                }
            }
            "cut" => cut(rest, input, |paths| self.contents(paths, input)),
            "head" => {
                let (count, paths) = numbered(rest, 10)?;
                Some(joined(self.contents(paths, input)?.lines().take(count)))
            }
            "tail" => {
                let (count, paths) = numbered(rest, 10)?;
                let text = self.contents(paths, input)?;
                let lines: Vec<&str> = text.lines().collect();
                Some(joined(&lines[lines.len().saturating_sub(count)..]))
            }
            "sort" => {
                let text = self.contents(&plain, input)?;
                let mut lines: Vec<&str> = text.lines().collect();
                lines.sort_unstable();
                for flag in flags {
                    match flag.as_str() {
                        "-u" => lines.dedup(),
                        "-r" => lines.reverse(),
                        _ => return None,
                    }
                }
                Some(joined(lines))
            }
            "uniq" if flags.is_empty() => {
                let text = self.contents(&plain, input)?;
                let mut lines: Vec<&str> = text.lines().collect();
                lines.dedup();
                Some(joined(lines))
            }
            "xargs" if rest.is_empty() => {
                Some(input?.split_whitespace().collect::<Vec<_>>().join(" ") + "\n")
            }
            "grep" | "egrep" => {
                let (pattern, paths) = plain.split_first()?;
                let text = self.contents(paths, input)?;
                let flags: Vec<&str> = flags.iter().map(|flag| flag.as_str()).collect();
                let extended = program == "egrep";
                if paths.len() > 1 {
                    return None;
                }
                patterns::grep(&text, pattern, &flags, extended)
            }
            "sed" => {
                let letters: String = flags.iter().flat_map(|flag| flag.chars().skip(1)).collect();
                if letters.contains(|letter| !"eErn".contains(letter)) {
                    return None;
                }
                let (script, paths) = plain.split_first()?;
                let text = self.contents(paths, input)?;
                patterns::sed(&text, script, letters.contains(['E', 'r']), letters.contains('n'))
            }
            "ls" => self.ls(&flags, &plain),
            "find" => self.find(rest),
            _ => None,
        }
    }

    fn ls(&self, flags: &[&String], paths: &[String]) -> Option<String> {
        if flags.iter().any(|flag| !["-1", "-d", "-1d", "-d1"].contains(&flag.as_str())) {
            return None;
        }
        let itself = flags.iter().any(|flag| flag.contains('d'));
        let mut names = Vec::new();
        let here = [".".to_owned()];
        for path in if paths.is_empty() { &here } else { paths } {
            let place = join(&self.dir, path)?;
            match self.world.kind(&place)? {
                Kind::Directory if !itself => {
                    let listing = self.world.list(&place);
                    names.extend(
                        listing.iter().map(|(name, _)| name.clone()).filter(|name| !name.starts_with('.')),
                    );
                }
                _ => names.push(path.clone()),
            }
        }
        Some(joined(names))
    }

    /// `find dir… [-maxdepth n] [-mindepth n] [-type f|d] [-name pattern]`.
    fn find(&self, words: &[String]) -> Option<String> {
        let roots = words.iter().take_while(|word| !word.starts_with('-')).count();
        let (mut deepest, mut least, mut kind, mut name) = (20, 0, None, None);
        let mut rest = words[roots..].iter();
        while let Some(flag) = rest.next() {
            match flag.as_str() {
                "-maxdepth" => deepest = rest.next()?.parse().ok()?,
                "-mindepth" => least = rest.next()?.parse().ok()?,
                "-type" => {
                    kind = Some(match rest.next()?.as_str() {
                        "f" => Kind::File,
                        "d" => Kind::Directory,
                        _ => return None,
                    });
                }
                "-name" => name = Some(rest.next()?),
                "-print" => {}
                _ => return None,
            }
        }
        let mut found = Vec::new();
        let here = [".".to_owned()];
        for root in if roots == 0 { &here } else { &words[..roots] } {
            let root = root.trim_end_matches('/').to_owned();
            let mut queue = vec![(root, 0_usize)];
            while let Some((path, depth)) = queue.pop() {
                let place = join(&self.dir, &path)?;
                let Some(there) = self.world.kind(&place) else { continue };
                let own = path.rsplit('/').next().unwrap_or_default();
                let named = name.is_none_or(|name| super::super::world::matches(name, own));
                if depth >= least && kind.is_none_or(|kind| kind == there) && named {
                    found.push(path.clone());
                }
                if there == Kind::Directory && depth < deepest && !path.ends_with("/.git") {
                    let listing = self.world.list(&place);
                    queue.extend(listing.iter().map(|(name, _)| (format!("{path}/{name}"), depth + 1)));
                }
                if queue.len() + found.len() > FILES * 4 || !self.world.spend(2) {
                    return None;
                }
            }
        }
        found.sort();
        Some(joined(found))
    }
}

fn dirname(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => path[..at].trim_end_matches('/'),
        None => ".",
    }
}

fn basename(words: &[String]) -> Option<String> {
    let (path, suffix) = match words {
        [path] => (path, ""),
        [flag, suffix, path] if flag == "-s" => (path, suffix.as_str()),
        [path, suffix] => (path, suffix.as_str()),
        _ => return None,
    };
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = name.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(name);
    Some(format!("{name}\n"))
}

/// `cut -d x -f n[,m]`.
fn cut(
    words: &[String],
    input: Option<&str>,
    contents: impl Fn(&[String]) -> Option<String>,
) -> Option<String> {
    let (mut separator, mut fields, mut paths) = ("\t".to_owned(), None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = |flag: &str| match &word[flag.len()..] {
            "" => words.next().cloned(),
            rest => Some(rest.to_owned()),
        };
        if word.starts_with("-d") {
            separator = value("-d")?;
        } else if word.starts_with("-f") {
            fields = value("-f");
        } else if word.starts_with('-') {
            return None;
        } else {
            paths.push(word.clone());
        }
    }
    let text = if paths.is_empty() { input?.to_owned() } else { contents(&paths)? };
    let fields = fields?;
    let wanted: Option<Vec<(usize, usize)>> = fields
        .split(',')
        .map(|part| match part.split_once('-') {
            Some((from, to)) => {
                let from = if from.is_empty() { 1 } else { from.parse().ok()? };
                Some((from, if to.is_empty() { usize::MAX } else { to.parse().ok()? }))
            }
            None => part.parse().ok().map(|number| (number, number)),
        })
        .collect();
    let wanted = wanted?;
    let lines = text.lines().map(|line| {
        if separator.is_empty() || !line.contains(&separator) {
            return line.to_owned();
        }
        let parts = line.split(separator.as_str()).enumerate();
        let some = parts.filter(|(at, _)| wanted.iter().any(|(from, to)| (*from..=*to).contains(&(at + 1))));
        some.map(|(_, part)| part).collect::<Vec<_>>().join(&separator)
    });
    Some(joined(lines))
}
