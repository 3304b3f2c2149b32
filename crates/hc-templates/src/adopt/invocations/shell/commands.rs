//! Single commands: what changes what is known, what starts packer or make, what leads to another script.

use std::rc::Rc;

use super::super::world::{Kind, Place, Why, is_known, is_mark, join};
use super::parse;
use super::state::{DEPTH, Held, Program, Run, Shell};
use super::tree::{Assign, Value, Word};

/// Programs that run the program in their arguments.
const AROUND: [&str; 16] = [
    "sudo",
    "env",
    "time",
    "nohup",
    "nice",
    "exec",
    "command",
    "timeout",
    "stdbuf",
    "ionice",
    "xvfb-run",
    "unbuffer",
    "caffeinate",
    "builtin",
    "doas",
    "setsid",
];
/// Programs whose arguments are texts.
const TALKERS: [&str; 17] = [
    "echo", "printf", "log", "info", "warn", "error", "die", "print", "git", "grep", "cat", "rm", "cp",
    "mkdir", "which", "type", "hash",
];
/// Most words of one command that is kept.
const WORDS: usize = 2000;

impl Shell<'_> {
    pub(super) fn simple(&mut self, assigns: &[Assign], words: &[Word], line: usize) -> Option<bool> {
        let mut fields = Vec::new();
        for word in words {
            fields.extend(self.fields(word));
            if fields.len() > WORDS || !self.world.spend(1) {
                return None;
            }
        }
        let declares = matches!(
            fields.first().map(String::as_str),
            Some("export" | "declare" | "local" | "readonly" | "typeset")
        );
        if fields.is_empty() || declares {
            for assign in assigns {
                self.assign(assign);
            }
        }
        if fields.is_empty() {
            return Some(true);
        }
        let mut environment = Vec::new();
        if !declares {
            for assign in assigns {
                if let Value::One(word) = &assign.value {
                    environment.push((assign.name.clone(), self.scalar(word)));
                }
            }
        }
        self.command(&fields, environment, line)
    }

    fn assign(&mut self, assign: &Assign) {
        let held = match &assign.value {
            Value::One(word) => {
                let value = self.scalar(word);
                match (assign.append, self.vars.get(&assign.name)) {
                    (true, Some(Held::One(old))) => Held::One(format!("{old}{value}")),
                    (true, Some(Held::Many(old))) if !old.is_empty() => {
                        let mut list = old.clone();
                        list[0].1.push_str(&value);
                        Held::Many(list)
                    }
                    _ => Held::One(value),
                }
            }
            Value::Many(words) => {
                let mut list = match (assign.append, self.vars.get(&assign.name)) {
                    (true, Some(Held::Many(old))) => old.clone(),
                    (true, Some(Held::One(old))) => vec![("0".to_owned(), old.clone())],
                    _ => Vec::new(),
                };
                for word in words {
                    for field in self.fields(word) {
                        let keyed = field.strip_prefix('[').and_then(|rest| rest.split_once("]="));
                        let (key, value) = match keyed {
                            Some((key, value)) => (key.to_owned(), value.to_owned()),
                            None => (list.len().to_string(), field),
                        };
                        list.push((key, value));
                    }
                    if list.len() > WORDS {
                        break;
                    }
                }
                Held::Many(list)
            }
        };
        self.vars.insert(assign.name.clone(), held);
    }

    fn set(&mut self, words: &[String]) {
        for word in words {
            if let Some((name, value)) = word.split_once('=') {
                self.vars.insert(name.to_owned(), Held::One(value.to_owned()));
            }
        }
    }

    fn command(
        &mut self,
        fields: &[String],
        environment: Vec<(String, String)>,
        line: usize,
    ) -> Option<bool> {
        let (program, rest) = fields.split_first()?;
        match program.as_str() {
            ":" | "true" => return Some(true),
            "false" => return Some(false),
            "[" | "[[" | "test" => return self.test(rest),
            "export" | "declare" | "local" | "readonly" | "typeset" => self.set(rest),
            "cd" | "pushd" => self.change(rest),
            "unset" => {
                for name in rest {
                    self.vars.remove(name);
                }
            }
            "set" => {
                if let Some(at) = rest.iter().position(|word| word == "--") {
                    self.arguments = Some(rest[at + 1..].to_vec());
                }
            }
            "shift" => {
                if let Some(arguments) = self.arguments.as_mut().filter(|arguments| !arguments.is_empty()) {
                    arguments.remove(0);
                }
            }
            "read" | "getopts" | "mapfile" | "readarray" => {
                let names = rest.iter().filter(|word| !word.starts_with('-') && is_name(word)).cloned();
                let names: Vec<String> = names.chain(["OPTARG".to_owned()]).collect();
                for name in names {
                    let value = self.world.mark(Why::Given(name.clone())).to_string();
                    self.vars.insert(name, Held::One(value));
                }
                return None;
            }
            "source" | "." => self.source(rest),
            "eval" => self.again(&rest.join(" "), line),
            _ => return self.program(fields, environment, line),
        }
        Some(true)
    }

    fn change(&mut self, words: &[String]) {
        let target = words.iter().find(|word| !word.starts_with('-'));
        self.dir = match target.map(|target| (join(&self.dir, target), target)) {
            Some((Some(dir), _)) => dir,
            Some((None, target)) if !is_known(target) || !is_known(&self.dir) => {
                let mark = target.chars().chain(self.dir.chars()).find(|letter| is_mark(*letter));
                mark.map(String::from).unwrap_or_default()
            }
            Some((None, target)) => {
                let place = super::super::world::readable(target);
                self.world.unknown(format!("`cd {place}` leads out of the repository"))
            }
            None => self.world.unknown("`cd` leads out of the repository"),
        };
    }

    /// Follows a text in the same state.
    fn again(&mut self, text: &str, line: usize) {
        let node = parse::script(text);
        let place = Place { file: Rc::clone(&self.place.file), line: self.place.line + line - 1 };
        let arguments = self.arguments.clone();
        self.within(&node, arguments, Some(place));
    }

    fn source(&mut self, words: &[String]) {
        let Some((path, rest)) = words.split_first() else { return };
        let Some(path) = join(&self.dir, path) else { return };
        let Some(text) = self.world.text(&path).filter(|_| self.depth < DEPTH * 2) else { return };
        let node = parse::script(&text);
        let arguments = if rest.is_empty() { self.arguments.clone() } else { Some(rest.to_vec()) };
        self.within(&node, arguments, Some(Place { file: Rc::from(path.as_str()), line: 1 }));
    }

    fn program(
        &mut self,
        fields: &[String],
        mut environment: Vec<(String, String)>,
        line: usize,
    ) -> Option<bool> {
        let mut words = fields;
        while let Some(program) = words.first().filter(|program| AROUND.contains(&base(program))) {
            let numbered = base(program) == "timeout";
            words = &words[1..];
            while let Some(word) = words.first() {
                let assigned = word.split_once('=').filter(|(name, _)| is_name(name));
                if let Some((name, value)) = assigned {
                    environment.push((name.to_owned(), value.to_owned()));
                } else if !(word.starts_with('-')
                    || numbered && word.starts_with(|c: char| c.is_ascii_digit()))
                {
                    break;
                }
                words = &words[1..];
            }
        }
        let (program, rest) = words.split_first()?;
        if let Some(body) = self.functions.get(program).cloned() {
            self.call(program, &body, Some(rest.to_vec()));
            return None;
        }
        if TALKERS.contains(&base(program)) {
            return None;
        }
        let shell = ["sh", "bash", "dash", "zsh", "ash", "su"].contains(&base(program));
        if shell && let Some(at) = rest.iter().position(|word| word.starts_with('-') && word.ends_with('c')) {
            if let Some(text) = rest.get(at + 1) {
                let before = self.keep();
                self.again(text, line);
                self.restore(before);
            }
            return None;
        }
        if let Some(run) = self.packer(words, &environment, line) {
            self.found.push(run);
            return None;
        }
        if ["make", "gmake"].contains(&base(program)) {
            let run = self.found_run(Program::Make, rest.to_vec(), environment, line);
            self.found.push(run);
            return None;
        }
        let (script, arguments) = match shell {
            true => {
                let at = rest.iter().position(|word| !word.starts_with('-'))?;
                (&rest[at], &rest[at + 1..])
            }
            false => (program, rest),
        };
        self.script(script, arguments, shell, environment);
        None
    }

    /// Follows a script of the repository that is started with arguments.
    fn script(&mut self, path: &str, arguments: &[String], known: bool, environment: Vec<(String, String)>) {
        if !known && !path.contains('/') || self.depth >= DEPTH {
            return;
        }
        let Some(path) = join(&self.dir, path).filter(|path| self.world.kind(path) == Some(Kind::File))
        else {
            return;
        };
        let Some(text) = self.world.text(&path).filter(|text| known || is_shell(&path, text)) else { return };
        if !text.contains("packer") {
            return;
        }
        let before = self.keep();
        let functions = std::mem::take(&mut self.functions);
        let script = std::mem::replace(&mut self.script, path.clone());
        for (name, value) in environment {
            self.vars.insert(name, Held::One(value));
        }
        let node = parse::script(&text);
        self.within(&node, Some(arguments.to_vec()), Some(Place { file: Rc::from(path.as_str()), line: 1 }));
        self.script = script;
        self.functions = functions;
        self.restore(before);
    }

    fn found_run(
        &self,
        program: Program,
        words: Vec<String>,
        environment: Vec<(String, String)>,
        line: usize,
    ) -> Run {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, held) in &self.vars {
            if let (true, Held::One(value)) = (name.starts_with("PKR_VAR_"), held) {
                all.push((name.clone(), value.clone()));
            }
        }
        all.sort();
        all.retain(|(name, _)| !environment.iter().any(|(other, _)| other == name));
        all.extend(environment);
        Run {
            program,
            words,
            environment: all,
            dir: self.dir.clone(),
            mounts: Vec::new(),
            place: Place { file: Rc::clone(&self.place.file), line: self.place.line + line - 1 },
            feed: self.feed.clone(),
        }
    }

    /// `packer build …` or `packer validate …`, whatever stands before.
    fn packer(&self, words: &[String], environment: &[(String, String)], line: usize) -> Option<Run> {
        let verb = (1..words.len()).find(|at| {
            let subcommand = matches!(words[*at].as_str(), "build" | "validate");
            let before = words[..*at].iter().rposition(|word| word != "-machine-readable");
            subcommand && before.is_some_and(|before| self.is_packer(&words[before]))
        })?;
        let mut run = self.found_run(Program::Packer, words[verb..].to_vec(), environment.to_vec(), line);
        if ["docker", "podman", "nerdctl"].contains(&base(&words[0])) {
            self.container(&words[..verb], &mut run);
        }
        Some(run)
    }

    fn is_packer(&self, word: &str) -> bool {
        if base(&word.replace(is_mark, "")).to_ascii_lowercase().contains("packer") {
            return true;
        }
        // `$PACKER_BIN`, which nobody set, and what a command would have found.
        self.world.reasons(word).iter().any(|reason| reason.to_ascii_lowercase().contains("packer"))
    }

    /// Working directory and directories of a container.
    fn container(&self, words: &[String], run: &mut Run) {
        let mut inside = None;
        for (at, word) in words.iter().enumerate() {
            let (flag, value) = match word.split_once('=') {
                Some((flag, value)) => (flag, Some(value)),
                None => (word.as_str(), words.get(at + 1).map(String::as_str)),
            };
            let Some(value) = value else { continue };
            match flag {
                "-w" | "--workdir" => inside = Some(value.to_owned()),
                "-v" | "--volume" => {
                    let mut parts = value.split(':');
                    if let (Some(host), Some(within)) = (parts.next(), parts.next())
                        && let Some(host) = join(&self.dir, host)
                    {
                        run.mounts.push((within.trim_end_matches('/').to_owned(), host));
                    }
                }
                "-e" | "--env" => {
                    if let Some((name, value)) = value.split_once('=') {
                        run.environment.push((name.to_owned(), value.to_owned()));
                    }
                }
                _ => {}
            }
        }
        let mount = |path: &str| {
            run.mounts.iter().find_map(|(within, host)| {
                let below = path.strip_prefix(within.as_str())?;
                (below.is_empty() || below.starts_with('/'))
                    .then(|| join(host, below.trim_start_matches('/')))?
            })
        };
        if let Some(dir) = inside.as_deref().and_then(mount) {
            run.dir = dir;
        }
    }
}

/// The name of a program without its directory.
fn base(program: &str) -> &str {
    program.rsplit(['/', '\\']).next().unwrap_or(program)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Whether a file is a shell script, by its name or its first line.
pub(in super::super) fn is_shell(path: &str, text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let shebang = first.strip_prefix("#!").map(|rest| {
        let mut words = rest.split_whitespace().map(base);
        let program = words.next().unwrap_or_default();
        if program == "env" { words.find(|word| !word.starts_with('-')).unwrap_or_default() } else { program }
    });
    match shebang {
        Some(program) => ["sh", "bash", "dash", "zsh", "ash", "ksh"].contains(&program),
        None => path.ends_with(".sh") || path.ends_with(".bash"),
    }
}
